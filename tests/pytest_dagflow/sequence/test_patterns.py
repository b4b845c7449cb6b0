"""Tests of patterns, which read the fields of events by the event catalogue."""

from __future__ import annotations

import re

import pytest

from dagflow import (
    AssetKey,
    AssetMaterialization,
    DagflowError,
    DagflowEvent,
    DagflowEventType,
    RetryPolicy,
    job,
    op,
)
from dagflow.events.check import AssetCheckEvaluation
from dagflow.events.data import StepInputData, StepMaterializationData, TypeCheckData
from dagflow.testing import event_catalogue
from pytest_dagflow.sequence.patterns import as_pattern, pattern_of, read_field

CUP = AssetKey(["shop", "cup"])


def event_with(kind: str, data: object) -> DagflowEvent:
    """Return an event of the step "brew" with this data."""
    return DagflowEvent(kind, "cafe", step_key="brew", event_specific_data=data)


@pytest.mark.parametrize("name", event_catalogue())
def test_each_type_has_the_pattern_of_an_event_without_data(name: str) -> None:
    """Missing values are not part of the pattern."""
    assert pattern_of(DagflowEvent(DagflowEventType[name], "cafe")).fields == {}


@pytest.mark.parametrize("row", event_catalogue().values(), ids=list(event_catalogue()))
def test_a_step_after_the_colon_needs_a_type_with_steps(row) -> None:
    """A pattern that can never match is an error."""
    if row.has_step:
        assert as_pattern(f"{row.name}:brew").fields == {"step": "brew"}
    else:
        with pytest.raises(DagflowError, match=f"{row.name} has no step"):
            as_pattern(f"{row.name}:brew")


def test_an_asset_key_is_read_as_a_string() -> None:
    """The path of a field leads through the data of the event; an unknown field is None."""
    event = event_with("ASSET_MATERIALIZATION", StepMaterializationData(AssetMaterialization(CUP)))

    assert read_field(event, "key") == "shop/cup"
    assert read_field(event, "step") == "brew"
    assert read_field(event, "passed") is None


def test_the_pattern_of_an_event_names_what_identifies_it() -> None:
    """The short forms without step are preferred; a type check is shown only if it failed."""
    materialized = AssetMaterialization(CUP, partition="a", metadata={"rows": 1})
    check = AssetCheckEvaluation(CUP, "is_warm", passed=True, metadata={})

    for kind, data, text in [
        (
            "ASSET_MATERIALIZATION",
            StepMaterializationData(materialized),
            'materialization("shop/cup", partition="a")',
        ),
        ("ASSET_CHECK_EVALUATION", check, 'check("shop/cup", "is_warm", passed=True)'),
        ("STEP_INPUT", StepInputData("cup", TypeCheckData(True, "cup")), 'step_input("brew", "cup")'),
        (
            "STEP_INPUT",
            StepInputData("cup", TypeCheckData(False, "cup")),
            'step_input("brew", "cup", passed=False)',
        ),
        ("STEP_SUCCESS", None, 'step_success("brew")'),
    ]:
        assert re.sub("^ev.", "", repr(pattern_of(event_with(kind, data)))) == text


def test_the_attempt_identifies_a_restart() -> None:
    """Only the pattern of STEP_RESTARTED has the attempt, because a step may restart several times."""

    @op(retry_policy=RetryPolicy(max_retries=1))
    def brew(context):
        if context.retry_number == 0:
            raise ValueError("the water was cold")

    @job
    def cafe():
        brew()

    patterns = [repr(pattern_of(event)) for event in cafe.execute_in_process().all_events]

    assert 'ev.step_up_for_retry("brew", error="ValueError")' in patterns
    assert 'ev.step_restarted("brew", attempt=2)' in patterns
    assert 'ev.step_success("brew")' in patterns
