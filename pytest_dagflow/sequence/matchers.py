"""Matchers: values with an `==` of their own, and the check of the arguments of patterns.

Arguments are compared with `==`, so strings, numbers and the matchers of other libraries work alike.
`metadata`, `error` and `match` become matchers of this module. A value that can never match is an error.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

from dagflow import AssetKey, DagflowError, SerializableErrorInfo
from dagflow.testing import error_chain

Match = str | re.Pattern[str] | None


class Anything:
    """Equal to every value: the default of a field that a pattern does not compare."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "ANYTHING"


ANYTHING: Any = Anything()

_PLAIN = (str, bytes, int, float, complex, list, tuple, dict, set, frozenset, type, type(None))


def is_matcher(value: object) -> bool:
    """Return whether the class of a value defines its own `==` and is not a plain type.

    Example:
        >>> is_matcher(ANYTHING), is_matcher("beans"), is_matcher(object())
        (True, False, False)
    """
    return type(value).__eq__ is not object.__eq__ and not isinstance(value, _PLAIN)


class MetadataMatcher:
    """Equal to metadata that has these entries, and perhaps others."""

    def __init__(self, entries: Mapping[str, object]) -> None:
        self.entries: dict[str, object] = dict(entries)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and not self.difference(other)

    def difference(self, actual: Mapping[str, object]) -> str:
        """Return the missing and different entries as a string; an empty string if there are none."""
        return "; ".join(self._differences(actual))

    def _differences(self, actual: Mapping[str, object]) -> Iterable[str]:
        for name, expected in self.entries.items():
            if name not in actual:
                known = (
                    f"the entries are {', '.join(map(repr, actual))}" if actual else "there are no entries"
                )
                yield f"no entry {name!r} ({known})"
            elif not (is_equal(expected, actual[name]) or is_equal(expected, plain_value(actual[name]))):
                yield f"{name}: expected {expected!r}, was {plain_value(actual[name])!r}"

    def __repr__(self) -> str:
        return repr(self.entries)


class ErrorMatcher:
    """Equal to the record of an error of a class or subclass whose message matches a regular expression.

    The record of a user's error has wrappers. The wrappers and the error itself are compared.
    """

    def __init__(self, error: object, match: str | re.Pattern[str] | None) -> None:
        self.error = error
        self.match = match
        self._node_names = _names_of(error)

    def __eq__(self, other: object) -> bool:
        return any(self._is_like(info) for info in unwrap_error(other))

    def _is_like(self, info: SerializableErrorInfo) -> bool:
        if self._node_names is not None and info.cls_name not in self._node_names:
            return False
        return self.match is None or re.search(self.match, info.message) is not None

    def __repr__(self) -> str:
        return ", ".join(f"{name}={source}" for name, source in self.arguments())

    def arguments(self) -> list[tuple[str, str]]:
        """Return the arguments of this matcher as source code."""
        found = [] if self.error is None else [("error", _error_source(self.error))]
        if self.match is not None:
            regex = self.match if isinstance(self.match, str) else self.match.pattern
            found.append(("match", source_text(regex)))
        return found


class StringMatcher:
    """Equal to a string in which a regular expression is found."""

    def __init__(self, pattern: str | re.Pattern[str]) -> None:
        self.pattern = pattern

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and re.search(self.pattern, other) is not None

    def __repr__(self) -> str:
        return source_text(self.pattern if isinstance(self.pattern, str) else self.pattern.pattern)


def suggest(name: str, known: Iterable[str]) -> str:
    """Return "Did you mean 'x'?" for known names that are similar to `name`, or an empty string.

    Example:
        >>> suggest("bens", ["beans", "water"])
        " Did you mean 'beans'?"
    """
    close = difflib.get_close_matches(name, list(known), n=3)
    return f" Did you mean {' or '.join(map(repr, close))}?" if close else ""


