"""The alignment of ticks with the expected ones, and the lines about their difference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timezone, tzinfo

from dagflow.testing import Tick
from pytest_dagflow.sequence.matchers import count, suggest
from pytest_dagflow.session import is_verbose
from pytest_dagflow.ticks.expected import ExpectedTick
from pytest_dagflow.ticks.folding import Entry, Fold, folded

_CONTEXT = 3
_MAX_LINES = 40
_MAX_CELLS = 250_000
"""The size of the table of the alignment, above which the remaining ticks have no partners."""


def aligned(ticks: Sequence[Tick], expected: Sequence[ExpectedTick]) -> list[Entry]:
    """Return the ticks that happened and those that were expected, each with its partner, in order.

    The ticks of each schedule or sensor are compared on their own.
    """
    keyed: list[tuple[float, int, Entry]] = []
    names = dict.fromkeys([*(tick.name for tick in ticks), *(one.name for one in expected)])
    for name in names:
        own = [one for one in ticks if one.name == name]
        zone = own[0].time.tzinfo if own else timezone.utc
        last = float("-inf")
        for entry in _aligned(own, [one for one in expected if one.name == name]):
            last = max(last, _moment_of(entry, zone))
            keyed.append((last, len(keyed), entry))
    return [entry for _, _, entry in sorted(keyed)]


def _moment_of(entry: Entry, zone: tzinfo | None) -> float:
    """Return the time of an entry; that of the entry before it, if it is missing and has no time."""
    if entry.tick is not None:
        return entry.tick.time.timestamp()
    if entry.expected is None or entry.expected.time is None:
        return float("-inf")
    try:
        time = datetime.fromisoformat(entry.expected.time)
    except ValueError:  # no such day
        return float("-inf")
    return (time if time.tzinfo else time.replace(tzinfo=zone)).timestamp()


def _aligned(ticks: Sequence[Tick], expected: Sequence[ExpectedTick]) -> list[Entry]:
    """Return the entries of one schedule or sensor."""
    first = 0
    shorter = min(len(ticks), len(expected))
    while first < shorter and expected[first].matches(ticks[first]):
        first += 1
    last = 0
    while last < shorter - first and expected[-1 - last].matches(ticks[-1 - last]):
        last += 1
    middle = _middle(ticks[first : len(ticks) - last], expected[first : len(expected) - last])
    ends = list(map(Entry, ticks, expected))[:first], list(map(Entry, ticks[::-1], expected[::-1]))[:last]
    return [*ends[0], *middle, *ends[1][::-1]]


def _middle(ticks: Sequence[Tick], expected: Sequence[ExpectedTick]) -> list[Entry]:
    """Return the entries with the most pairs."""
    missing = [Entry(None, one) for one in expected]
    others = [Entry(tick, None) for tick in ticks]
    if not ticks or not expected or len(ticks) * len(expected) > _MAX_CELLS:
        return [*missing, *others]
    fits = [[one.matches(tick) for one in expected] for tick in ticks]
    width = len(expected) + 1
    pairs = [[0] * width for _ in range(len(ticks) + 1)]  # the number of pairs from this row and column on
    for row in range(len(ticks) - 1, -1, -1):
        for column in range(len(expected) - 1, -1, -1):
            pairs[row][column] = (
                pairs[row + 1][column + 1] + 1
                if fits[row][column]
                else max(pairs[row + 1][column], pairs[row][column + 1])
            )
    entries: list[Entry] = []
    row = column = 0
    while row < len(ticks) and column < len(expected):
        if fits[row][column]:
            entries.append(Entry(ticks[row], expected[column]))
            row, column = row + 1, column + 1
        elif pairs[row][column + 1] >= pairs[row + 1][column]:
            entries.append(missing[column])
            column += 1
        else:
            entries.append(others[row])
            row += 1
    return [*entries, *missing[column:], *others[row:]]


def explain(entries: Sequence[Entry], skipped: int) -> str:
    """Return the message about entries that are not all pairs.

    Args:
        entries: The entries in order.
        skipped: The number of skipped ticks that were not compared.
    """
    missing = sum(entry.tick is None for entry in entries)
    unexpected = sum(entry.expected is None for entry in entries)
    parts = [f"{count(missing, 'expected tick')} (-) did not happen"] if missing else []
    parts += [f"{count(unexpected, 'tick')} (+) {'was' if unexpected == 1 else 'were'} not expected"] * bool(
        unexpected
    )
    lines = [f"{' and '.join(parts)}:", *_shown(folded(entries)), *_unknown_names(entries)]
    if skipped:
        lines.append(f"  {count(skipped, 'skipped tick')} not compared: skips=True compares them too")
    return "\n".join(lines)


def _shown(folds: Sequence[Fold]) -> Iterable[str]:
    """Yield the lines that differ, with a few lines around them."""
    verbose = is_verbose()
    near = {
        index + step
        for index, fold in enumerate(folds)
        if fold.sign != " "
        for step in range(-_CONTEXT, _CONTEXT + 1)
    }
    hidden = shown = 0
    for index, fold in enumerate(folds):
        if not verbose and shown >= _MAX_LINES:
            yield f"  ... and {count(len(folds) - index, 'more line')}, which -vv shows"
            return
        if index not in near and not verbose:
            hidden += 1
            continue
        if hidden:
            yield f"  ... {count(hidden, 'equal line')}"
            hidden = 0
        shown += 1
        yield f"{fold.sign} {fold}"
    if hidden:
        yield f"  ... {count(hidden, 'equal line')}"


def _unknown_names(entries: Iterable[Entry]) -> Iterable[str]:
    """Yield a hint for each expected name without any tick."""
    entries = list(entries)
    names = {entry.name for entry in entries if entry.tick is not None}
    for name in dict.fromkeys(entry.name for entry in entries if entry.tick is None):
        hint = "" if name in names else suggest(name, names)
        if hint:
            yield f"  there is no tick of '{name}'.{hint}"
