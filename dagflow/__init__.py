"""dagflow: write a data pipeline as ops, graphs, jobs and assets, and run it inside a test."""
