"""Pipes: code in another process that reports materializations, checks and logs to the op or asset that runs it.

The other process uses the package `dagster-pipes`, whose protocol `protocol` has. `context_data` is what the
process receives, and `injectors` send it; `readers` receive its messages, and `handler` turns them into results;
`session` joins the parts, and `client` starts processes.
"""
