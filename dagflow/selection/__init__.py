"""Which part of a graph: selections, their text form, and how they are resolved against any graph."""
