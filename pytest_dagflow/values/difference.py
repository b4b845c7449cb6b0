"""The difference of an expected and an actual value, in a few lines, the summary first."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any, NamedTuple

from dagflow import DagflowError
from pytest_dagflow.sequence.matchers import count, is_equal, is_matcher
from pytest_dagflow.session import current_config
from pytest_dagflow.values.equality import Options, is_missing, short
from pytest_dagflow.values.table_difference import explain_tables
from pytest_dagflow.values.tables import table_of

_MAX_DEPTH = 50
_MAX_SEARCHED = 500
_MAX_EXPLAINED = 2000
"""The number of elements above which pytest's own explanation would take seconds."""


class Difference(NamedTuple):
    """One difference: its place in the value ("['cups'][3]", "" for the value itself), and a statement."""

    place: str
    statement: str

    def __str__(self) -> str:
        return f"{self.place} {self.statement}" if self.place else self.statement


def explain(expected: Any, actual: Any, options: Options) -> list[str]:
    """Return the lines about the differences; an empty list if there are none.

    The first line is the summary, which continues a sentence: it begins with a blank or a colon.

    Raises:
        DagflowError: The values cannot be compared, or an option does not fit them.
    """
    as_rows = bool(options.keys)
    tables = table_of(expected, as_rows=as_rows), table_of(actual, as_rows=as_rows)
    if as_rows and tables[0] is None and expected != []:
        raise DagflowError(
            f"keys={list(options.keys)} needs a table or a list of dicts, not {short(expected)}. "
            "Leave it out."
        )
    if tables[0] is not None and tables[1] is not None:
        lines = explain_tables(tables[0], tables[1], options) or _explain_hidden(expected, actual, options)
        return [f": {lines[0]}", *lines[1:]] if lines else []
    found = list(_differences(expected, actual, options, "", 0))
    if not found:
        return []
    first, *others = found
    more = f" (and {count(len(others), 'more difference')})" if others else ""
    lines = [f"{': ' if first.place else ' '}{first}{more}"]
    lines += [f"  {difference}" for difference in others[: options.max_shown - 1]]
    if len(others) >= options.max_shown:
        lines.append(f"  ... and {count(len(others) - options.max_shown + 1, 'more difference')}")
    explanation = explanation_of_pytest(expected, actual) if options.is_strict else []
    if explanation:
        lines += ["", "actual == expected, in the words of pytest:", *(f"  {line}" for line in explanation)]
    return lines


def _explain_hidden(expected: Any, actual: Any, options: Options) -> list[str]:
    """Return a line, if `==` differs although all columns, types, rows and cells are equal."""
    if not options.is_strict or type(expected).__name__ == "LazyFrame":
        return []
    if hasattr(expected, "schema") and hasattr(
        expected, "to_pylist"
    ):  # pyarrow, whose NaN is not equal to NaN
        if expected.schema.equals(actual.schema):
            return []
        return [f"the schemas differ: {short(actual.schema)}, expected {short(expected.schema)}"]
    try:
        if is_equal(expected, actual):
            return []
    except DagflowError:  # the indexes differ
        pass
    return ["all cells are equal, but == is false: compare the index, the names and how values are missing"]


def explanation_of_pytest(expected: Any, actual: Any) -> list[str]:
    """Return the explanation of pytest and its plugins for `actual == expected`, without the two values.

    It is empty outside of pytest, for values that are no containers, and for large ones.

    Args:
        expected: The value on the right.
        actual: The value on the left.
    """
    config = current_config()
    is_explained = isinstance(expected, str | Sequence | Set | Mapping) or dataclasses.is_dataclass(expected)
    if config is None or not (is_explained and _has_few_elements(expected) and _has_few_elements(actual)):
        return []
    found = config.hook.pytest_assertrepr_compare(config=config, op="==", left=actual, right=expected)
    lines: list[str] = next((lines[1:] for lines in found if lines), [])
    while lines and not lines[0]:
        lines = lines[1:]
    return [] if all(line.startswith("Use -v") for line in lines) else lines


