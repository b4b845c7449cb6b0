"""Executor definitions."""
