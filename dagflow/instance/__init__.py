"""The instance: the storage of runs, logs, assets and dynamic partitions between runs."""
