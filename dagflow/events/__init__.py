"""What can happen: what user code hands over, the events of a run, and the run itself."""
