"""Ranges of keys, time windows, and valid keys."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from dagflow.errors import DagflowInvalidDefinitionError, ElementCheckError, ParameterCheckError
from dagflow.partitions.keys import PartitionKeyRange, TimeWindow, check_keys


def test_values_are_equal_by_content() -> None:
    """Two ranges or windows with the same ends are equal."""
    moment = datetime(2024, 1, 1, tzinfo=timezone.utc)

    assert PartitionKeyRange("a", "b") == PartitionKeyRange(start="a", end="b")
    assert TimeWindow(moment, moment) == TimeWindow(moment, moment)


@pytest.mark.parametrize("key", ["", " ", "../../x", "a|b", "é", ".."])
def test_any_string_may_be_a_key(key: str) -> None:
    """Any string without `...` and control characters is a valid key, and is not changed."""
    assert check_keys([key], "a test") == (key,)


def test_dots_that_mean_a_range_are_refused() -> None:
    """`...` separates the ends of a range, so a key must not contain it."""
    with pytest.raises(DagflowInvalidDefinitionError, match=r"'a\.\.\.b' of a test contains"):
        check_keys(["a...b"], "a test")


@pytest.mark.parametrize("character", "\a\b\f\n\r\t\v\0")
def test_a_key_has_no_control_characters(character: str) -> None:
    """Control characters are invalid, because they are invisible and not allowed in file names."""
    with pytest.raises(DagflowInvalidDefinitionError, match="of a test contains a control character"):
        check_keys([f"a{character}b"], "a test")


def test_a_key_comes_once() -> None:
    """The message names the duplicate key."""
    with pytest.raises(DagflowInvalidDefinitionError, match=r"a test must be unique.*\['b'\]"):
        check_keys(["a", "b", "b"], "a test")


def test_a_string_is_not_a_list_of_keys() -> None:
    """A string is not a list of keys, although it is a sequence of its characters."""
    with pytest.raises(ParameterCheckError, match="must be a list of strings, not 'ab'"):
        check_keys("ab", "a test")
    with pytest.raises(ParameterCheckError):
        check_keys(None, "a test")  # type: ignore[arg-type]


def test_a_key_is_a_string() -> None:
    """A number is not a key."""
    with pytest.raises(ElementCheckError, match="partition key 3 of a test must be a string"):
        check_keys(["a", 3], "a test")  # type: ignore[list-item]
