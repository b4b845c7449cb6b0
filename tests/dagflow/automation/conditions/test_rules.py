"""Tests of the rules of AutoMaterializePolicy: the requests of each history."""

from __future__ import annotations

import pytest
from histories import World

import dagflow
from dagflow import AutoMaterializePolicy, AutoMaterializeRule

EAGER, LAZY = AutoMaterializePolicy.eager(), AutoMaterializePolicy.lazy()
UNLIMITED = AutoMaterializePolicy.eager(None)
RULE = AutoMaterializeRule
CRON = "0 * * * *"


def of(*rules):
    """Return a policy of rules without a limit."""
    return AutoMaterializePolicy(set(rules), None)


CASES = [
    ("a = {}", EAGER, "E E +a E", "a, ., ."),
    ("a; b(a) = {}", EAGER, "E +a E E +b E +a E +b E", "., b, ., ., b, ."),
    ("a; z; b(a,z) = {}", EAGER, "E +a E +z E +b E +a E +z E", "., ., b, ., b, b"),
    ("a; b(a) = {}", LAZY, "E +a E E", "., ., ."),
    ("a@xy = {}", EAGER, "E E E", "a:x, ., ."),
    ("a@xy = {}", UNLIMITED, "E E +a:x E", "a:x+y, ., ."),
    ("a@daily7 = {}", EAGER, "E E", "a:01-09, ."),
    ("a@daily7; b(a) = {}", UNLIMITED, "E +a:01-07 E +a:* E E", "., ., b, ."),
    ("a; b(a) = {}", of(RULE.materialize_on_missing()), "E +a E +b E", "., b, ."),
    ("a; b(a) = {}", of(RULE.materialize_on_parent_updated()), "+b +a E E +b E", "b, ., ."),
    ("a = {}", of(RULE.materialize_on_cron(CRON)), "@01:05 E E @02:05 E @03:05 +a E", "a, ., a, ."),
    (
        "r; a(r); b(a) = {}",
        of(RULE.materialize_on_parent_updated(), RULE.skip_on_parent_outdated()),
        "+r +a +b E +r E +a E +b +r +a +r E +a E",
        "., ., b, ., b",
    ),
    (
        "a; z; b(a,z) = {}",
        of(RULE.materialize_on_parent_updated(), RULE.skip_on_not_all_parents_updated()),
        "E +a E +z E +b E +a E +z E",
        "., ., b, ., ., b",
    ),
    (
        "a; b(a) = {}",
        of(RULE.materialize_on_cron(CRON), RULE.skip_on_not_all_parents_updated_since_cron(CRON)),
        "@01:05 E +a E @02:05 E +a E E",
        "., b, ., b, .",
    ),
    (
        "a@daily7; b(a-1)@daily7 = {}",
        of(RULE.materialize_on_parent_updated(), RULE.skip_on_required_but_nonexistent_parents()),
        "E +a:* E",
        "., b:01-08+01-09",
    ),
    ("a = {}", of(RULE.materialize_on_missing(), RULE.skip_on_run_in_progress()), "run:a{E} E", "., ."),
]


@pytest.mark.parametrize(("definitions", "policy", "history", "requested"), CASES)
def test_the_requests_of_a_policy(monkeypatch, definitions, policy, history, requested):
    """Each history of a policy makes these requests."""
    condition = policy.to_automation_condition()
    monkeypatch.setattr(World, "condition_of", lambda self, text: condition if text else None)

    assert World(dagflow, definitions).run(history) == requested
