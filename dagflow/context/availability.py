"""How a direct call of a definition differs from its step in a run: the whole of it, in one table.

Contexts, argument binding and output checks are the same code for both. Contexts read this table where the
execution API demands a difference (its sections on `add_output_metadata`, on unbound contexts and on direct
invocation); what a call differs in by its nature, because nobody stands between it and its caller, is written
here too, and a test holds both ways of running the same bodies to it.
"""

from __future__ import annotations

from typing import NamedTuple

from dagflow.errors import (
    DagflowError,
    DagflowInvariantViolationError,
)


class Manner(NamedTuple):
    """One row of the table.

    Attributes:
        run_id: What a context says its run is, None where there is a run.
        unavailable: Attributes of a context that do not exist here.
        bound_only: Attributes that exist only while the function of a definition runs.
        merges_metadata: Whether a second `add_output_metadata` for an output is merged, or refused.
        hands_out_raw: Whether the caller gets what the function returned, generators included, as it is; in
            a run the engine takes the outputs out of it.
        wraps_errors: Whether an error of the user's function is recorded in a wrapper; else it passes
            unchanged.
        missing_output: The error where a required output never came, None where the engine has its own.
        enters_resources: Whether context-manager resources are entered without a `with` block of the caller.
        names_step: Whether the error of a type check begins with the step, or with the op.
    """

    run_id: str | None
    unavailable: frozenset[str]
    bound_only: frozenset[str]
    merges_metadata: bool
    hands_out_raw: bool
    wraps_errors: bool
    missing_output: type[DagflowError] | None
    enters_resources: bool
    names_step: bool


IN_RUN = Manner(
    run_id=None,
    unavailable=frozenset(),
    bound_only=frozenset(),
    merges_metadata=True,
    hands_out_raw=False,
    wraps_errors=True,
    missing_output=None,
    enters_resources=True,
    names_step=True,
)

DIRECT = Manner(
    run_id="EPHEMERAL",
    unavailable=frozenset(
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
        ]
    ),
    bound_only=frozenset(
        [
            "op_def",
            "solid_def",
            "alias",
            "describe_op",
            "assets_def",
            "asset_key",
            "asset_keys",
            "selected_asset_keys",
            "selected_output_names",
            "partition_time_window",
            "run_config",
            "asset_key_for_output",
            "add_output_metadata",
            "log_event",
        ]
    ),
    merges_metadata=False,
    hands_out_raw=True,
    wraps_errors=False,
    missing_output=DagflowInvariantViolationError,
    enters_resources=False,
    names_step=False,
)
