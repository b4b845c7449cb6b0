"""An almanac of Seattle: tables of a year, with checks of the data before anything is printed.

Read in this order: `archive` (the data), `tables` (the assets), `checks`, `project` (the job, the
sensor and all definitions).
"""
