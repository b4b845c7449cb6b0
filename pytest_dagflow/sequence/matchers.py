"""Matchers: values that stand in a pattern and decide by their `==`; and what its arguments may be.

Whatever a user gives is compared with `==`, so texts, numbers and foreign matchers work alike. `metadata`,
`error` and `match` are turned into small matchers of this file; what could never match is refused.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

from dagflow import AssetKey, DagflowError, DagflowUserCodeExecutionError

Match = str | re.Pattern[str] | None


class Anything:
    """Equal to everything: stands for a field that a pattern says nothing about."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "ANYTHING"


ANYTHING: Any = Anything()

_PLAIN = (str, bytes, int, float, complex, list, tuple, dict, set, frozenset, type, type(None))


def is_matcher(value: object) -> bool:
    """Whether the `==` of a value decides by a rule of its own.

    Example:
        >>> is_matcher(ANYTHING), is_matcher("beans"), is_matcher(object())
        (True, False, False)
    """
    return type(value).__eq__ is not object.__eq__ and not isinstance(value, _PLAIN)


class MetadataMatcher:
    """Equal to metadata that has these entries, whatever else it has."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, entries: Mapping[str, object]) -> None:
        self.entries = dict(entries)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and not self.difference(other)

    def difference(self, actual: Mapping[str, object]) -> str:
        """What is missing or different, or an empty text."""
        return "; ".join(self._differences(actual))

    def _differences(self, actual: Mapping[str, object]) -> Iterable[str]:
        for name, expected in self.entries.items():
            if name not in actual:
                yield f"no entry {name!r} (there is {', '.join(map(repr, actual)) or 'none'})"
            elif not (is_equal(expected, actual[name]) or is_equal(expected, plain_value(actual[name]))):
                yield f"{name}: expected {expected!r}, was {plain_value(actual[name])!r}"

    def __repr__(self) -> str:
        return repr(self.entries)


class ErrorMatcher:
    """Equal to the record of an error of a class (or a subclass of it) whose message holds a pattern.

    The record of a user's error is wrapped, so the wrappers around it and that error itself are looked at.
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, error: object, match: str | re.Pattern[str] | None) -> None:
        self.error = error
        self.match = match
        self._node_names = _names_of(error)

    def __eq__(self, other: object) -> bool:
        return any(self._is_like(info) for info in unwrap_error(other))

    def _is_like(self, info: Any) -> bool:
        if self._node_names is not None and info.cls_name not in self._node_names:
            return False
        return self.match is None or re.search(self.match, info.message) is not None

    def __repr__(self) -> str:
        return ", ".join(f"{name}={text}" for name, text in self.arguments())

    def arguments(self) -> list[tuple[str, str]]:
        """The arguments that this was made of, as source text."""
        found = [] if self.error is None else [("error", _error_text(self.error))]
        if self.match is not None:
            text = self.match if isinstance(self.match, str) else self.match.pattern
            found.append(("match", source_text(text)))
        return found


