"""The ticks of schedules and sensors: their contexts, the calls of their functions, and the results."""
