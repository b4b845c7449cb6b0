"""The definitions of a whole project."""
