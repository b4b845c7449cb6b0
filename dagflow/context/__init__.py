"""Contexts: the objects by which user code reads the facts of its run."""
