"""Coverage of the graph: what the runs of tests exercised, from their plans and events."""
