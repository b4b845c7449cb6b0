"""The JSON report about two revisions: all of the comparison, for programs.

| key | value |
|---|---|
| `version` | the version of this form: 1 |
| `reference`, `commit` | the revision as the user named it, and the id of the compared commit |
| `problem` | why nothing could be compared; empty otherwise |
| `verdict` | the last line of the terminal, without the name of the option |
| `counts` | the number of differences by verdict: `unexpected`, `expected`, `unstable` |
| `nodes` | the nodes of both graphs, in topological order |
| `edges`, `new_edges`, `gone_edges` | pairs of labels; the last two between nodes that both graphs have |
| `compared` | the number of tests that ran on both revisions |
| `of_revision` | the tests that ran on the revision in its version |
| `not_compared` | the reason by test |
| `outcomes` | the tests that ended differently: `test`, `old`, `new` |
| `unused`, `notes` | expectations that did not happen, and what the reader must know |
| `seconds` | the times of the compared tests on the revision and on the working tree |
| `failure` | why the session fails; empty if it does not |

A node has `label`, `place`, `state`, `is_new`, `is_gone`, `code`, `details`, `differences`, `causes`,
`unstable`, `partitions` and `parents` (the old and the new ones, or null), `compared`, and `seconds` (two
numbers). Its state is "changed", "moved", "changed-equal", "unstable", "new", "gone", "equal" or
"not-compared".

A difference has `kind`, `label`, `summary`, `lines`, `table`, `tests`, `explanation` (the words of pytest),
`verdict` and `reason`. Its table is null, or has `keys`, `is_key_found`, `height` (two numbers), `added`,
`removed`, `changed`, `added_rows`, `removed_rows`, `columns`, `new_columns`, `gone_columns`, `types` (name,
old and new type) and `notes`. A column has `name`, `cells`, `largest` and `examples`, of which each has
`row`, `old` and `new`. A number that JSON does not have is a string: "nan", "inf".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from pytest_dagflow.against.formats.words import verdict
from pytest_dagflow.against.result import EXPECTED, UNEXPECTED, UNSTABLE, AgainstResult, NodeChange
from pytest_dagflow.report_files import json_text

_VERSION = 1


def render(result: AgainstResult) -> str:
    """Return the report."""
    verdicts = [one.verdict for node in result.nodes for one in node.differences]
    document = {
        "version": _VERSION,
        "reference": result.reference,
        "commit": result.commit,
        "problem": result.problem,
        "verdict": verdict(result).text,
        "counts": {name: verdicts.count(name) for name in (UNEXPECTED, EXPECTED, UNSTABLE)},
    }
    rest = {name: value for name, value in _plain(result).items() if name not in document}
    del rest["written"]  # of the session, and not of the comparison
    return json_text({**document, **rest})


def _plain(value: Any) -> Any:
    """Return a value as JSON has it, each object as a dict in the order of its attributes."""
    if isinstance(value, NodeChange):
        found = {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
        return {"label": found.pop("label"), "place": found.pop("place"), "state": value.state, **found}
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if hasattr(value, "_asdict"):  # a named tuple
        return {name: _plain(one) for name, one in value._asdict().items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
