"""Pipes: external processes that report materializations, checks and logs to the op or asset that runs them.

The process uses the package `dagster-pipes`, whose wire format `protocol` has. `context_data` is what it
receives, and `injectors` send it. `readers` read its messages, and `handler` turns them into results.
`session` joins the parts, and `client` starts processes.
"""
