"""Automation conditions as values: their names, labels, children, equality, ids and replacement."""

from __future__ import annotations

import copy
import pickle

import pytest

from dagflow import (
    AssetKey,
    AssetSpec,
    AutomationCondition,
    CheckError,
    DagflowSerializationError,
    ParameterCheckError,
    deserialize_value,
    serialize_value,
)

A = AutomationCondition
MISSING, UPDATED, REQUESTED = A.missing(), A.newly_updated(), A.newly_requested()


class Own(AutomationCondition):
    """A condition of user code."""

    def evaluate(self, context):
        """Return nothing."""


class Named(AutomationCondition):
    """A condition of user code with a name and a constructor."""

    def __init__(self, name):
        self._name = name

    @property
    def name(self):
        """The given name."""
        return self._name


CONDITIONS = [
    lambda: A.missing(),
    lambda: A.eager(),
    lambda: A.on_missing(),
    lambda: A.on_cron("0 9 * * *", "Europe/Berlin"),
    lambda: A.all_deps_blocking_checks_passed(),
    lambda: A.asset_matches(["a", "b"], MISSING),
    lambda: A.any_checks_match(A.check_failed(), blocking_only=True).with_label("x"),
    lambda: A.all_job_root_assets_match(MISSING),
    lambda: A.executed_with_tags(tag_keys={"a"}, tag_values={"b": "c"}),
]


@pytest.mark.parametrize("make", CONDITIONS)
def test_equal_by_value(make):
    """Equal conditions have one hash and one id, and come back from JSON, a pickle and a deep copy."""
    one = make()

    assert one == make()
    assert hash(one) == hash(make())
    assert one.get_unique_id() == make().get_unique_id()
    assert deserialize_value(serialize_value(one)) == one
    assert pickle.loads(pickle.dumps(one)) == one == copy.deepcopy(one)
    assert one.is_serializable


def test_different_conditions():
    """Conditions differ by class, kind, label and operands."""
    different = [MISSING, UPDATED, MISSING | UPDATED, MISSING & UPDATED, UPDATED & MISSING, ~MISSING]
    different += [MISSING.with_label("x"), MISSING.newly_true(), MISSING.since(UPDATED)]
    different += [A.any_deps_match(MISSING), A.all_deps_match(MISSING), A.check_passed(), A.check_failed()]

    assert all((one == other) == (one is other) for one in different for other in different)


def test_operators():
    """Operands of the same operator without a label are joined."""
    assert (MISSING & UPDATED & REQUESTED).children == [MISSING, UPDATED, REQUESTED]
    assert (REQUESTED & (MISSING & UPDATED)).children == [REQUESTED, MISSING, UPDATED]
    assert (MISSING | UPDATED | REQUESTED).children == [MISSING, UPDATED, REQUESTED]
    assert (MISSING & (UPDATED | REQUESTED)).children == [MISSING, UPDATED | REQUESTED]
    labelled = (MISSING & UPDATED).with_label("both")
    assert (labelled & REQUESTED).children == [labelled, REQUESTED]
    assert (~MISSING).children == [MISSING]
    assert MISSING.newly_true().children == [MISSING]
    assert MISSING.since(UPDATED).children == [MISSING, UPDATED]
    assert (MISSING.since(UPDATED).trigger_condition, MISSING.since(UPDATED).reset_condition) == (
        MISSING,
        UPDATED,
    )


@pytest.mark.parametrize(
    ("condition", "name", "description"),
    [
        (MISSING & UPDATED, "AND", "All of"),
        (MISSING | UPDATED, "OR", "Any of"),
        (~MISSING, "NOT", "Not"),
        (MISSING.since(UPDATED), "SINCE", ""),
        (MISSING.newly_true(), "NEWLY_TRUE", ""),
        (MISSING.with_label("x"), "missing", ""),
        (Own(), "Own", ""),
        (Named("n"), "n", ""),
    ],
)
def test_names(condition, name, description):
    """The name of a combination is its operator, and a label does not change it."""
    assert (condition.name, condition.description) == (name, description)


def test_labels():
    """A label belongs to one condition, and None removes it."""
    labelled = MISSING.with_label("x")

    assert (MISSING.get_label(), labelled.get_label(), labelled.label) == (None, "x", "x")
    assert labelled.with_label(None) == MISSING
    with pytest.raises(ParameterCheckError, match="label"):
        MISSING.with_label(3)


@pytest.mark.parametrize(
    "make",
    [
        lambda: MISSING & 3,
        lambda: MISSING | 3,
        lambda: MISSING.since(3),
        lambda: A.any_deps_match(3),
        lambda: A.all_deps_match(3),
        lambda: A.any_checks_match(3),
        lambda: A.all_job_root_assets_match(3),
        lambda: A.asset_matches("a", 3),
        lambda: A.asset_matches(3, MISSING),
        lambda: A.any_checks_match(MISSING, blocking_only=3),
    ],
)
def test_operands_are_checked(make):
    """An operand that is not a condition is refused."""
    with pytest.raises(CheckError):
        make()


