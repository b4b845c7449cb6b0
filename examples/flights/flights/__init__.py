"""The punctuality of New York: every flight of 2013 by airport and month, its weather, and a bulletin.

Read in this order: `partitions`, `published` (the files that arrive), `warehouse` (where tables and
pages are stored), `tables` and `weather` (the assets), `bulletin` (an asset of a graph), `checks`, `project`.
"""
