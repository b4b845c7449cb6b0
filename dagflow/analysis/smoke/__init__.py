"""Tests of the definitions of a project that nobody has to write: one for each definition."""
