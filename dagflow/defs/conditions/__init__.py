"""Conditions about the state of assets: automation conditions, and freshness policies."""
