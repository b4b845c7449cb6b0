"""The plan of a run: its steps, their order and the sources of their inputs."""
