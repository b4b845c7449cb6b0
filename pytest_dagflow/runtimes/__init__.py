"""`--dag-runtime=both` and `--dag-runtime-report`: one suite on two runtimes, and the tests that differ."""
