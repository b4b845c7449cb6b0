"""Metadata that user code adds to its own output."""

from __future__ import annotations

import pytest

from dagflow import DagflowInvalidMetadata, IntMetadataValue, build_op_context, job, op


@op
def count(context):
    """Add the number of elements as metadata, and read it again."""
    context.add_output_metadata({"cups": 3})
    return context.get_output_metadata("result")


def test_user_code_reads_what_it_wrote():
    """The metadata is readable in a direct call and in a run."""

    @job
    def j():
        count()

    context = build_op_context()
    assert count(context) == {"cups": 3}
    assert context.get_output_metadata("result") == {"cups": 3}
    assert j.execute_in_process().output_for_node("count") == {"cups": 3}


def test_events_have_metadata_values():
    """Metadata in events consists of metadata values."""

    @job
    def j():
        count()

    (event,) = (event for event in j.execute_in_process().all_events if event.is_successful_output)

    assert event.event_specific_data.metadata == {"cups": IntMetadataValue(3)}


def test_a_value_that_cannot_be_metadata_is_refused_where_it_is_added():
    """The traceback has the line that added it."""

    @op
    def wrong(context):
        context.add_output_metadata({"cups": object()})

    with pytest.raises(DagflowInvalidMetadata, match="cups"):
        wrong(build_op_context())
