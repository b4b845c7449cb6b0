"""Schedules and sensors: definitions that decide which runs start."""
