"""Selections in conditions about dependencies and checks."""

from __future__ import annotations

import pytest

from dagflow import (
    AssetSelection,
    AutomationCondition,
    ParameterCheckError,
    deserialize_value,
    serialize_value,
)

A = AutomationCondition
MISSING = A.missing()
ONE, OTHER = AssetSelection.assets("a"), AssetSelection.assets("b")


def test_selections_are_in_the_name():
    """The name of a condition has the strings of its selections."""
    deps = A.any_deps_match(MISSING)

    assert deps.allow(ONE).name == 'ANY_DEPS_MATCH(allow_selection=key:"a")'
    assert deps.allow(ONE).ignore(OTHER).name == (
        'ANY_DEPS_MATCH(allow_selection=key:"a",ignore_selection=key:"b")'
    )
    assert A.all_checks_match(MISSING).ignore(ONE).name == 'ALL_CHECKS_MATCH(ignore_selection=key:"a")'


def test_a_second_selection_is_added():
    """Two selections are one that selects both."""
    deps = A.any_deps_match(MISSING)

    assert deps.allow(ONE).allow(OTHER).allow_selection == OTHER | ONE
    assert deps.ignore(ONE).ignore(OTHER).ignore_selection == OTHER | ONE
    assert deps.allow(ONE) == deps.allow(ONE) != deps.ignore(ONE)
    assert hash(deps.allow(ONE)) == hash(deps.allow(ONE))


@pytest.mark.parametrize(
    ("condition", "inner"),
    [
        (~A.any_deps_match(MISSING), lambda found: found.operand),
        (A.any_deps_match(MISSING).since(MISSING), lambda found: found.trigger_condition),
        (MISSING.since(A.any_deps_match(MISSING)), lambda found: found.reset_condition),
        (MISSING & A.any_deps_match(MISSING), lambda found: found.children[1]),
        (MISSING | ~A.any_checks_match(MISSING), lambda found: found.children[1].operand),
    ],
)
def test_selections_are_passed_on(condition, inner):
    """Operators pass a selection on to the conditions in them, and keep their label."""
    found = condition.with_label("x").allow(ONE).ignore(OTHER)

    assert (inner(found).allow_selection, inner(found).ignore_selection) == (ONE, OTHER)
    assert found.get_label() == "x"
    assert condition.children == condition.with_label("x").children


def test_selections_are_not_passed_through():
    """The condition of the dependencies keeps its own selections."""
    nested = A.any_deps_match(A.any_deps_match(MISSING)).ignore(ONE)

    assert nested.operand == A.any_deps_match(MISSING)
    assert not hasattr(MISSING, "allow")
    assert not hasattr(A.any_deps_match(MISSING).newly_true(), "ignore")


@pytest.mark.parametrize("selection", [3, "a", None])
def test_selections_are_checked(selection):
    """Anything but an AssetSelection is refused."""
    for condition in (A.any_deps_match(MISSING), A.any_checks_match(MISSING), A.eager()):
        with pytest.raises(ParameterCheckError, match="'selection'"):
            condition.allow(selection)
        with pytest.raises(ParameterCheckError, match="'selection'"):
            condition.ignore(selection)


def test_a_condition_with_a_selection_is_stored():
    """The selection is a part of the JSON."""
    condition = A.eager().ignore(ONE)

    assert condition.is_serializable
    assert deserialize_value(serialize_value(condition)) == condition
