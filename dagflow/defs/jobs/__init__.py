"""Job definitions."""
