"""The label of the node whose code runs: its kind and its name, as reports about the graph show nodes."""

from __future__ import annotations

from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.ops.definition import OpDefinition
from dagflow.keys import AssetCheckKey, AssetKey
from dagflow.plan.step import Step, StepOutput


def label_of_step(step: Step, job_name: str) -> str:
    """Return the label of the node of a step. All mapped steps of a node have the same.

    Args:
        step: The step.
        job_name: The name of its job.

    Returns:
        "asset orders", "check orders:positive" or "op cafe:machine.brew"; "asset a, b" for an op that makes
        several assets, and "op asset:a:a.brew" for an op in the graph of an asset.
    """
    path, assets_def = ".".join(step.path), step.assets_def
    if assets_def is None:
        return f"op {job_name}:{path}"
    if len(step.path) == 1:
        return label_of_definition(step.op, assets_def)
    keys = sorted(key.to_user_string() for key in assets_def.whole.keys)
    return f"op asset:{keys[0]}:{path}" if keys else f"op {job_name}:{path}"


def label_of_definition(op: OpDefinition, assets_def: AssetsDefinition | None) -> str:
    """Return the label of a definition without a job.

    Args:
        op: The op, or that of the assets or checks.
        assets_def: The assets or checks; None for an op.
    """
    if assets_def is None:
        return f"op {op.name}"
    whole = assets_def.whole
    if whole.keys:
        return "asset " + ", ".join(sorted(key.to_user_string() for key in whole.keys))
    return "check " + ", ".join(sorted(key.to_user_string() for key in whole.check_keys))


def label_of_key(key: AssetKey | AssetCheckKey) -> str:
    """Return the label of one asset or one check.

    Example:
        >>> label_of_key(AssetKey("orders"))
        'asset orders'
    """
    kind = "check" if isinstance(key, AssetCheckKey) else "asset"
    return f"{kind} {key.to_user_string()}"


def label_of_output(step: Step, output: StepOutput, job_name: str) -> str:
    """Return the label of the asset or check that an output is; for another output, that of the step.

    Args:
        step: The step.
        output: One of its outputs.
        job_name: The name of the job.
    """
    if output.check_spec is not None:
        return label_of_key(output.check_spec.key)
    return label_of_step(step, job_name) if output.asset is None else label_of_key(output.asset.key)
