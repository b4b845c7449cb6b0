"""The older policies and rules of automation as values."""

from __future__ import annotations

import pickle

import pytest

from dagflow import (
    AutoMaterializeAssetPartitionsFilter,
    AutoMaterializePolicy,
    AutoMaterializeRule,
    AutomationCondition,
    CheckError,
    ParameterCheckError,
    deserialize_value,
    serialize_value,
)

P, R = AutoMaterializePolicy, AutoMaterializeRule
EAGER = AutomationCondition.eager()
RULES = [
    (R.materialize_on_missing(), "MATERIALIZE", "materialization is missing"),
    (
        R.materialize_on_parent_updated(),
        "MATERIALIZE",
        "upstream data has changed since latest materialization",
    ),
    (
        R.materialize_on_parent_updated(AutoMaterializeAssetPartitionsFilter({"a": "b"})),
        "MATERIALIZE",
        "upstream data has changed since latest materialization and matches filter "
        "'latest run includes required tags: {'a': 'b'}'",
    ),
    (
        R.materialize_on_cron("0 0 * * *"),
        "MATERIALIZE",
        "not materialized since last cron schedule tick of '0 0 * * *' (timezone: UTC)",
    ),
    (
        R.materialize_on_required_for_freshness(),
        "MATERIALIZE",
        "required to meet this or downstream asset's freshness policy",
    ),
    (R.skip_on_parent_missing(), "SKIP", "waiting on upstream data to be present"),
    (R.skip_on_parent_outdated(), "SKIP", "waiting on upstream data to be up to date"),
    (R.skip_on_required_but_nonexistent_parents(), "SKIP", "required parent partitions do not exist"),
    (R.skip_on_backfill_in_progress(), "SKIP", "targeted by an in-progress backfill"),
    (R.skip_on_run_in_progress(), "SKIP", "in-progress run for asset"),
    (R.skip_on_not_all_parents_updated(), "SKIP", "waiting on upstream data to be updated"),
    (
        R.skip_on_not_all_parents_updated_since_cron("0 0 * * *"),
        "SKIP",
        "waiting until all upstream assets have updated since the last cron schedule tick of "
        "'0 0 * * *' (timezone: UTC)",
    ),
]


@pytest.mark.parametrize(("rule", "decision", "description"), RULES)
def test_rules(rule, decision, description):
    """A rule has a decision and a description, and comes back from JSON and a pickle."""
    assert (rule.decision_type.value, rule.description) == (decision, description)
    assert deserialize_value(serialize_value(rule)) == rule == pickle.loads(pickle.dumps(rule))


def test_rules_are_compared_by_value():
    """Rules are equal by kind and arguments, so a set holds equal ones once."""
    assert R.materialize_on_missing() == R.materialize_on_missing() != R.skip_on_parent_missing()
    assert R.materialize_on_cron("@daily") != R.materialize_on_cron("@hourly")
    assert len({R.skip_on_backfill_in_progress(), R.skip_on_backfill_in_progress(True)}) == 2


@pytest.mark.parametrize(
    "make",
    [
        lambda: R("unknown", {}),
        lambda: R.materialize_on_cron("x"),
        lambda: R.materialize_on_cron("0 0 * * *", "X/Y"),
        lambda: R.materialize_on_cron("0 0 * * *", all_partitions=3),
        lambda: R.skip_on_not_all_parents_updated_since_cron("x"),
        lambda: R.materialize_on_parent_updated(3),
        lambda: R.skip_on_not_all_parents_updated("x"),
        lambda: R.skip_on_backfill_in_progress(3),
    ],
)
def test_arguments_of_rules_are_checked(make):
    """An argument of the wrong type and an invalid schedule are refused."""
    with pytest.raises(ParameterCheckError):
        make()


def test_tags_of_a_filter():
    """The tags of a filter are strings, or None."""
    assert AutoMaterializeAssetPartitionsFilter(None).latest_run_required_tags is None
    with pytest.raises(CheckError, match="must be strings"):
        AutoMaterializeAssetPartitionsFilter({"a": 1})


def test_usual_policies():
    """The eager policy has two rules more than the lazy one."""
    lazy, eager = P.lazy(), P.eager()

    assert eager.rules - lazy.rules == {R.materialize_on_missing(), R.materialize_on_parent_updated()}
    assert lazy.materialize_rules == {R.materialize_on_required_for_freshness()}
    assert (
        lazy.skip_rules
        == eager.skip_rules
        == {
            R.skip_on_parent_missing(),
            R.skip_on_parent_outdated(),
            R.skip_on_required_but_nonexistent_parents(),
            R.skip_on_backfill_in_progress(),
        }
    )
    assert (lazy.policy_type.name, eager.policy_type.value) == ("LAZY", "EAGER")
    assert (P.eager().max_materializations_per_minute, P.lazy(None).max_materializations_per_minute) == (
        1,
        None,
    )


def test_rules_are_added_and_removed():
    """A copy has other rules, and the policy itself keeps its own."""
    cron = R.materialize_on_cron("@daily")
    policy = P.lazy()

    assert policy.with_rules(cron).rules == policy.rules | {cron}
    assert policy.with_rules(cron).without_rules(cron) == policy == policy.with_rules()
    with pytest.raises(ParameterCheckError, match="skip_on_run_in_progress"):
        policy.without_rules(R.skip_on_run_in_progress())


@pytest.mark.parametrize(
    "make",
    [
        lambda: P(set()),
        lambda: P(None),
        lambda: P({R.materialize_on_missing()}, None, EAGER),
        lambda: P(None, 1, EAGER),
        lambda: P({1}),
        lambda: P([R.materialize_on_missing()]),
        lambda: P.eager(0),
        lambda: P.eager(-1),
        lambda: P.eager("x"),
        lambda: P.lazy().with_rules(3),
        lambda: P.from_automation_condition(3),
        lambda: P.from_automation_condition(EAGER).with_rules(R.materialize_on_missing()),
    ],
)
def test_arguments_of_policies_are_checked(make):
    """A policy has either rules or a condition, each of the right type, and a limit of 1 or more."""
    with pytest.raises(CheckError):
        make()


def test_the_policy_of_a_condition():
    """A condition becomes a policy without rules, and comes back."""
    policy = P.from_automation_condition(EAGER)

    assert (policy.rules, policy.max_materializations_per_minute) == (frozenset(), None)
    assert policy.to_automation_condition() == EAGER
    assert policy == EAGER.as_auto_materialize_policy() == P(set(), None, EAGER)


def test_the_condition_of_a_policy():
    """Some rule to materialize, no rule to wait, and the limit if there is one."""
    materialize, skip, limit = P.eager(3).to_automation_condition().children

    assert {rule.name for rule in materialize.children} == {rule.kind for rule in P.eager().materialize_rules}
    assert {rule.name for rule in skip.children[0].children} == {rule.kind for rule in P.eager().skip_rules}
    assert limit.children[0].description == "exceeds 3 materialization(s) per minute"
    assert len(P.eager(None).to_automation_condition().children) == 2
    assert P.eager().to_automation_condition() == P.eager().to_automation_condition()


def test_policies_are_stored():
    """Policies come back equal from JSON, with their conditions too."""
    for policy in (P.eager(), P.lazy(None), P.from_automation_condition(EAGER)):
        assert deserialize_value(serialize_value(policy)) == policy
    condition = P.eager().to_automation_condition()
    assert deserialize_value(serialize_value(condition)) == condition
