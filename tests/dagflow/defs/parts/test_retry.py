"""The wait of a failed step before a retry."""

from __future__ import annotations

import random
from typing import Any

import pytest

from dagflow import Backoff, Jitter, RetryPolicy
from dagflow.errors import DagflowInvalidDefinitionError, ParameterCheckError


@pytest.mark.parametrize(
    ("backoff", "waits"),
    [(None, [0.1] * 4), (Backoff.LINEAR, [0.1, 0.2, 0.3, 0.4]), (Backoff.EXPONENTIAL, [0.1, 0.3, 0.7, 1.5])],
)
def test_waits(backoff: Backoff | None, waits: list[float]) -> None:
    """The wait is `delay`, `delay * n`, or `delay * (2**n - 1)` before retry n."""
    policy = RetryPolicy(max_retries=4, delay=0.1, backoff=backoff)
    assert [policy.calculate_delay(n) for n in (1, 2, 3, 4)] == pytest.approx(waits)


def test_no_delay_is_no_wait() -> None:
    """The default is one retry without a wait."""
    assert RetryPolicy().max_retries == 1
    assert RetryPolicy().calculate_delay(1) == 0


@pytest.mark.parametrize(("jitter", "low", "high"), [(Jitter.FULL, 0, 7), (Jitter.PLUS_MINUS, 6, 8)])
def test_jitter(jitter: Jitter, low: float, high: float) -> None:
    """The wait is between 0 and the wait, or within one delay of it, by the given random generator."""
    policy = RetryPolicy(max_retries=3, delay=1, backoff=Backoff.EXPONENTIAL, jitter=jitter)
    waits = [policy.calculate_delay(3, random.Random(seed)) for seed in range(200)]

    assert low <= min(waits) < low + 0.5
    assert high - 0.5 < max(waits) <= high
    assert policy.calculate_delay(3, random.Random(1)) == policy.calculate_delay(3, random.Random(1))
    assert low <= policy.calculate_delay(3) <= high


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"backoff": Backoff.LINEAR}, DagflowInvalidDefinitionError, "'backoff' needs a 'delay'"),
        ({"jitter": Jitter.FULL}, DagflowInvalidDefinitionError, "'jitter' needs a 'delay'"),
        ({"delay": -1}, DagflowInvalidDefinitionError, "'delay' must be a finite .* but is -1"),
        ({"delay": float("inf")}, DagflowInvalidDefinitionError, "'delay' must be a finite .* but is inf"),
        ({"delay": float("nan")}, DagflowInvalidDefinitionError, "'delay' must be a finite .* but is nan"),
        ({"max_retries": -1}, DagflowInvalidDefinitionError, "'max_retries' must not be negative"),
        ({"delay": "1"}, ParameterCheckError, "'delay' must be a number of seconds, not '1'"),
        ({"delay": True}, ParameterCheckError, "'delay'"),
        ({"max_retries": "1"}, ParameterCheckError, "'max_retries' must be of type 'int'"),
        ({"delay": 1, "backoff": "LINEAR"}, ParameterCheckError, "'backoff'"),
        ({"delay": 1, "jitter": "FULL"}, ParameterCheckError, "'jitter'"),
    ],
)
def test_policies_that_are_none(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    """Invalid policies raise when they are created."""
    with pytest.raises(error, match=message):
        RetryPolicy(**arguments)


def test_policies_are_values() -> None:
    """They are equal by content, and can be keys of dicts."""
    assert len({RetryPolicy(2), RetryPolicy(max_retries=2), RetryPolicy(3)}) == 2
