"""Backfill policies: their kinds, their checks and their equality."""

from __future__ import annotations

import pytest

from dagflow import BackfillPolicy, ParameterCheckError, deserialize_value, serialize_value


@pytest.mark.parametrize(
    ("policy", "maximum", "kind", "text"),
    [
        (BackfillPolicy(), 1, "MULTI_RUN", "BackfillPolicy.multi_run(max_partitions_per_run=1)"),
        (BackfillPolicy(None), None, "SINGLE_RUN", "BackfillPolicy.single_run()"),
        (BackfillPolicy.single_run(), None, "SINGLE_RUN", "BackfillPolicy.single_run()"),
        (BackfillPolicy.multi_run(), 1, "MULTI_RUN", "BackfillPolicy.multi_run(max_partitions_per_run=1)"),
        (BackfillPolicy.multi_run(9), 9, "MULTI_RUN", "BackfillPolicy.multi_run(max_partitions_per_run=9)"),
    ],
)
def test_kinds(policy, maximum, kind, text):
    """A policy without a largest number is a single run; every other one is several runs."""
    assert policy.max_partitions_per_run == maximum
    assert (policy.policy_type.name, policy.policy_type.value) == (kind, kind)
    assert str(policy) == text
    assert repr(policy) == f"BackfillPolicy(max_partitions_per_run={maximum})"


def test_equal_by_value():
    """Policies with the same number are equal, have one hash, and come back from JSON."""
    assert BackfillPolicy.single_run() == BackfillPolicy(None) != BackfillPolicy(1)
    assert hash(BackfillPolicy(2)) == hash(BackfillPolicy.multi_run(2))
    assert deserialize_value(serialize_value(BackfillPolicy(2))) == BackfillPolicy(2)


@pytest.mark.parametrize(
    "make",
    [
        lambda: BackfillPolicy("3"),
        lambda: BackfillPolicy(1.5),
        lambda: BackfillPolicy.multi_run("3"),
        lambda: BackfillPolicy.multi_run(None),
    ],
)
def test_a_number_is_required(make):
    """A number of another type is refused, and multi_run needs one."""
    with pytest.raises(ParameterCheckError, match="max_partitions_per_run"):
        make()