def test_ids():
    """An id depends on the operands and the place, but not on labels."""
    assert MISSING.get_unique_id() == MISSING.with_label("x").get_unique_id() == A.missing().get_unique_id()
    assert A.eager().get_unique_id() == A.eager().with_label("x").get_unique_id()
    different = [
        MISSING.get_unique_id(),
        UPDATED.get_unique_id(),
        (MISSING & UPDATED).get_unique_id(),
        (UPDATED & MISSING).get_unique_id(),
        MISSING.get_unique_id(index=1),
        MISSING.get_unique_id(parent_node_unique_id="a"),
        MISSING.get_unique_id(parent_node_unique_id="a", index=1),
        A.any_checks_match(MISSING).get_unique_id(),
        A.any_checks_match(UPDATED).get_unique_id(),
    ]
    assert len(set(different)) == len(different)
    assert all(len(found) == 32 for found in different)


@pytest.mark.parametrize(
    ("condition", "old", "new"),
    [
        (MISSING, "missing", UPDATED),
        (MISSING.with_label("x"), "x", UPDATED),
        (MISSING.with_label("x"), "missing", UPDATED),
        (~MISSING, "missing", ~UPDATED),
        (MISSING & REQUESTED, MISSING, UPDATED & REQUESTED),
        ((MISSING | REQUESTED).with_label("x"), "missing", (UPDATED | REQUESTED).with_label("x")),
        (MISSING.since(MISSING), "missing", UPDATED.since(UPDATED)),
        (A.any_deps_match(~MISSING).with_label("x"), "missing", A.any_deps_match(~UPDATED).with_label("x")),
        (A.asset_matches("a", MISSING), "missing", A.asset_matches("a", UPDATED)),
        (MISSING.newly_true(), "missing", MISSING.newly_true()),
        (A.any_checks_match(MISSING), "missing", A.any_checks_match(MISSING)),
        (A.eager(), A.eager(), UPDATED),
        (A.eager(), "eager", UPDATED),
        (A.eager(), "unknown", A.eager()),
        (A.eager(), REQUESTED & MISSING, A.eager()),
    ],
)
def test_replace(condition, old, new):
    """Each equal condition, or condition of that name or label, is replaced."""
    assert condition.replace(old, UPDATED) == new


def test_replace_inside_eager():
    """A label replaces the same conditions as the condition itself."""
    by_label = A.eager().replace("newly_missing", MISSING)

    assert by_label == A.eager().replace(A.newly_missing(), MISSING) != A.eager()
    assert by_label.children[1].trigger_condition.children == [MISSING, A.any_deps_updated()]
    assert by_label.get_label() == "eager"


def test_replace_checks_its_arguments():
    """`old` is a condition or a string, and `new` a condition."""
    with pytest.raises(ParameterCheckError, match="'old'"):
        MISSING.replace(3, UPDATED)
    with pytest.raises(ParameterCheckError, match="'new'"):
        MISSING.replace("missing", 3)


def test_without():
    """An operand of `&` is dropped, and the label stays."""
    eager = A.eager()

    left = eager.without(~A.any_deps_missing())

    assert left.children == [part for part in eager.children if part != ~A.any_deps_missing()]
    assert left.get_label() == "eager"
    with pytest.raises(ParameterCheckError, match="not an operand"):
        eager.without(MISSING)
    with pytest.raises(CheckError, match="fewer than two operands"):
        (MISSING & UPDATED).without(MISSING)


def test_conditions_of_user_code():
    """They are equal by identity, combine with all operators, and cannot be stored."""
    own = Own()
    both = own & MISSING

    assert own == own != Own()
    assert (both.children, (~own).children, own.newly_true().children) == ([own, MISSING], [own], [own])
    assert (own.is_serializable, both.is_serializable, A.any_deps_match(own).is_serializable) == (False,) * 3
    assert (own.children, own.get_label()) == ([], None)
    assert own.get_unique_id() == Own().get_unique_id() != Named("n").get_unique_id()
    assert AssetSpec("a", automation_condition=own).automation_condition is own
    with pytest.raises(DagflowSerializationError):
        serialize_value(both)


def test_the_class_with_a_type_argument():
    """User code may inherit from the class with the type of its keys."""

    class OfAssets(AutomationCondition[AssetKey]):
        pass

    assert isinstance(OfAssets(), AutomationCondition)


def test_no_constructor():
    """The class itself is no condition: the message names a static method."""
    with pytest.raises(TypeError, match=r"AutomationCondition\.eager"):
        AutomationCondition()


def test_damaged_json():
    """A stored condition of an unknown kind is refused."""
    stored = serialize_value(MISSING).replace("missing", "gone")

    with pytest.raises(DagflowSerializationError, match="gone"):
        deserialize_value(stored)
