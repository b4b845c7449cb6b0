"""How values are stored and loaded between steps and runs."""
