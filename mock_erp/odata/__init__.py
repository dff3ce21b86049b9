"""The OData 4 protocol, as far as Dynamics 365 Finance & Operations speaks it: reads only."""
