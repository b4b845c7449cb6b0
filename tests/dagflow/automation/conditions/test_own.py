"""Tests of own conditions: the context that they get, and the results that they may return."""

from __future__ import annotations

import pytest

from dagflow import (
    AssetKey,
    AssetMaterialization,
    AutomationCondition,
    AutomationResult,
    CheckError,
    DagflowInstance,
    DagflowUnknownPartitionError,
    DagflowUserCodeExecutionError,
    StaticPartitionsDefinition,
    asset,
    deserialize_value,
    evaluate_automation_conditions,
    serialize_value,
)

COLOURS = StaticPartitionsDefinition(["red", "blue", "green"])


class Own(AutomationCondition):
    """A condition that calls a function with its context."""

    def __init__(self, function):
        self.function = function

    def evaluate(self, context):
        """Return the result of the function."""
        return self.function(context)


@pytest.fixture
def instance():
    """Return an instance in memory."""
    with DagflowInstance.ephemeral() as made:
        yield made


def paint(condition, partitions_def=COLOURS):
    """Return two assets: `paint` with a condition depends on `tin`."""
    tin = asset(name="tin", partitions_def=partitions_def)(lambda: None)
    return [
        tin,
        asset(name="paint", deps=[tin], automation_condition=condition, partitions_def=partitions_def)(
            lambda: None
        ),
    ]


def test_the_context_remembers(instance):
    """The context has the cursor and the partitions of the previous evaluation, also if they were stored."""
    seen = []

    def count(context):
        number = int(context.cursor or 0) + 1
        before = context.previous_true_subset, context.previous_candidate_subset
        seen.append([one if one is None else one.size for one in before])
        one = context.candidate_subset.compute_intersection_with_partition_keys({"red"})
        return AutomationResult(context, one, cursor=str(number))

    first = evaluate_automation_conditions(paint(Own(count)), instance)
    cursor = deserialize_value(serialize_value(first.cursor))
    second = evaluate_automation_conditions(paint(Own(count)), instance, cursor=cursor)

    assert seen == [[None, None], [1, 3]]
    assert second.get_requested_partitions("paint") == {"red"}


def test_the_context_has_times(instance):
    """The context has the time of this and of the previous evaluation."""
    times = []

    def note(context):
        times.append((context.evaluation_time, context.previous_evaluation_time))
        return AutomationResult(context, context.get_empty_subset())

    first = evaluate_automation_conditions(paint(Own(note)), instance)
    evaluate_automation_conditions(paint(Own(note)), instance, cursor=first.cursor)

    assert times[0][1] is None
    assert times[1][1] == times[0][0]


def test_subsets_are_combined(instance):
    """Subsets have set operations, and are mapped to dependencies and dependents."""
    instance.report_runless_asset_event(AssetMaterialization("tin", partition="red"))

    def calculate(context):
        view = context.asset_graph_view
        every = view.get_full_subset(key=AssetKey("tin"))
        there = every.compute_difference(view.compute_missing_subset(key=AssetKey("tin"), from_subset=every))
        green = view.get_subset_from_partition_keys(context.key, COLOURS, {"green"})
        found = there.compute_child_subset(context.key).compute_union(green)
        assert found.compute_parent_subset(AssetKey("tin")).expensively_compute_partition_keys() == {
            "red",
            "green",
        }
        assert {one.partition_key for one in found.expensively_compute_asset_partitions()} == {"red", "green"}
        assert found.compute_intersection(green) == green
        return AutomationResult(context, found)

    result = evaluate_automation_conditions(paint(Own(calculate)), instance)

    assert result.get_requested_partitions("paint") == {"red", "green"}


def test_a_condition_of_dagflow_inside_an_own_one(instance):
    """An own condition passes its context to another condition, which remembers its own states."""

    def newly_missing(context):
        return AutomationResult(context, AutomationCondition.newly_missing().evaluate(context).true_subset)

    condition = Own(newly_missing)
    first = evaluate_automation_conditions(paint(condition, None), instance)
    second = evaluate_automation_conditions(paint(condition, None), instance, cursor=first.cursor)

    assert (first.total_requested, second.total_requested) == (1, 0)


def test_own_conditions_are_operands(instance):
    """An own condition is combined like others, and gets the partitions that the operands before it left."""
    asked = []

    def note(context):
        asked.append(context.candidate_subset.size)
        return AutomationResult(context, context.candidate_subset)

    instance.report_runless_asset_event(AssetMaterialization("paint", partition="red"))
    result = evaluate_automation_conditions(paint(AutomationCondition.missing() & Own(note)), instance)

    assert asked == [2]
    assert result.get_requested_partitions("paint") == {"blue", "green"}


class WithoutMethod(AutomationCondition):
    """A condition that lacks `evaluate`."""


def other_asset(context):
    """Return partitions of another asset."""
    return AutomationResult(context, context.asset_graph_view.get_full_subset(key=AssetKey("tin")))


def other_asset_in_union(context):
    """Combine partitions of two assets."""
    tin = context.asset_graph_view.get_full_subset(key=AssetKey("tin"))
    return AutomationResult(context, context.candidate_subset.compute_union(tin))


def unknown_partition(context):
    """Ask for a partition that does not exist."""
    view = context.asset_graph_view
    return AutomationResult(context, view.get_subset_from_partition_keys(context.key, COLOURS, {"pink"}))


@pytest.mark.parametrize(
    ("condition", "cause", "message"),
    [
        (Own(lambda context: True), CheckError, "must return an AutomationResult, not True"),
        (Own(other_asset), CheckError, "must be an EntitySubset of 'paint'"),
        (Own(other_asset_in_union), CheckError, "subsets of different assets"),
        (Own(unknown_partition), DagflowUnknownPartitionError, "no partitions.*pink"),
        (Own(lambda context: 1 / 0), ZeroDivisionError, "division by zero"),
        (WithoutMethod(), Exception, "has no method 'evaluate'"),
    ],
)
def test_a_wrong_condition_names_its_asset(instance, condition, cause, message):
    """An error in a condition is raised with the key of the asset, and with its cause."""
    with pytest.raises(DagflowUserCodeExecutionError, match=f"conditions for paint: .*{message}") as caught:
        evaluate_automation_conditions(paint(condition), instance)

    assert isinstance(caught.value.__cause__, cause)
