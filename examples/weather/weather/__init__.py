"""Four years of weather at Seattle-Tacoma airport, as a pipeline.

Read in this order: `units` (plain functions), `archive` (where the data is), `assets` (the tables that are
made of it), `station` and `storm` (a job that asks a station for one day and warns of storms).
"""
