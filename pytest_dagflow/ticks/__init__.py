"""The comparison of simulated ticks with expected lines, and the message about their difference."""
