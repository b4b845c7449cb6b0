"""Mutations of pipelines: small faults that tests should detect, listed and applied one at a time."""