def _has_few_elements(value: Any) -> bool:
    """Return whether pytest explains a value at once: it has few elements, short strings and no tables."""
    left, queue = _MAX_EXPLAINED, [value]
    while queue and left > 0:
        one = queue.pop()
        if table_of(one) is not None or _is_array(one):
            return False  # pytest compares it by == too
        left -= 1 + (len(one) // 100 if isinstance(one, str | bytes) else 0)
        if isinstance(one, Mapping | list | tuple | set | frozenset):
            left -= len(one)
            if left > 0:
                queue += one.values() if isinstance(one, Mapping) else one
    return left > 0


def _differences(
    expected: Any, actual: Any, options: Options, place: str, depth: int
) -> Iterator[Difference]:
    """Yield the differences of two values, or of two parts of them at a place."""
    is_like = type(expected) is type(actual) and depth < _MAX_DEPTH and not is_matcher(expected)
    if expected is actual or (options.is_strict and _are_plainly_equal(expected, actual)):
        return
    if table_of(expected) is not None or _is_array(expected):
        yield from _of_arrays(expected, actual, options, place)
    elif isinstance(expected, dict) and isinstance(actual, Mapping) and depth < _MAX_DEPTH:
        yield from _of_mappings(expected, actual, options, place, depth)
    elif is_like and isinstance(expected, list | tuple):
        yield from _of_sequences(expected, actual, options, place, depth)
    elif is_like and isinstance(expected, set | frozenset):
        yield from _of_elements(expected - actual, actual - expected, place)
    elif is_like or (dataclasses.is_dataclass(expected) and type(expected) is type(actual)):
        yield from _of_fields(expected, actual, options, place, depth)
    elif (table_of(actual) is not None or _is_array(actual)) and not is_matcher(expected):
        if not _is_equal_to_array(expected, actual):
            yield Difference(place, f"is {_kind(actual)}, expected {short(expected)}")
    elif not options.is_same(expected, actual):
        yield Difference(place, _statement(expected, actual))


def _is_equal_to_array(expected: Any, actual: Any) -> bool:
    """Return whether a list or a number is equal to an array. `==` raises if their shapes do not fit."""
    try:
        return is_equal(expected, actual)
    except DagflowError:
        return False


def _are_plainly_equal(expected: Any, actual: Any) -> bool:
    """Return whether `==` returns True. It raises for some containers of arrays, which are then compared."""
    try:
        return (expected == actual) is True
    except Exception:
        return False


def _is_array(value: Any) -> bool:
    return hasattr(type(value), "shape") and bool(getattr(value, "shape", ()))


def _of_mappings(
    expected: Any, actual: Any, options: Options, place: str, depth: int
) -> Iterator[Difference]:
    for key in expected:
        if key not in actual:
            yield Difference(place, f"lacks the key {short(key)}")
        else:
            inner = f"{place}[{short(key)}]"
            yield from _differences(expected[key], actual[key], options, inner, depth + 1)
    for key in actual:
        if key not in expected:
            yield Difference(place, f"has the unexpected key {short(key)}: {short(actual[key])}")


def _of_sequences(
    expected: Any, actual: Any, options: Options, place: str, depth: int
) -> Iterator[Difference]:
    if options.ignore_order:
        expected, actual = _unmatched(expected, actual, options)
        if len(expected) == len(actual) == 1:
            yield from _differences(expected[0], actual[0], options, f"{place}[*]", depth + 1)
        else:
            yield from _of_elements(expected, actual, place)
        return
    names = getattr(type(expected), "_fields", None)  # of a named tuple
    if len(expected) != len(actual):
        yield Difference(place, f"has {count(len(actual), 'element')}, expected {len(expected):,}")
    start, end = _equal_ends(expected, actual) if len(expected) != len(actual) else (0, 0)
    middle = expected[start : len(expected) - end], actual[start : len(actual) - end]
    if not (middle[0] and middle[1]):
        yield from _of_elements(*middle, f"{place}[{start}:]" if start else place)
        return
    pairs = zip(*middle)  # noqa: B905 - the difference of the lengths is reported above
    for at, (one, other) in enumerate(pairs, start):
        inner = f"{place}[{at}]" if names is None else f"{place}.{names[at]}"
        yield from _differences(one, other, options, inner, depth + 1)


def _equal_ends(expected: Sequence[Any], actual: Sequence[Any]) -> tuple[int, int]:
    """Return the lengths of the equal beginnings and the equal ends."""
    length = min(len(expected), len(actual))
    same = _are_plainly_equal
    start = next((at for at in range(length) if not same(expected[at], actual[at])), length)
    rest = range(length - start)
    end = next((at for at in rest if not same(expected[-1 - at], actual[-1 - at])), len(rest))
    return start, end


def _of_elements(missing: Iterable[Any], unexpected: Iterable[Any], place: str) -> Iterator[Difference]:
    for element in missing:
        yield Difference(place, f"lacks the element {short(element)}")
    for element in unexpected:
        yield Difference(place, f"has the unexpected element {short(element)}")


def _unmatched(
    expected: Sequence[Any], actual: Sequence[Any], options: Options
) -> tuple[list[Any], list[Any]]:
    """Return the expected elements without an equal actual one, and the other way round."""
    positions: dict[Any, list[int]] = {}
    for at, element in enumerate(actual):
        positions.setdefault(_hash_key(element), []).append(at)
    rest = dict.fromkeys(range(len(actual)))
    missing = []
    for element in expected:
        found = positions.get(_hash_key(element))
        if found:
            del rest[found.pop()]
        else:
            missing.append(element)
    unmatched = []
    for element in missing if len(missing) <= _MAX_SEARCHED else ():
        is_equal_at = (at for at in rest if not any(_differences(element, actual[at], options, "", 1)))
        equal = next(is_equal_at, None)
        if equal is None:
            unmatched.append(element)
        else:
            del rest[equal]
    return unmatched if len(missing) <= _MAX_SEARCHED else missing, [actual[at] for at in rest]


def _hash_key(value: Any) -> Any:
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value


def _of_fields(expected: Any, actual: Any, options: Options, place: str, depth: int) -> Iterator[Difference]:
    """Yield the differences of the fields of two dataclasses; of the whole values if no field differs."""
    fields = dataclasses.fields(expected) if dataclasses.is_dataclass(expected) else ()
    names = [field.name for field in fields if field.compare] if depth < _MAX_DEPTH else []
    found = [
        difference
        for name in names
        for difference in _differences(
            getattr(expected, name), getattr(actual, name), options, f"{place}.{name}", depth + 1
        )
    ]
    if found:
        yield from found
    elif not (names and options.has_tolerance) and not options.is_same(expected, actual):
        yield Difference(place, _statement(expected, actual))


def _of_arrays(expected: Any, actual: Any, options: Options, place: str) -> Iterator[Difference]:
    """Yield one difference for a table inside a value, and the elements of an array."""
    tables = table_of(expected), table_of(actual)
    if tables[0] is not None and tables[1] is not None:
        lines = explain_tables(tables[0], tables[1], options) or _explain_hidden(expected, actual, options)
        if lines:
            yield Difference(place, "is different: " + "\n  ".join(lines))
    elif type(expected) is not type(actual):
        yield Difference(place, f"is {_kind(actual)}, expected {_kind(expected)}")
    elif hasattr(expected, "ravel") and hasattr(expected, "tolist"):
        yield from _of_numpy(expected, actual, options, place)
    elif not options.is_same(expected, actual):
        yield Difference(place, f"is another {_kind(expected).partition(' ')[2]}")


def _of_numpy(expected: Any, actual: Any, options: Options, place: str) -> Iterator[Difference]:
    if expected.shape != actual.shape:
        yield Difference(place, f"has the shape {actual.shape}, expected {expected.shape}")
        return
    if options.is_strict and is_equal(expected, actual):
        return
    left, right = expected.ravel().tolist(), actual.ravel().tolist()
    for at, (one, other) in enumerate(zip(left, right, strict=True)):
        if not options.is_same_cell(one, other):
            index = ", ".join(map(str, _unravel(at, expected.shape)))
            yield Difference(f"{place}[{index}]", _statement(one, other))


def _unravel(at: int, shape: Sequence[int]) -> list[int]:
    """Return the index of an element for its position in the flat array."""
    index: list[int] = []
    for length in reversed(shape):
        at, rest = divmod(at, length)
        index.insert(0, rest)
    return index


def _kind(value: Any) -> str:
    table = table_of(value)
    if table is not None:
        return f"a {table.kind} of {count(table.height, 'row')}"
    if _is_array(value):
        return f"an array of the shape {tuple(value.shape)}"
    cls = type(value)
    size = f" of {count(len(value), 'element')}" if isinstance(value, list | tuple | dict | set) else ""
    return f"a {cls.__qualname__}{size}" if hasattr(value, "__len__") else short(value)


def _statement(expected: Any, actual: Any) -> str:
    """Return what a value is, and what is expected; of two long strings the first difference."""
    if isinstance(expected, str) and isinstance(actual, str) and max(len(expected), len(actual)) > 60:
        pairs = enumerate(zip(expected, actual))  # noqa: B905 - one may be the beginning of the other
        at = next((at for at, (one, other) in pairs if one != other), min(len(expected), len(actual)))
        start = max(0, at - 10)
        texts = [f"{'...' if start else ''}{text[start : at + 20]}" for text in (actual, expected)]
        return f"differs at character {at}: {texts[0]!r}, expected {texts[1]!r}"
    if is_missing(actual) and is_missing(expected) and actual is not None and expected is not None:
        return (
            f"is {short(actual)}, which equals nothing: expect pytest.approx({short(expected)}, nan_ok=True)"
        )
    texts = [short(actual), short(expected)]
    is_other_type = type(expected) is not type(actual) and not (
        is_matcher(expected) or _are_numbers(expected, actual)
    )
    if texts[0] == texts[1] or is_other_type:
        texts = [
            f"{text} ({type(value).__name__})" for text, value in zip(texts, (actual, expected), strict=True)
        ]
    return f"is {texts[0]}, expected {texts[1]}"


def _are_numbers(*values: Any) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
