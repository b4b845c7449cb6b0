"""The comparison of output values: what differs in plain values, tables and arrays, in a few lines."""
