"""The lines about the asset checks of a run: those that did not pass, and how many passed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagflow import AssetCheckEvaluation, ExecuteInProcessResult

_MAX_CHECKS = 20
_MAX_LENGTH = 120


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
