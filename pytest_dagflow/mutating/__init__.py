"""`--dag-mutate`: mutants of the pipeline, each run against the tests of its node."""
