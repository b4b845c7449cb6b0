"""The selection of tests by nodes: links between tests and nodes, the record, changed nodes, the options."""
