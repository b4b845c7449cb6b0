"""The reports about the runs of a test."""
