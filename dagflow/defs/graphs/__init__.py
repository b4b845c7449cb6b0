"""Graph definitions."""
