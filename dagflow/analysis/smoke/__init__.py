"""Tests of the definitions of a project, made from them: one for each definition."""