class TextMatcher:
    """Equal to a text in which a regular expression is found."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, pattern: str | re.Pattern[str]) -> None:
        self.pattern = pattern

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and re.search(self.pattern, other) is not None

    def __repr__(self) -> str:
        return source_text(self.pattern if isinstance(self.pattern, str) else self.pattern.pattern)


def suggest(name: str, known: Iterable[str]) -> str:
    """The question "Did you mean 'x'?" for the known names that look like `name`, or an empty text.

    Example:
        >>> suggest("bens", ["beans", "water"])
        " Did you mean 'beans'?"
    """
    close = difflib.get_close_matches(name, list(known), n=3)
    return f" Did you mean {' or '.join(map(repr, close))}?" if close else ""


def is_equal(expected: object, actual: object) -> bool:
    """Whether `expected == actual`, also where the answer is an array of answers.

    Raises:
        DagflowError: The comparison raised, or gave something that is neither true nor false.

    Example:
        >>> is_equal(1, 1.0), is_equal("a", None)
        (True, False)
    """
    try:
        shape = getattr(expected, "shape", None)
        if shape is not None and shape != getattr(actual, "shape", shape):
            return False  # two arrays, which would refuse to be compared
        outcome: Any = expected == actual
        if isinstance(outcome, bool):
            return outcome
        if hasattr(expected, "equals"):
            return bool(expected.equals(actual))
        return bool(outcome.all()) if hasattr(outcome, "all") else bool(outcome)
    except Exception as error:
        raise DagflowError(
            f"{expected!r} could not be compared with {actual!r}: {type(error).__name__}: {error}. "
            "Give a value whose == says yes or no"
        ) from error


def source_text(value: object) -> str:
    """A value as source text, a text in double quotes.

    Example:
        >>> print(source_text("brew"), source_text(1))
        "brew" 1
    """
    return json.dumps(value, ensure_ascii=False) if type(value) is str else repr(value)


def plain_value(value: object) -> object:
    """A metadata value as the plain value in it."""
    return getattr(value, "value", value)


def unwrap_error(error: Any) -> list[Any]:
    """The record of an error, and what is in it as long as that is a wrapper: outermost first."""
    wrappers = _subclass_names(DagflowUserCodeExecutionError)
    wrappers |= {"RetryRequestedFromPolicy", "RetryRequested", "DagflowMaxRetriesExceededError"}
    found = []
    while error is not None and hasattr(error, "cls_name"):
        found.append(error)
        error = error.cause if error.cls_name in wrappers else None
    return found


def _names_of(error: object) -> set[str] | None:
    """The class names that an expected error allows; None allows all."""
    if error is None:
        return None
    if isinstance(error, str):
        return {error}
    classes = error if isinstance(error, tuple) else (error,)
    return set().union(*(_subclass_names(cls) for cls in classes))


def _subclass_names(cls: Any) -> set[str]:
    # the record of an error holds the name of its class alone, so subclasses are told by name
    found = {cls}
    queue = [cls]
    for current in queue:
        new = set(type.__subclasses__(current)) - found
        found |= new
        queue += new
    return {current.__name__ for current in found}


def _error_text(error: object) -> str:
    if isinstance(error, tuple):
        return f"({', '.join(map(_error_text, error))})"
    return error.__name__ if isinstance(error, type) else source_text(error)


def _checked(name: str, value: object, kinds: tuple[type, ...], wanted: str) -> object:
    if isinstance(value, kinds) or is_matcher(value):
        return value
    raise DagflowError(
        f"{name} must be {wanted} or a matcher (an object whose == decides), "
        f"not {value!r} of type '{type(value).__name__}'"
    )


def as_text(name: str, value: object, *, or_none: bool = False) -> object:
    """An argument that is compared with a text."""
    if isinstance(value, Enum):
        return value.name
    kinds = (str, type(None)) if or_none else (str,)
    return _checked(name, value, kinds, "a text, None" if or_none else "a text")


def as_step(value: object) -> object:
    """An argument that is compared with a step key."""
    if isinstance(value, AssetKey):
        return value.to_python_identifier()
    return _checked("step", value, (str,), "the key of a step, as text,")


def as_key(name: str, value: object) -> object:
    """An argument that is compared with an asset key, written as text."""
    if isinstance(value, AssetKey):
        return value.to_user_string()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return AssetKey(value).to_user_string()
    return _checked(name, value, (str,), "an asset key (a text, a list of texts, an AssetKey)")


def as_flag(name: str, value: object) -> object:
    """An argument that is compared with True or False."""
    return _checked(name, value, (bool,), "True, False")


def as_number(name: str, value: object) -> object:
    """An argument that is compared with a number."""
    if isinstance(value, bool):
        raise DagflowError(f"{name} must be a number or a matcher, not {value!r}")
    return _checked(name, value, (int, float, type(None)), "a number, None")


def as_metadata(value: object) -> object:
    """An argument that is compared with the metadata of an event."""
    if isinstance(value, Mapping):
        return MetadataMatcher(value)
    return _checked("metadata", value, (), "a mapping of names to values")


def as_message(match: Match) -> object:
    """A regular expression that is compared with a message."""
    return ANYTHING if match is None else TextMatcher(_regular(match))


def as_error(error: object, match: Match) -> object:
    """The two arguments that are compared with the record of an error."""
    if error is None and match is None:
        return ANYTHING
    classes = error if isinstance(error, tuple) else (error,)
    is_class = bool(classes) and all(
        isinstance(cls, type) and issubclass(cls, BaseException) for cls in classes
    )
    if error is None or isinstance(error, str) or is_class:
        return ErrorMatcher(error, None if match is None else _regular(match))
    if match is not None:
        raise DagflowError(f"match goes with an exception class or its name, not with error={error!r}")
    return _checked("error", error, (), "an exception class, a tuple of them, its name")


def _regular(match: object) -> str | re.Pattern[str]:
    if not isinstance(match, (str, re.Pattern)):
        raise DagflowError(
            f"match must be a regular expression, not {match!r} of type '{type(match).__name__}'"
        )
    try:
        re.compile(match)
    except re.error as error:
        raise DagflowError(f"match {match!r} is no regular expression: {error}") from error
    return match
