"""The names under which reports show the steps of a run: those of their assets and checks where possible."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagflow import ExecuteInProcessResult

_MAX_KEYS = 3


def display_name(result: ExecuteInProcessResult, step_key: str) -> str:
    """Return the name of a step: that of the one asset or check that it gives, else its key.

    An asset names only a step that is called like it. A check names the step that evaluates nothing else.
    """
    assets, checks = _keys_of(result, step_key)
    if len(assets) == 1 and "." not in step_key and assets[0].replace("/", "__") == step_key:
        return assets[0]
    return checks[0] if len(checks) == 1 and not assets else step_key


def name_with_keys(result: ExecuteInProcessResult, step_key: str) -> str:
    """Return the name of a step, and the selected assets if they have other names.

    Checks are left out: a report lists those that did not pass.
    """
    name = display_name(result, step_key)
    assets, _ = _keys_of(result, step_key)
    if "." in step_key or assets in ([], [name]):
        return name
    rest = len(assets) - _MAX_KEYS
    return f"{name} ({', '.join(assets[:_MAX_KEYS])}{f' and {rest} more' if rest > 0 else ''})"


def expression_of(result: ExecuteInProcessResult, step_key: str) -> str:
    """Return the expression of `--dag-select` for the node of a step."""
    name = display_name(result, step_key)
    if ":" in name:
        return f'check:"{name}"'
    if name == step_key and "." not in step_key and step_key in result.plan.index_by_key:
        definition = result.plan.step_by_key(step_key).assets_def
        if definition is not None and definition.node_def.name != step_key:  # one of several parts of it
            return definition.node_def.name
    return name.partition("[")[0]


def _keys_of(result: ExecuteInProcessResult, step_key: str) -> tuple[list[str], list[str]]:
    """Return the assets and the checks that a step gives in this run."""
    if step_key not in result.plan.index_by_key:
        return [], []
    outputs = [output for output in result.plan.step_by_key(step_key).outputs if output.is_selected]
    assets = [output.asset.key.to_user_string() for output in outputs if output.asset is not None]
    checks = [output.check_spec.key.to_user_string() for output in outputs if output.check_spec is not None]
    return assets, checks
