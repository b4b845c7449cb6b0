"""Analyses of definitions and finished runs, for tests and tools."""
