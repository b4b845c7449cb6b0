"""Logger definitions."""
