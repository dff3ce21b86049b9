"""The inventory widget as users of other frameworks would write it: 8 rows, lowest cover first, and a bar
chart of what is available as a share of what is on hand. One file a framework; all read `stock`.

Each is what its documentation tells its user to write, and is served as that tells to serve it (see
`bench.contestants`). Where there is a choice, it is the lighter: a table as HTML instead of a data grid.
They run in an environment of their own, .venv-peers.
"""
