"""The report about two runtimes: in the terminal, in lines of 80 columns, and as a JSON document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from pytest_dagflow.outcomes import FAILURES, LETTERS, PASSED, Outcome
from pytest_dagflow.runtimes.comparison import Comparison, Difference
from pytest_dagflow.runtimes.outcomes import Side


class TouchedName(NamedTuple):
    """A name of Dagster that dagflow does not have, as `dagflow.compat.touched` returns it.

    Attributes:
        name: The name with its module.
        is_used: Whether the line uses it, and does not only import it.
        where: The file and line.
    """

    name: str
    is_used: bool
    where: str


_VERSION = 1
"""The version of the form of the JSON document."""
_WIDTH = 79
_MAX_IDS = 10


def print_comparison(
    reporter: Any, first: Side, second: Side, found: Comparison, output: str, *, verbosity: int
) -> None:
    """Print the tests that differ, the times, and the counts.

    Args:
        reporter: The terminal reporter of pytest.
        first, second: The sessions.
        found: Their comparison.
        output: The last lines of the second session if it ended by an error.
        verbosity: The number of `-v`: 1 shows all ids and whole errors, 2 also whole lines.
    """
    width = None if verbosity > 1 else _WIDTH
    for difference in found.differences:
        reporter.write_line(difference.id, bold=True)
        for side, outcome in ((first, difference.first), (second, difference.second)):
            line, is_red = _outcome_line(difference, side, outcome), _is_failure(outcome)
            reporter.write_line(_cut(line, width), red=is_red)
        text = difference.second.text if difference.second is not None else ""
        if verbosity > 0 and text:  # pytest has shown the other one
            reporter.write_line(text)
    for line in _unmatched(found.unmatched, first, second, None if verbosity > 0 else _MAX_IDS):
        reporter.write_line(_cut(line, width))
    if output:
        reporter.write_line(f"The session on {second.name} ended by an error. Its last lines:", red=True)
        for line in output.splitlines():
            reporter.write_line(f"  {line}")
    if found.differences or found.unmatched or output:
        reporter.write_line("")
    for line in [*_table(first, second, found), *_summary(first, second, found)]:
        reporter.write_line(line)


def without_imports_of_used(touched: Iterable[TouchedName]) -> list[TouchedName]:
    """Return the names in order, the used ones first, without the imports of those that are used too."""
    touched = list(touched)
    used = {one.name for one in touched if one.is_used}
    return sorted((one for one in touched if one.is_used or one.name not in used), key=_place_in_list)


def _place_in_list(one: TouchedName) -> tuple[bool, str, str, int]:
    file, _, line = one.where.rpartition(":")
    return not one.is_used, one.name, file, int(line)


def print_names(reporter: Any, touched: Sequence[TouchedName]) -> None:
    """Print the names that the tests imported or used and that dagflow does not have."""
    if not touched:
        reporter.write_line("The tests need no name of Dagster that dagflow does not have.")
        return
    reporter.write_line("Names of Dagster that dagflow does not have:")
    longest = max(len(one.name) for one in touched)
    for one in touched:
        verb = "used" if one.is_used else "imported"
        reporter.write_line(f"  {one.name:<{longest}}  {verb:<8}  {one.where}", red=one.is_used)


def as_json(
    sides: Sequence[Side], found: Comparison | None, touched: Sequence[TouchedName]
) -> dict[str, Any]:
    """Return the report as one JSON document. docs/existing-suites.md describes its form.

    Args:
        sides: The sessions.
        found: The comparison of two sessions; None for one session.
        touched: The names that the tests imported or used and that dagflow does not have.
    """
    ids = dict.fromkeys(test_id for side in sides for test_id in side.tests)
    files = dict.fromkeys(file for side in sides for file in side.broken)
    return {
        "version": _VERSION,
        "runtimes": {side.name: _side(side) for side in sides},
        "passed_on_both": None if found is None else _passed(sides, found),
        "differences": [] if found is None else [one.id for one in (*found.differences, *found.unmatched)],
        "tests": [{"id": one, **{side.name: _outcome(side.tests.get(one)) for side in sides}} for one in ids],
        "collection_errors": [
            {"id": one, **{side.name: _outcome(side.broken.get(one)) for side in sides}} for one in files
        ],
        "touched": [one._asdict() for one in touched],
    }


def _passed(sides: Sequence[Side], found: Comparison) -> dict[str, Any]:
    seconds = {side.name: round(time, 4) for side, time in zip(sides, found.passed_seconds, strict=True)}
    return {"tests": found.passed, "seconds": seconds}


def _side(side: Side) -> dict[str, Any]:
    return {
        "version": side.version,
        "import_seconds": round(side.import_seconds, 4),
        "tests_seconds": round(side.tests_seconds, 4),
        "session_seconds": round(side.session_seconds, 4),
        "counts": {result: side.count(result) for result in LETTERS},
        "stopped": side.stopped,
    }


def _outcome(outcome: Outcome | None) -> dict[str, Any] | None:
    if outcome is None:
        return None
    return {
        "result": outcome.result,
        "seconds": round(outcome.seconds, 4),
        "error": outcome.error,
        "place": outcome.place,
    }


def _outcome_line(difference: Difference, side: Side, outcome: Outcome | None) -> str:
    """Return the line of one runtime below the id of a test: its result and its error."""
    if outcome is None:
        return f"  {side.name}  collected"
    result = "not collected" if difference.is_file else outcome.result
    return "  ".join([f"  {side.name}", f"{result:<7}", outcome.error]).rstrip()


def _is_failure(outcome: Outcome | None) -> bool:
    return outcome is not None and outcome.result in FAILURES


def _unmatched(found: Sequence[Difference], first: Side, second: Side, most: int | None) -> Iterator[str]:
    """Yield the ids that only one runtime has."""
    of_first = [one.id for one in found if one.second is None]
    of_second = [one.id for one in found if one.first is None]
    for side, other, ids in ((first, second, of_first), (second, first, of_second)):
        if ids:
            yield f"{_count(len(ids), 'test')} only on {side.name}; {other.name} has no such id:"
            yield from (f"  {one}" for one in ids[:most])
            if most is not None and len(ids) > most:
                yield f"  ... and {len(ids) - most} more (-v shows all)"


def _table(first: Side, second: Side, found: Comparison) -> Iterator[str]:
    """Yield the counts and times of both runtimes, and the ratio of the times."""
    titles = [f"{side.name} {side.version}".rstrip() for side in (first, second)]
    widths = [max(len(title), 10) for title in titles]

    def row(title: str, cells: Sequence[str], ratio: str = "") -> str:
        columns = (cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
        return "  ".join([title.ljust(16), *columns, ratio.rjust(10)]).rstrip()

    yield row("", titles)
    for result in LETTERS:
        counts = [side.count(result) for side in (first, second)]
        if any(counts) or result == PASSED:
            yield row(result, [str(count) for count in counts])
    times = {
        "import": (first.import_seconds, second.import_seconds),
        "all tests": (first.tests_seconds, second.tests_seconds),
        "passed on both": found.passed_seconds,
        "session": (first.session_seconds, second.session_seconds),
    }
    for title, pair in times.items():
        yield row(title, [f"{time:.2f} s" if time else "-" for time in pair], _ratio(*pair))


def _ratio(first: float, second: float) -> str:
    """Return a ratio of times, empty if one is missing."""
    if not (first and second):
        return ""
    ratio = second / first
    return f"{ratio:.0f} x" if ratio >= 10 else f"{ratio:.1f} x"


def _summary(first: Side, second: Side, found: Comparison) -> Iterator[str]:
    """Yield the number of tests that differ, and the reasons why some did not run on both."""
    differing = sum(not one.is_file for one in found.differences)
    files = len(found.differences) - differing
    yield f"{_count(found.equal + differing, 'test')} ran on both: {found.equal} the same, {differing} differ"
    if files:
        yield f"{_count(files, 'file')} could be collected on one runtime only"
    if found.unrun:
        yield f"{_count(found.unrun, 'test')} ran on one runtime only"
    for side in (first, second):
        if side.stopped:
            yield f"the session on {side.name} did not run all tests: {side.stopped}"


def _cut(line: str, width: int | None) -> str:
    return line if width is None or len(line) <= width else f"{line[: width - 3]}..."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
