"""Executors: they run steps in this process, in child processes or on a cluster."""
