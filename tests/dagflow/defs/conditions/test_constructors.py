"""The static constructors of automation conditions: names, labels, parts and checks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dagflow import AssetKey, AutomationCondition, CheckError, ParameterCheckError

A = AutomationCondition
MISSING = A.missing()
PLAIN = [
    "missing",
    "run_in_progress",
    "backfill_in_progress",
    "execution_failed",
    "newly_updated",
    "newly_requested",
    "initial_evaluation",
    "code_version_changed",
    "data_version_changed",
    "will_be_requested",
    "executed_with_root_target",
    "check_passed",
    "check_failed",
]


@pytest.mark.parametrize("name", PLAIN)
def test_plain_conditions(name):
    """The name of a condition without arguments is the name of its constructor."""
    condition = getattr(A, name)()

    assert (condition.name, condition.get_label(), condition.children) == (name, None, [])


@pytest.mark.parametrize("name", ["freshness_passed", "freshness_warned", "freshness_failed"])
def test_conditions_of_freshness(name):
    """Conditions of freshness have their name as a label too."""
    condition = getattr(A, name)()

    assert (condition.name, condition.get_label()) == (name, name)


@pytest.mark.parametrize(
    ("condition", "name"),
    [
        (A.any_downstream_conditions(), "ANY_DOWNSTREAM_CONDITIONS"),
        (A.cron_tick_passed("0 * * * *"), "cron_tick_passed(cron_schedule=0 * * * *, cron_timezone=UTC)"),
        (
            A.cron_tick_passed("@daily", "America/New_York"),
            "cron_tick_passed(cron_schedule=@daily, cron_timezone=America/New_York)",
        ),
        (A.in_latest_time_window(), "in_latest_time_window"),
        (A.in_latest_time_window(timedelta(hours=1)), "in_latest_time_window(lookback_timedelta=1:00:00)"),
        (A.executed_with_tags(), "executed_with_tags"),
        (
            A.executed_with_tags(tag_keys={"b", "a"}, tag_values={"x": "y"}),
            "executed_with_tags(tag_keys={a,b}, tag_values={x:y})",
        ),
        (A.any_new_update_has_run_tags(tag_keys={"a"}), "any_new_update_has_run_tags(tag_keys={a})"),
        (
            A.all_new_updates_have_run_tags(tag_values={"a": "b"}),
            "all_new_updates_have_run_tags(tag_values={a:b})",
        ),
        (A.any_deps_match(MISSING), "ANY_DEPS_MATCH"),
        (A.all_deps_match(MISSING), "ALL_DEPS_MATCH"),
        (A.any_deps_match(MISSING).resolve_through_virtual(), "ANY_DEPS_MATCH(resolves_virtual_deps=True)"),
        (A.any_checks_match(MISSING), "ANY_CHECKS_MATCH"),
        (A.all_checks_match(MISSING, blocking_only=True), "ALL_CHECKS_MATCH(blocking_only=True)"),
        (A.asset_matches("a/b", MISSING), "a/b"),
        (A.any_job_root_assets_match(MISSING), "ANY_JOB_ROOT_ASSETS_MATCH"),
        (A.all_job_root_assets_match(MISSING), "ALL_JOB_ROOT_ASSETS_MATCH"),
    ],
)
def test_names_with_arguments(condition, name):
    """The name of a condition has its arguments."""
    assert condition.name == name


@pytest.mark.parametrize(
    ("condition", "description"),
    [
        (A.in_latest_time_window(), "Within latest time window"),
        (
            A.in_latest_time_window(timedelta(hours=1)),
            "Within 1:00:00 of the end of the latest time window",
        ),
        (A.will_be_requested(), "Will be requested this tick"),
        (A.any_downstream_conditions(), "Any downstream conditions"),
    ],
)
def test_descriptions(condition, description):
    """A few conditions have a description."""
    assert condition.description == description


def test_conditions_of_other_assets():
    """The conditions of dependencies, root assets and another asset are children, those of checks are not."""
    assert A.any_deps_match(MISSING).children == [MISSING]
    assert A.all_job_root_assets_match(MISSING).children == [MISSING]
    assert A.asset_matches(["a", "b"], MISSING).children == [MISSING]
    assert A.asset_matches("a/b", MISSING).key == AssetKey(["a/b"])
    assert A.any_checks_match(MISSING).children == []
    assert A.all_job_root_assets_match(MISSING).get_label() == "all_job_root_assets_match(missing)"


HANDLED = (A.newly_requested() | A.newly_updated() | A.initial_evaluation()).with_label("handled")
UPDATED = A.newly_updated() & ~A.executed_with_root_target()
DEPS_UPDATED = A.any_deps_match(UPDATED.with_label("newly_updated_without_root") | A.will_be_requested())
DEPS_MISSING = A.any_deps_match(MISSING & ~A.will_be_requested())
RUNNING = (A.run_in_progress() | A.backfill_in_progress()).with_label("in_progress")
TICK = A.cron_tick_passed("0 9 * * *")
ALL_SINCE_CRON = A.all_deps_match(A.newly_updated().since(TICK) | A.will_be_requested())
PASSED = A.all_checks_match(A.check_passed() | A.will_be_requested(), blocking_only=True)


@pytest.mark.parametrize(
    ("condition", "expected", "label"),
    [
        (A.in_progress(), RUNNING, "in_progress"),
        (A.newly_missing(), MISSING.newly_true(), "newly_missing"),
        (MISSING.since_last_handled(), MISSING.since(HANDLED), None),
        (A.any_deps_updated(), DEPS_UPDATED, "any_deps_updated"),
        (A.any_deps_missing(), DEPS_MISSING, "any_deps_missing"),
        (A.any_deps_in_progress(), A.any_deps_match(RUNNING), "any_deps_in_progress"),
        (
            A.all_deps_updated_since_cron("0 9 * * *"),
            ALL_SINCE_CRON,
            "all_deps_updated_since_cron(0 9 * * *, UTC)",
        ),
        (
            A.all_deps_blocking_checks_passed(),
            A.all_deps_match(PASSED.with_label("all_blocking_checks_passed")),
            "all_deps_blocking_checks_passed",
        ),
        (
            A.eager(),
            A.in_latest_time_window()
            & (A.newly_missing() | A.any_deps_updated()).since(HANDLED)
            & ~A.any_deps_missing()
            & ~A.any_deps_in_progress()
            & ~A.in_progress(),
            "eager",
        ),
        (
            A.on_missing(),
            A.in_latest_time_window()
            & MISSING.newly_true().since(HANDLED).with_label("missing_since_last_handled")
            & ~A.any_deps_missing(),
            "on_missing",
        ),
        (
            A.on_cron("0 9 * * *"),
            A.in_latest_time_window()
            & TICK.since(HANDLED)
            & ALL_SINCE_CRON.with_label("all_deps_updated_since_cron(0 9 * * *, UTC)"),
            "on_cron(0 9 * * *, UTC)",
        ),
    ],
)
def test_composites(condition, expected, label):
    """Composites consist of other conditions, under a label."""
    assert condition == expected.with_label(label)


@pytest.mark.parametrize(
    "make",
    [
        lambda: A.cron_tick_passed("x"),
        lambda: A.cron_tick_passed("0 9 * * * *"),
        lambda: A.cron_tick_passed(3),
        lambda: A.cron_tick_passed("0 9 * * *", "X/Y"),
        lambda: A.on_cron("x"),
        lambda: A.all_deps_updated_since_cron("x"),
        lambda: A.in_latest_time_window(3),
        lambda: A.executed_with_tags(tag_keys="ab"),
        lambda: A.executed_with_tags(tag_keys=["ab"]),
        lambda: A.any_deps_match(MISSING).resolve_through_virtual(3),
        lambda: A.any_deps_match(MISSING).allow("a"),
        lambda: A.eager().ignore(3),
    ],
)
def test_types_are_checked(make):
    """An argument of the wrong type, an invalid expression and an unknown zone are refused."""
    with pytest.raises(ParameterCheckError):
        make()


@pytest.mark.parametrize("tags", [{"tag_keys": {1}}, {"tag_values": {"a": 1}}, {"tag_values": {1: "a"}}])
def test_tags_are_strings(tags):
    """The tags in a condition are strings."""
    with pytest.raises(CheckError, match="must be strings"):
        A.any_new_update_has_run_tags(**tags)
