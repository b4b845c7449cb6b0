"""Tests of `evaluate_automation_conditions`: its arguments, its result, jobs, and errors in conditions."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from dagflow import (
    AssetCheckKey,
    AssetJobKey,
    AssetKey,
    AssetMaterialization,
    AssetSelection,
    AssetSpec,
    AutomationCondition,
    DagflowInstance,
    DagflowInvalidCursorError,
    DagflowUserCodeExecutionError,
    DailyPartitionsDefinition,
    Definitions,
    ParameterCheckError,
    StaticPartitionsDefinition,
    asset,
    asset_check,
    define_asset_job,
    deserialize_value,
    evaluate_automation_conditions,
    multi_asset,
    serialize_value,
)

MISSING = AutomationCondition.missing()
ROOTS_MISSING = AutomationCondition.all_job_root_assets_match(MISSING)
COLOURS = StaticPartitionsDefinition(["red", "blue"])


@pytest.fixture
def instance():
    """Return an instance in memory."""
    with DagflowInstance.ephemeral() as made:
        yield made


def made(name, condition=None, deps=(), **facts):
    """Return an asset."""
    return asset(name=name, automation_condition=condition, deps=list(deps), **facts)(lambda: None)


def test_the_result_counts_by_key(instance):
    """The requests are found by a key or its string; an unknown key has none."""
    result = evaluate_automation_conditions([made("a", MISSING), made("b")], instance)

    assert result.get_requested_partitions(AssetKey("a")) == {None}
    assert (result.get_num_requested("a"), result.get_num_requested("b"), result.get_num_requested("no")) == (
        1,
        0,
        0,
    )
    assert repr(result) == "<EvaluateAutomationConditionsResult with 1 requests>"


def test_the_result_of_a_check_is_found(instance):
    """A requested check is found by its key."""

    @asset_check(asset="a", automation_condition=MISSING)
    def fresh(): ...

    result = evaluate_automation_conditions(Definitions([made("a")], asset_checks=[fresh]), instance)

    assert result.get_requested_partitions(AssetCheckKey(AssetKey("a"), "fresh")) == {None}


def test_what_always_runs_together_is_requested_together(instance):
    """An asset of a definition that cannot be divided is requested with its sibling, and not counted."""
    specs = [AssetSpec("a", automation_condition=MISSING), AssetSpec("b")]
    both = multi_asset(specs=specs, name="both")(lambda: None)
    later = made("c", AutomationCondition.any_deps_match(AutomationCondition.will_be_requested()), ["b"])

    result = evaluate_automation_conditions([both, later], instance)

    assert result.total_requested == 2
    assert result.get_requested_partitions("b") == result.get_requested_partitions("c") == {None}


def test_the_tree_of_results(instance):
    """Each result has the results of its operands, and a dependency has its own."""
    condition = AutomationCondition.any_deps_match(MISSING) & ~MISSING
    instance.report_runless_asset_event(AssetMaterialization("b"))
    (result,) = evaluate_automation_conditions([made("a"), made("b", condition, ["a"])], instance).results

    deps, negation = result.child_results
    (dep,) = deps.child_results
    assert [one.condition.name for one in (result, deps, dep, negation)] == [
        "AND",
        "ANY_DEPS_MATCH",
        "a",
        "NOT",
    ]
    assert dep.child_results[0].key == AssetKey("a")
    assert result.true_subset.size == 1
    assert repr(negation) == "<AutomationResult of NOT: EntitySubset<AssetKey(['b'])>(True)>"


def test_a_job_is_requested_by_its_roots(instance):
    """A job with a condition about its root assets is requested, by partition, unless assets are selected."""
    assets = [made("a", partitions_def=COLOURS), made("b", deps=["a"], partitions_def=COLOURS)]
    job = define_asset_job("nightly", [*assets], automation_condition=ROOTS_MISSING)
    defs = Definitions(assets, jobs=[job])
    instance.report_runless_asset_event(AssetMaterialization("a", partition="red"))

    result = evaluate_automation_conditions(defs, instance)
    selected = evaluate_automation_conditions(defs, instance, AssetSelection.all())

    assert result.get_requested_partitions(AssetJobKey("nightly")) == {"blue"}
    assert selected.total_requested == 0


def test_a_job_itself_is_not_executed(instance):
    """A condition about executions is refused if a job itself is asked."""
    job = define_asset_job("nightly", ["a"], automation_condition=ROOTS_MISSING & AutomationCondition.eager())

    with pytest.raises(DagflowUserCodeExecutionError, match="not about job 'nightly'"):
        evaluate_automation_conditions(Definitions([made("a")], jobs=[job]), instance)


@pytest.mark.parametrize("cursor", ["abc", 3, {"states": {}}])
def test_another_object_is_no_cursor(instance, cursor):
    """A cursor that no evaluation returned is refused."""
    with pytest.raises(DagflowInvalidCursorError, match="give the 'cursor' of an earlier result"):
        evaluate_automation_conditions([made("a", MISSING)], instance, cursor=cursor)


@pytest.mark.parametrize(
    ("name", "value"), [("instance", None), ("asset_selection", "a"), ("evaluation_time", 3), ("defs", 3)]
)
def test_an_argument_of_another_type_is_refused(instance, name, value):
    """An argument of a wrong type is refused, and the message names it."""
    arguments = {"defs": [made("a", MISSING)], "instance": instance, name: value}

    with pytest.raises(ParameterCheckError, match=f"parameter '{name}'"):
        evaluate_automation_conditions(**arguments)


def test_an_unknown_asset_is_named(instance):
    """`asset_matches` of an unknown asset is an error that names both assets."""
    condition = AutomationCondition.asset_matches("beens", MISSING)

    with pytest.raises(
        DagflowUserCodeExecutionError, match=r"conditions for coffee.*'beens'.*not in the definitions"
    ):
        evaluate_automation_conditions([made("coffee", condition)], instance)


def test_a_time_without_zone_is_in_utc(instance):
    """A naive time is read in UTC, and decides which windows exist."""
    days = made("a", MISSING, partitions_def=DailyPartitionsDefinition("2024-01-01"))

    result = evaluate_automation_conditions([days], instance, evaluation_time=datetime(2024, 1, 3))

    assert result.get_requested_partitions("a") == {"2024-01-01", "2024-01-02"}
    assert result.cursor.evaluation_time == datetime(2024, 1, 3, tzinfo=timezone.utc).timestamp()


def test_other_partitions_are_a_first_evaluation(instance):
    """An asset with another partitions definition is evaluated for the first time; its states are dropped."""
    condition = AutomationCondition.initial_evaluation()
    first = evaluate_automation_conditions([made("a", condition)], instance)
    stored = deserialize_value(serialize_value(first.cursor))

    again = evaluate_automation_conditions([made("a", condition)], instance, cursor=stored)
    other = [made("a", condition, partitions_def=COLOURS)]
    changed = evaluate_automation_conditions(other, instance, cursor=stored)

    assert stored == first.cursor
    assert again.total_requested == 0
    assert changed.get_requested_partitions("a") == {"red", "blue"}


def test_an_unselected_asset_is_forgotten(instance):
    """After an evaluation without it, an asset is evaluated for the first time again."""
    assets = [made("a", AutomationCondition.initial_evaluation()), made("b", MISSING)]
    cursor = evaluate_automation_conditions(assets, instance).cursor
    chosen = evaluate_automation_conditions(assets, instance, AssetSelection.assets("b"), cursor=cursor)

    assert chosen.total_requested == 1
    assert evaluate_automation_conditions(assets, instance, cursor=chosen.cursor).total_requested == 2


def test_virtual_dependencies_are_looked_through(instance):
    """`resolve_through_virtual` asks the dependencies of virtual assets."""
    view = AssetSpec("view", deps=["a"], is_virtual=True)
    direct = AutomationCondition.any_deps_missing()
    assets = [
        made("a"),
        view,
        made("b", direct.resolve_through_virtual(), ["view"]),
        made("c", direct, ["view"]),
    ]
    instance.report_runless_asset_event(AssetMaterialization("a"))

    result = evaluate_automation_conditions(assets, instance)

    assert (result.get_num_requested("b"), result.get_num_requested("c")) == (0, 1)


@pytest.mark.parametrize(
    "unknown", [AssetSelection.assets("no"), AssetSelection.checks(AssetCheckKey(AssetKey("a"), "no"))]
)
def test_selections_of_unknown_keys_have_no_effect(instance, unknown):
    """`ignore` and `allow` may name an asset or check that the definitions do not have."""
    upstream, condition = made("a"), AutomationCondition.any_deps_match(MISSING)
    assets = [
        upstream,
        made("b", condition.ignore(unknown), ["a"]),
        made("c", condition.allow(unknown), ["a"]),
    ]

    result = evaluate_automation_conditions(assets, instance)
    assert (result.get_num_requested("b"), result.get_num_requested("c")) == (1, 0)
