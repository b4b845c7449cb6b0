"""The types of inputs and outputs, their annotations and loaders."""
