"""Events: the objects that user code returns or yields, the events of a run, and the record of a run."""
