"""Checks of assets."""
