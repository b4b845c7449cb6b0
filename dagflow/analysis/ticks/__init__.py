"""The simulation of ticks: what schedules and sensors request over days of virtual time."""