def count(number: int, noun: str) -> str:
    """Return a number with its noun, in the singular or in the plural.

    Example:
        >>> count(1, "row"), count(100000, "row")
        ('1 row', '100,000 rows')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def is_equal(expected: object, actual: object) -> bool:
    """Return whether `expected == actual`, also for arrays and tables that compare by element.

    Raises:
        DagflowError: The comparison raised an error, or its result has no truth value.

    Example:
        >>> is_equal(1, 1.0), is_equal("a", None)
        (True, False)
    """
    try:
        shape = getattr(expected, "shape", None)
        if shape is not None and shape != getattr(actual, "shape", shape):
            return False  # two arrays whose comparison would raise an error
        outcome: Any = expected == actual
        if isinstance(outcome, bool):
            return outcome
        if hasattr(expected, "equals"):
            return bool(expected.equals(actual))
        return bool(outcome.all()) if hasattr(outcome, "all") else bool(outcome)
    except Exception as error:
        raise DagflowError(
            f"{expected!r} could not be compared with {actual!r}: {type(error).__name__}: {error}. "
            "Pass a value whose == returns True or False"
        ) from error


def source_text(value: object) -> str:
    """Return a value as source code, a string in double quotes.

    Example:
        >>> print(source_text("brew"), source_text(1))
        "brew" 1
    """
    return json.dumps(value, ensure_ascii=False) if type(value) is str else repr(value)


def plain_value(value: object) -> object:
    """Return the plain value in a metadata value."""
    return getattr(value, "value", value)


def unwrap_error(error: object) -> list[SerializableErrorInfo]:
    """Return the record of an error and the records inside its wrappers, the outermost first."""
    return error_chain(error) if isinstance(error, SerializableErrorInfo) else []


def _names_of(error: object) -> set[str] | None:
    """Return the class names that match an expected error; None if all match."""
    if error is None:
        return None
    if isinstance(error, str):
        return {error}
    classes = error if isinstance(error, tuple) else (error,)
    return set().union(*(_subclass_names(cls) for cls in classes))


def _subclass_names(cls: Any) -> set[str]:
    # the record of an error has only the name of its class, so subclasses are compared by name
    found = {cls}
    queue = [cls]
    for current in queue:
        new = set(type.__subclasses__(current)) - found
        found |= new
        queue += new
    return {current.__name__ for current in found}


def _error_source(error: object) -> str:
    if isinstance(error, tuple):
        return f"({', '.join(map(_error_source, error))})"
    return error.__name__ if isinstance(error, type) else source_text(error)


def _check(name: str, value: object, types: tuple[type, ...], expected: str) -> object:
    if isinstance(value, types) or is_matcher(value):
        return value
    raise DagflowError(
        f"{name} must be {expected} or a matcher (an object with its own ==), "
        f"not {value!r} of type '{type(value).__name__}'"
    )


def as_string(name: str, value: object, *, or_none: bool = False) -> object:
    """Check an argument that is compared with a string."""
    if isinstance(value, Enum):
        return value.name
    types = (str, type(None)) if or_none else (str,)
    return _check(name, value, types, "a string, None" if or_none else "a string")


def as_step(name: str, value: object) -> object:
    """Check an argument that is compared with a step key; an AssetKey becomes a step key."""
    if isinstance(value, AssetKey):
        return value.to_python_identifier()
    return _check(name, value, (str,), "the key of a step, as a string,")


def as_key(name: str, value: object) -> object:
    """Check an argument that is compared with an asset key, and convert the key to a string."""
    if isinstance(value, AssetKey):
        return value.to_user_string()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return AssetKey(value).to_user_string()
    return _check(name, value, (str,), "an asset key (a string, a list of strings, an AssetKey)")


def as_flag(name: str, value: object) -> object:
    """Check an argument that is compared with True or False."""
    return _check(name, value, (bool,), "True, False")


def as_number(name: str, value: object) -> object:
    """Check an argument that is compared with a number."""
    if isinstance(value, bool):
        raise DagflowError(f"{name} must be a number or a matcher, not {value!r}")
    return _check(name, value, (int, float, type(None)), "a number, None")


def as_metadata(name: str, value: object) -> object:
    """Check an argument that is compared with metadata; a mapping becomes a MetadataMatcher."""
    if isinstance(value, Mapping):
        return MetadataMatcher(value)
    return _check(name, value, (), "a mapping of names to values")


def as_message(match: object) -> object:
    """Return the matcher of a message for a regular expression."""
    return ANYTHING if match is None else StringMatcher(_check_regex(match))


def as_error(error: object, match: object) -> object:
    """Return the matcher of an error record for the arguments `error` and `match`."""
    if error is None and match is None:
        return ANYTHING
    classes = error if isinstance(error, tuple) else (error,)
    is_class = bool(classes) and all(
        isinstance(cls, type) and issubclass(cls, BaseException) for cls in classes
    )
    if error is None or isinstance(error, str) or is_class:
        return ErrorMatcher(error, None if match is None else _check_regex(match))
    if match is not None:
        raise DagflowError(f"match needs an exception class or its name, not error={error!r}")
    return _check("error", error, (), "an exception class, a tuple of them, its name")


def _check_regex(match: object) -> str | re.Pattern[str]:
    if not isinstance(match, (str, re.Pattern)):
        raise DagflowError(
            f"match must be a regular expression, not {match!r} of type '{type(match).__name__}'"
        )
    try:
        re.compile(match)
    except re.error as error:
        raise DagflowError(f"match {match!r} is not a regular expression: {error}") from error
    return match
