"""The attributes of a context that exist in a run, but not in every direct call.

Contexts, argument binding and output checks are the same code for a run and for a direct call. The execution
API demands that some attributes raise in a direct call; this file names them.
"""

from __future__ import annotations

from dagflow.errors import DagflowInvalidPropertyError

DIRECT_RUN_ID = "EPHEMERAL"
"""The run id in every direct call."""

RUN_ONLY = frozenset(
    [
        "run",
        "dagflow_run",
        "pipeline_run",
        "job_name",
        "pipeline_name",
        "job_def",
        "pipeline_def",
        "op",
        "solid",
        "op_handle",
        "node_handle",
        "step_launcher",
        "load_asset_value",
    ]
)
"""Attributes that exist in a run only."""

BOUND_ONLY = frozenset(
    [
        "op_def",
        "solid_def",
        "alias",
        "describe_op",
        "assets_def",
        "asset_key",
        "asset_keys",
        "selected_asset_keys",
        "selected_asset_check_keys",
        "is_subset",
        "selected_output_names",
        "partition_time_window",
        "run_config",
        "asset_key_for_output",
        "add_output_metadata",
        "log_event",
    ]
)
"""Attributes that exist only while the function of an op or asset runs."""


def unavailable(name: str) -> DagflowInvalidPropertyError:
    """Build the error about an attribute that a context for a direct call does not have.

    The error is returned and not raised.

    Args:
        name: The name of the attribute. The message is more specific for one that is not in RUN_ONLY.
    """
    when = " while no op or asset is running" if name not in RUN_ONLY else ""
    return DagflowInvalidPropertyError(
        f"'{name}' is not available on a context that was built for a direct call{when}. It exists "
        "in a run: use execute_in_process() or materialize_to_memory() to test what reads it."
    )
