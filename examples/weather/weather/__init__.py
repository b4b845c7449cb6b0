"""Four years of weather at Seattle-Tacoma airport, as a pipeline.

Read in this order: `units` (plain functions), `archive` (the data), `assets` (the tables), `station` and
`storm` (a job that asks a station for the weather of one day, and sends an alert about storms).
"""
