"""The steps, inputs and outputs of a plan that a fault is about, and the check that they can have it."""

from __future__ import annotations

from typing import Any

from dagflow import _doors
from dagflow._util import UNSET, nearest
from dagflow.analysis.faults import INPUT_KINDS, OUTPUT_KINDS, PROCESS_KINDS, Fault
from dagflow.engine.run_state import RunState
from dagflow.errors import CheckError
from dagflow.keys import step_key_base
from dagflow.plan.plan import Plan
from dagflow.plan.step import FROM_COLLECT, FROM_OUTPUTS, Step


def target_names(step: Step) -> list[str]:
    """Return the names of a step in a fault: its key, the keys of its assets, its op."""
    keys = [output.asset.key.to_user_string() for output in step.outputs if output.asset is not None]
    return list(dict.fromkeys([step_key_base(step.key), *keys, step.node.name, step.op.name]))


def steps_of(plan: Plan, node: str) -> list[Step]:
    """Return the steps that a name means: of this key, else of this asset, else all of this op.

    Templates of mapped steps are included.
    """
    executed = [step for step in plan.steps if plan.executes(step)]
    for found in (
        [step for step in executed if step_key_base(step.key) == node],
        [step for step in executed if any(_is_asset(output, node) for output in step.outputs)],
        [step for step in executed if node in (step.node.name, step.op.name)],
    ):
        if found:
            return found
    return []


def _is_asset(output: Any, node: str) -> bool:
    return output.asset is not None and output.asset.key.to_user_string() == node


def check_target(state: RunState, step: Step, fault: Fault, *, is_in_process: bool) -> Fault:
    """Check that a step can have a fault. Return the fault with the name of its input or output.

    Raises:
        CheckError: The step can never have the fault.
    """
    place = f"fault {fault.describe()}: step '{step_key_base(step.key)}'"
    kind = fault.kind
    if kind in PROCESS_KINDS and is_in_process:
        raise CheckError(
            f"{place} runs in the process of the test, which would {kind} too. Run the job with the "
            "multiprocess or the dask executor, by execute_job."
        )
    if kind == "hang" and step.timeout is None:
        raise CheckError(
            f"{place} has no time limit, so the run would never end. Give its op or asset the tag "
            "'dagflow/step_timeout', such as op_tags={'dagflow/step_timeout': '5'}."
        )
    is_output_of_dynamic = kind in OUTPUT_KINDS and step.is_dynamic
    if fault.mapping_key is not None and step.mapped_over is None and not is_output_of_dynamic:
        raise CheckError(f"{place} is not mapped over a dynamic output, so it has no mapping key")
    if kind in INPUT_KINDS:
        return _with_input(step, fault, place)
    return _with_output(state, step, fault, place) if kind in OUTPUT_KINDS else fault


def _with_input(step: Step, fault: Fault, place: str) -> Fault:
    names = {}
    for item in step.loads:
        names[item.name] = item.name
        if item.source.asset_key is not None:
            names.setdefault(item.source.asset_key.to_user_string(), item.name)
    name = _only(fault, "input", [item.name for item in step.loads], names, place)
    item = next(item for item in step.loads if item.name == name)
    if (
        fault.kind == "stale_input"
        and fault.value is UNSET
        and item.source.source_type in (FROM_COLLECT, FROM_OUTPUTS)
    ):
        raise CheckError(
            f"{place} reads a list of several outputs as input '{name}'. Pass the stale list: "
            "stale_input(..., value=[...])."
        )
    return fault._replace(name=name)


def _with_output(state: RunState, step: Step, fault: Fault, place: str) -> Fault:
    names = {output.name: output.name for output in step.outputs}
    for output in step.outputs:
        if output.asset is not None:
            names.setdefault(output.asset.key.to_user_string(), output.name)
    known = [output.name for output in step.outputs]
    if fault.name is None and fault.node in names:  # one asset of several
        known = [names[fault.node]]
    name = _only(fault, "output", known, names, place)
    output = step.output_by_name[name]
    is_in_memory = output.manager_key in state.in_memory or output.manager_key is None
    if fault.kind == "wrong_type" and output.check is None and fault.value is UNSET:
        raise CheckError(
            f"{place} declares no type for its output '{name}', so every value has the right type. "
            "Annotate the function, or pass the wrong value: wrong_type(..., value=...)."
        )
    if fault.kind == "partial_write" and is_in_memory:
        raise CheckError(
            f"{place} keeps its output '{name}' in memory, so nothing is written. Run it with "
            "materialize, or with an I/O manager that writes."
        )
    if fault.kind == "duplicate" and is_in_memory and output.asset is None:
        raise CheckError(
            f"{place} keeps its output '{name}' in memory, and it is not an asset, so nothing can "
            "happen twice"
        )
    return fault._replace(name=name)


def _only(fault: Fault, word: str, names: list[str], known: dict[str, str], place: str) -> str:
    """Return the input or output that a fault names, or the only one."""
    if fault.name is not None:
        if fault.name in known:
            return known[fault.name]
        has = f"It has {', '.join(map(repr, names))}." if names else "It has none."
        raise CheckError(f"{place} has no {word} '{fault.name}'.{nearest(fault.name, known)} {has}")
    if len(names) == 1:
        return names[0]
    if not names:
        raise CheckError(f"{place} has no {word}")
    raise CheckError(f"{place} has several {word}s: name one of {', '.join(map(repr, names))}")


def previous_value(state: RunState, step: Step, fault: Fault) -> tuple[Any] | str:
    """Return the value of an input that is stored before the run, or the reason why there is none."""
    item = next(item for item in step.loads if item.name == fault.name)
    source, layer = item.source, state.job.asset_layer
    key = source.asset_key
    if key is None and source.ref is not None and layer is not None:
        producer = state.plan.step_by_key(source.ref.step_key)
        key = producer.output_by_name[source.ref.output_name].asset_key
    none = f"no earlier run of the test gave input '{item.name}' of '{fault.node}' a value: run it twice"
    if key is None or layer is None or source.manager_key in state.in_memory:
        return none
    partitions = item.partition_keys or ()
    if len(partitions) > 1:
        return f"input '{item.name}' of '{fault.node}' reads several partitions: pass value=..."
    try:
        with _doors.AssetValueLoader(layer.known, state.job.resource_defs, state.get_instance()) as loader:
            return (loader.load_asset_value(key, partition_key=partitions[0] if partitions else None),)
    except Exception as error:  # of the I/O manager, for which nothing may be stored yet
        return f"{none} ({type(error).__name__}: {error})"
