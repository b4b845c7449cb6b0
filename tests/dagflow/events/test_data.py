"""The data of events."""

from __future__ import annotations

from dagflow import SerializableErrorInfo
from dagflow.events.data import ErrorSource, StepFailureData


def test_what_people_are_shown_of_a_failure():
    """For an error of user code the message of the wrapper is followed by the user's exception."""
    theirs = SerializableErrorInfo("ValueError: spilt\n", ["frame\n"], "ValueError")
    ours = SerializableErrorInfo("Wrapper: op 'brew'\n", ["frame\n"], "Wrapper", theirs)

    shown = StepFailureData(ours, None, ErrorSource.USER_CODE_ERROR).error_display_string
    assert shown == f"Wrapper: op 'brew':\n\n{theirs.to_string()}"
    assert StepFailureData(ours, None, ErrorSource.FRAMEWORK_ERROR).error_display_string == ours.to_string()
    assert StepFailureData(None).error_display_string == ""
