"""The verdicts of `--dag-mutate` in the terminal, in lines of 80 columns."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Any

import pytest

from pytest_dagflow.mutating.verdicts import KILLED, STATUSES, SURVIVED, TIMED_OUT, UNTESTED, Results, Verdict

PROGRESS = {KILLED: ".", SURVIVED: "S", TIMED_OUT: "T", UNTESTED: "U"}
"""The letter of each status, which is printed while the session runs."""
_WIDTH = 79
_MAX_TESTS = 3


def print_results(reporter: Any, results: Results, config: pytest.Config) -> None:
    """Print the mutants that no test killed, and the counts.

    Args:
        reporter: The terminal reporter of pytest.
        results: The results.
        config: The config of the session.
    """
    reporter.section("dag-mutate")
    for test_id, message in results.failing.items():
        for line in _wrapped(f"fails without a mutation, not used: {test_id}: {message}", ""):
            reporter.write_line(line, red=True)
    for verdict in results.with_status(SURVIVED, UNTESTED, TIMED_OUT):
        reporter.write_line("")
        for number, line in enumerate(_lines_of(verdict, config)):
            is_old, is_new = line.startswith("  - "), line.startswith("  + ")
            reporter.write_line(line, bold=not number, red=is_old, green=is_new)
    reporter.write_line("")
    for line in _summary(results):
        for part in _wrapped(line, "  "):
            reporter.write_line(part)


def shown_place(place: str, folder: os.PathLike[str] | str) -> str:
    """Return a file and line relative to a folder, if the file is inside of it."""
    try:
        relative = os.path.relpath(place, folder)
    except ValueError:  # on another drive, or no place
        return place
    return place if relative.startswith("..") else relative


def _lines_of(verdict: Verdict, config: pytest.Config) -> Iterator[str]:
    """Yield the lines about one mutant: place, difference, test to write, tests that ran."""
    mutation = verdict.mutation
    place = shown_place(mutation.place, config.invocation_params.dir) if mutation.place else "unknown place"
    yield f"{verdict.status}: {mutation.kind} in {mutation.name}"
    yield f"  {place}"
    before, after = _excerpts(mutation.before, mutation.after, _WIDTH - 4)
    yield f"  - {before}"
    yield f"  + {after}"
    if verdict.status == TIMED_OUT:
        yield f"  stopped {verdict.detail}"
    else:
        yield from _wrapped(f"  kill it by {mutation.remedy}", "    ")
    if verdict.tests:
        is_verbose = config.get_verbosity() > 0
        shown = verdict.tests if is_verbose else verdict.tests[:_MAX_TESTS]
        yield f"  ran {_count(len(verdict.tests), 'test')}:"
        yield from (f"    {test_id}" for test_id in shown)
        if len(shown) < len(verdict.tests):
            yield f"    ... and {len(verdict.tests) - len(shown)} more (-v shows all)"
    else:
        yield "  no passing test is tied to its node"


def _excerpts(before: str, after: str, width: int) -> tuple[str, str]:
    """Return two lines, shortened around their first difference."""
    if max(len(before), len(after)) <= width:
        return before, after
    pairs = enumerate(zip(before, after, strict=False))
    first = next((place for place, (old, new) in pairs if old != new), min(len(before), len(after)))
    start = max(0, min(first - width // 3, max(len(before), len(after)) - width + 3))
    start = 0 if start < 4 else start
    return _excerpt(before, start, width), _excerpt(after, start, width)


def _excerpt(line: str, start: int, width: int) -> str:
    text = f"...{line[start:]}" if start else line
    return text if len(text) <= width else f"{text[: width - 3]}..."


def _summary(results: Results) -> Iterator[str]:
    """Yield the counts and the notes."""
    done = len(results.verdicts)
    for note in results.notes:
        yield f"note: {note}"
    if not results.total:
        yield "no mutant: no selected node can be mutated, or none has changed"
        return
    if done < results.total:
        yield f"interrupted: {done} of {_count(results.total, 'mutant')} ran"
    counts = {status: len(results.with_status(status)) for status in STATUSES}
    listed = ", ".join(
        f"{number} {status}" for status, number in counts.items() if number or status != UNTESTED
    )
    yield f"{_count(done, 'mutant')} of {_count(results.nodes, 'node')}: {listed} ({results.percent:.0f} %)"
    how = f"in new processes, because {results.why_new}" if results.why_new else "in forked processes"
    yield f"{results.seconds:.1f} s {how}"
    yield from (f"FAILED: {failure}" for failure in results.failures)


def _wrapped(text: str, indent: str) -> Sequence[str]:
    lead = text[: len(text) - len(text.lstrip())]
    return wrap(
        text.strip(),
        _WIDTH,
        initial_indent=lead,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
