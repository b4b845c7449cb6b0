"""Selections of nodes: their syntax, their tree, and their resolution against a graph."""
