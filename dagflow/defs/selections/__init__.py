"""Selections of assets and checks."""
