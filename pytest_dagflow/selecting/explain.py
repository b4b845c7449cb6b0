"""The explanations of `--dag-explain`: a line for each test function, or one JSON document."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from pytest_dagflow.selecting.changes import Change, Changes
from pytest_dagflow.selecting.decide import Decision
from pytest_dagflow.selecting.project import Project

MAX_NAMES = 8
_JSON_VERSION = 1


class Verdicts(NamedTuple):
    """The words for a test that the selection keeps, and for one that it drops."""

    kept: str
    dropped: str


def explained_lines(
    decisions: Iterable[Decision], project: Project, changes: Changes, verdicts: Verdicts
) -> Iterator[str]:
    """Yield a line for each test function: kept or dropped, the reason, the nodes, their links, the changes.

    The tests of one function are one line, if all that is said about them is the same.
    """
    lines: dict[tuple[str, str], list[str]] = {}
    for decision in decisions:
        function, bracket, parameters = decision.item.nodeid.partition("[")
        text = _text_of(decision, project, changes, verdicts)
        lines.setdefault((function, text), []).append(bracket + parameters)
    for (function, text), of_function in lines.items():
        if len(of_function) == 1:
            yield f"{function}{of_function[0]}: {text}"
        else:
            yield f"{function}[{join_names([one[1:-1] for one in of_function])}]: {text}"


def _text_of(decision: Decision, project: Project, changes: Changes, verdicts: Verdicts) -> str:
    verdict = verdicts.kept if decision.is_kept else verdicts.dropped
    by_reason = project.names_by_reason(decision.touched)
    parts = [
        f"{verdict}, {decision.reason}" if decision.reason else verdict,
        "; ".join(f"{join_names(names)} ({reason})" for reason, names in by_reason.items()),
        _text_of_changes(changes.changes_of(decision.item)),
    ]
    return ": ".join(filter(None, parts))


def _text_of_changes(changes: Iterable[Change]) -> str:
    found = list(dict.fromkeys(map(str, changes)))
    return f"changed: {join_names(found)}" if found else ""


def explained_json(
    decisions: Iterable[Decision], project: Project, changes: Changes, selected: Iterable[str], absence: str
) -> list[str]:
    """Return the lines of the JSON document about all tests.

    Args:
        decisions: The decision about each test.
        project: The graph.
        changes: The differences between the project and the record.
        selected: The ids of the selected nodes.
        absence: The reason why there is no record; empty if there is one.
    """
    document = {
        "version": _JSON_VERSION,
        "selected": project.names_of(selected),
        "record": {"time": project.record.time or None, "absence": absence or None},
        "tests": [_json_of(decision, project, changes) for decision in decisions],
    }
    return json.dumps(document, indent=1, ensure_ascii=False).splitlines()


def _json_of(decision: Decision, project: Project, changes: Changes) -> dict[str, Any]:
    links = project.names_by_reason(decision.touched)
    return {
        "id": decision.item.nodeid,
        "kept": decision.is_kept,
        "reason": decision.reason or None,
        "unknown": decision.touched.is_unknown,
        "nodes": [{"name": name, "link": reason} for reason, names in links.items() for name in names],
        "changes": [one._asdict() for one in changes.changes_of(decision.item)],
    }


def join_names(names: list[str]) -> str:
    """Return the first names of a list as a string, and the number of the others."""
    rest = len(names) - MAX_NAMES
    return ", ".join(names[:MAX_NAMES]) + (f" and {rest} more" if rest > 0 else "")
