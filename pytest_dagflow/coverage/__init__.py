"""The option `--dag-cov`: coverage of the graph, its reports, thresholds and comparison."""
