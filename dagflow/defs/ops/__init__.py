"""Op definitions."""
