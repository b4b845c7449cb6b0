"""Properties that a pipeline should have: functions that run it several times and compare the runs."""
