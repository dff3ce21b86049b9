"""An ERP to read when you have none: the parts of Dynamics 365 and of two market feeds that are read.

A WSGI application of its own, run in its own process by `python -m mock_erp`; nothing here imports the
widgets. What it serves is made from a seed and a clock, so that two runs tell the same story.

    model       the entity sets: one table that drives $metadata, checking and serialisation
    odata/      the OData protocol over that table
    world/      the company behind it: items, customers, stock, orders, production, quality
    market/     commodity prices and exchange rates
    auth        client-credentials tokens
    faults      what a real upstream does on a bad day, on demand
    control     /_control/: faults, clock and the log of calls, for loopback clients only
"""
