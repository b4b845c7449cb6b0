"""Which steps a run has, in which order, and what feeds each: pure values, worked out before anything
runs.
"""
