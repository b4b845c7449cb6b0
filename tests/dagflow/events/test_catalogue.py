"""The catalogue of events is complete, and all names in it exist."""

from __future__ import annotations

import re

import pytest

from dagflow import DagflowEvent, DagflowEventType
from dagflow.events.catalogue import CATALOGUE, EventRow, event_catalogue
from dagflow.events.record import json_form
from dagflow.events.types import CODE
from dagflow.events.user import UserEvent

ROWS = pytest.mark.parametrize("row", CATALOGUE.values(), ids=list(CATALOGUE))


def test_one_row_for_each_type_in_order() -> None:
    """The rows are the event types, in the order of the enum."""
    assert list(CATALOGUE) == [kind.name for kind in DagflowEventType]


@ROWS
def test_the_data_of_a_type_can_be_stored(row: EventRow) -> None:
    """The class of the data is a storable class."""
    assert row.data is None or row.data in json_form().names()


@ROWS
def test_fields_have_known_kinds_and_different_names(row: EventRow) -> None:
    """Each field has a unique name and a kind that the test functions support."""
    kinds = {"step", "number", "message", "error", "metadata", "flag", "text", "text or none", "asset key"}

    names = [field.name for field in row.fields]
    assert len(set(names)) == len(names)
    assert {field.kind for field in row.fields} <= kinds


@ROWS
def test_a_description_completes_a_sentence(row: EventRow) -> None:
    """The description is a clause without a capital letter and a full stop, so that it can end a
    docstring.
    """
    assert re.fullmatch(r"[a-z].*[a-z]", row.description)


@ROWS
def test_events_of_a_step_have_a_step_field(row: EventRow) -> None:
    """Events of steps and hooks have a step field; events of the run do not."""
    if {"step", "hook"} & set(row.belongs_to):
        assert row.has_step
    if "run" in row.belongs_to:
        assert not row.has_step


def test_the_catalogue_is_read_only() -> None:
    """The rows cannot be changed through the public view."""
    with pytest.raises(TypeError):
        event_catalogue()["RUN_START"] = CATALOGUE["RUN_SUCCESS"]  # type: ignore[index]


def test_a_field_is_read_from_the_event_or_its_data() -> None:
    """A path with a leading dot begins at the event; a missing attribute is None."""
    fields = {field.name: field for field in CATALOGUE["STEP_OUTPUT"].fields}
    event = DagflowEvent("STEP_OUTPUT", "cafe", step_key="brew")

    assert fields["step"].read(event) == "brew"
    assert fields["passed"].read(event) is None


def test_user_events_become_known_types() -> None:
    """Each class that user code can log has an event type that belongs to a step."""
    classes = [UserEvent]
    for cls in classes:
        classes += cls.__subclasses__()

    for cls in classes[1:]:
        assert "step" in CATALOGUE[cls.becomes].belongs_to


def test_a_log_writes_each_type_by_its_position() -> None:
    """The code of a type is the position of its row."""
    assert [CODE[DagflowEventType[name]] for name in CATALOGUE] == list(range(len(CATALOGUE)))
