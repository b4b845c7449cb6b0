"""Partitions: the keys that split an asset or a job, and the mappings between keys of two definitions."""
