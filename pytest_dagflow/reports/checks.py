"""The text about the asset checks of a run: those that did not pass, how many passed, what they blocked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagflow import AssetCheckEvaluation, ExecuteInProcessResult, SerializableErrorInfo

_MAX_CHECKS = 20
_MAX_LENGTH = 120
_MAX_NAMES = 3


def check_lines(result: ExecuteInProcessResult) -> Iterator[str]:
    """Yield a line for each check that did not pass, and the number of the others; nothing without checks."""
    evaluations = result.get_asset_check_evaluations()
    if not evaluations:
        return
    failed = [evaluation for evaluation in evaluations if not evaluation.passed]
    yield "checks:"
    shown = failed[:_MAX_CHECKS]
    width = max((len(_name(evaluation)) for evaluation in shown), default=0)
    for evaluation in shown:
        yield f"  {_name(evaluation):<{width}}  {_reason(evaluation)}"
    if len(failed) > len(shown):
        yield f"  ... and {len(failed) - len(shown)} more did not pass"
    if len(evaluations) > len(failed):
        yield f"  {len(evaluations) - len(failed)} passed"


def is_of_checks(error: SerializableErrorInfo) -> bool:
    """Return whether an error is about blocking checks, under the name of dagflow or of Dagster."""
    return (error.cls_name or "").endswith("AssetCheckFailedError")


def outcomes_of_blocked(result: ExecuteInProcessResult) -> tuple[dict[str, str], dict[str, str]]:
    """Return the checks for each step that blocking checks failed, and for each step that waited for them.

    Args:
        result: The result of the run.
    """
    checks: dict[str, list[str]] = {}
    for event in result.all_events:
        if event.event_type.name == "ASSET_CHECK_EVALUATION" and event.step_key is not None:
            evaluation = event.asset_check_evaluation_data
            if evaluation.blocking and not evaluation.passed and evaluation.severity.value == "ERROR":
                checks.setdefault(event.step_key, []).append(_name(evaluation))
    if not checks:
        return {}, {}
    blocked: dict[str, list[str]] = {}
    for key in result.plan.step_keys:
        upstream = result.plan.step_by_key(key).upstream_keys
        causes = [name for other in upstream for name in (*checks.get(other, ()), *blocked.get(other, ()))]
        if causes:
            blocked[key] = list(dict.fromkeys(causes))
    return (
        {key: _join(names) for key, names in checks.items()},
        {key: _join(names) for key, names in blocked.items()},
    )


def _join(names: list[str]) -> str:
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return f"{', '.join(names[:_MAX_NAMES])}{more}"


def _name(evaluation: AssetCheckEvaluation) -> str:
    partition = "" if evaluation.partition is None else f"[{evaluation.partition}]"
    return f"{evaluation.asset_check_key.to_user_string()}{partition}"


def _reason(evaluation: AssetCheckEvaluation) -> str:
    """Return the severity, the description and the metadata of a check that did not pass, in one line."""
    blocking = ", blocking" if evaluation.blocking else ""
    parts = [evaluation.description] if evaluation.description else []
    parts += [f"{name} = {value.value}" for name, value in evaluation.metadata.items()]
    more = f": {'; '.join(parts)}" if parts else ""
    text = " ".join(f"did not pass ({evaluation.severity.value}{blocking}){more}".split())
    return text if len(text) <= _MAX_LENGTH else f"{text[: _MAX_LENGTH - 3]}..."
