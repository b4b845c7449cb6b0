"""Partitions: the keys that split an asset or a job, and how keys of one definition depend on another's."""
