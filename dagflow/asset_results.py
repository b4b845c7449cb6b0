"""The outputs that the results of the function of an asset or check stand for.

A MaterializeResult or ObserveResult names an asset, an AssetCheckResult a check. Steps of runs and direct
calls share this module, through `dagflow.call`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from dagflow._util import has_class
from dagflow.defs.assets.ports import AssetPorts
from dagflow.defs.ops.definition import OpDefinition, op_location
from dagflow.defs.ops.ports import OutputDefinition
from dagflow.errors import DagflowInvariantViolationError, repr_of
from dagflow.events.asset_result import AssetResult
from dagflow.events.user import Output, SpecialResult
from dagflow.keys import AssetKey

Given = tuple[OutputDefinition, Any, Any]
"""An output, its value, and the object that the function gave for it."""


def is_asset_result(value: object) -> bool:
    """Return whether a value names an asset or a check, instead of being the value of an output."""
    return has_class(value, AssetResult) or is_check_result(value)


def is_check_result(value: object) -> bool:
    """Return whether a value is the result of a check, an AssetCheckResult or an AssetCheckEvaluation."""
    return has_class(value, SpecialResult) and value.is_check_result


def given_by(op: OpDefinition, ports: AssetPorts, result: Any) -> list[Given]:
    """Return the outputs that a MaterializeResult, ObserveResult or AssetCheckResult stands for.

    Args:
        op: The op.
        ports: The assets and checks of the op.
        result: The result.

    Raises:
        DagflowInvariantViolationError: The result names an asset or check that the op does not have, or it is
            not clear which one it means.
    """
    if not has_class(result, AssetResult):
        return [_of_check(op, ports, result)]
    output = _output_of_asset(op, ports, result)
    found: list[Given] = [(output, result.output_value, result)]
    found += [_of_check(op, ports, check_result) for check_result in result.check_results]
    return found


def _output_of_asset(op: OpDefinition, ports: AssetPorts, result: AssetResult) -> OutputDefinition:
    key = result.asset_key
    names = list(ports.outputs) or [name for name in op.outs if name not in ports.checks]
    if key is None and len(names) == 1:
        return op.outs[names[0]]
    for name, output in ports.outputs.items():
        if output.key == key:
            return op.outs[name]
    what = f"{op_location(op)} gave {result.place()}"
    if key is None:
        raise DagflowInvariantViolationError(
            f"{what} without an asset_key, but it makes {_keys_text(ports)}. Name the asset: "
            f"{type(result).__name__}(asset_key=...)."
        )
    raise DagflowInvariantViolationError(
        f"{what} for asset '{key.to_user_string()}', which it does not make; it makes {_keys_text(ports)}. "
        "Correct its asset_key, or leave it out."
    )


def _keys_text(ports: AssetPorts) -> str:
    keys = [output.key.to_user_string() for output in ports.outputs.values()]
    return ", ".join(f"'{key}'" for key in keys) if keys else "no asset"


def _of_check(op: OpDefinition, ports: AssetPorts, result: Any) -> Given:
    """Return the output of the check that a result is of."""
    name: str | None = result.check_name
    key: AssetKey | None = result.asset_key
    checks = ports.checks
    fitting = [
        output_name
        for output_name, spec in checks.items()
        if (key is None or spec.asset_key == key) and name in (None, spec.name)
    ]
    if len(fitting) == 1 and (
        key is not None or len(checks) == 1 or len({spec.asset_key for spec in checks.values()}) == 1
    ):
        return op.outs[fitting[0]], result, result
    for output_name, spec in ports.other_checks.items():
        if spec.key == (key, name):
            return op.outs[output_name], result, result
    raise _unclear_check(op, ports, name, key, fitting)


def _unclear_check(
    op: OpDefinition, ports: AssetPorts, name: str | None, key: AssetKey | None, fitting: Sequence[str]
) -> DagflowInvariantViolationError:
    """Return the error about the result of an unknown check, or of one of several checks."""
    what = f"{op_location(op)} gave the result of {f'the asset check {name!r}' if name else 'an asset check'}"
    if not ports.checks:
        return DagflowInvariantViolationError(
            f"{what}, but its definition declares no checks, so the result would "
            "be lost. Declare it in 'check_specs', or record it by "
            "context.log_event(AssetCheckEvaluation(...))."
        )
    known = ", ".join(f"'{spec.key.to_user_string()}'" for spec in ports.checks.values())
    if not fitting:
        named = "" if key is None else f" of asset '{key.to_user_string()}'"
        return DagflowInvariantViolationError(
            f"{what}{named}, which it does not declare. Its checks are {known}."
        )
    is_of_one_asset = len({spec.asset_key for spec in ports.checks.values()}) == 1
    lacks = "check_name" if key is not None or is_of_one_asset else "asset_key"
    return DagflowInvariantViolationError(
        f"{what}, but it declares {known}. Name the one that is meant: AssetCheckResult({lacks}=...)."
    )


def returned_results(op: OpDefinition, ports: AssetPorts, result: Any) -> list[Given] | None:
    """Return the outputs in a returned result that names assets or checks; None for another result.

    Args:
        op: The op.
        ports: The assets and checks of the op.
        result: What the function returned: one result, a tuple, or a list of check results. In a tuple,
            values and Outputs belong to the outputs of assets at their position.

    Raises:
        DagflowInvariantViolationError: A result is invalid, or a required output is missing.
    """
    items = _items(result)
    if items is None:
        return None
    named: dict[int, list[Given]] = {
        index: given_by(op, ports, item) for index, item in enumerate(items) if is_asset_result(item)
    }
    taken = {output.name for outputs in named.values() for output, _, _ in outputs}
    free = [out for name, out in op.outs.items() if name not in taken and name not in ports.checks]
    found: list[Given] = []
    for index, item in enumerate(items):
        if index in named:
            found += named[index]
        elif free:
            output = free.pop(0)
            is_wrapped = has_class(item, Output)
            if is_wrapped and item.output_name not in (output.name, "result"):
                raise DagflowInvariantViolationError(
                    f"{op_location(op)}: Output was explicitly named '{item.output_name}', which does not "
                    f"match the output '{output.name}' at its position"
                )
            found.append((output, item.value if is_wrapped else item, item if is_wrapped else None))
        else:
            raise DagflowInvariantViolationError(
                f"{op_location(op)} returned {repr_of(item)}, for which it has no output. Its outputs are "
                f"{list(op.outs)}."
            )
    _check_once(op, found)
    _check_complete(op, ports, found)
    return found


def _items(result: Any) -> Sequence[Any] | None:
    if is_asset_result(result):
        return (result,)
    if type(result) is tuple and any(map(is_asset_result, result)):
        return result
    if type(result) is list and result and all(map(is_check_result, result)):
        return result
    return None


def _check_once(op: OpDefinition, found: Iterable[Given]) -> None:
    names = [output.name for output, _, _ in found]
    for name in names:
        if names.count(name) > 1:
            raise DagflowInvariantViolationError(
                f"{op_location(op)} returned output '{name}' {names.count(name)} times. Return it once."
            )


def _check_complete(op: OpDefinition, ports: AssetPorts, found: Iterable[Given]) -> None:
    names = [output.name for output, _, _ in found]
    missing = [name for name, out in op.outs.items() if name not in names and out.is_required]
    if missing and not ports.are_observed:
        raise DagflowInvariantViolationError(
            f"Length mismatch: {op_location(op)} has the outputs {list(op.outs)}, but returned results for "
            f"{names} only. Return a tuple with a result for each, {missing} too."
        )


def check_order(op: OpDefinition, ports: AssetPorts, name: str, given: AbstractSet[str]) -> None:
    """Raise if an asset is given after another one that depends on it.

    Args:
        op: The op.
        ports: The assets of the op.
        name: The output of the asset that is given now.
        given: The outputs that were given before.

    Raises:
        DagflowInvariantViolationError: One of them depends on the asset.
    """
    key = ports.outputs[name].key
    for other, output in ports.outputs.items():
        if other in given and any(dep.asset_key == key for dep in output.spec.deps):
            raise DagflowInvariantViolationError(
                f"{op_location(op)} gave asset '{key.to_user_string()}' after asset "
                f"'{output.key.to_user_string()}', which depends on it. Give the two in the other order."
            )
