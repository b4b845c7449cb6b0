"""Running jobs, graphs and assets, and the results of runs."""
