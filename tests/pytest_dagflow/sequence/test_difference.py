"""Tests of the message of a failed assertion."""

from __future__ import annotations

import re

import pytest

from dagflow import DagflowEvent, Failure, job, op
from dagflow.events.data import (
    RunFailureReason,
    StepOutputData,
    StepOutputHandle,
    TypeCheckData,
)
from pytest_dagflow import assert_event_sequence, assert_succeeded, chain, ev, par
from pytest_dagflow.sequence.matchers import ANYTHING


def events(*texts):
    """Return events of a job without a run."""
    pairs = [text.split(":") for text in texts]
    return [DagflowEvent(kind, "cafe", step_key=step or None) for kind, step in pairs]


CUP = ("PIPELINE_START:", "STEP_START:beans", "STEP_SUCCESS:beans", "STEP_START:brew", "STEP_SUCCESS:brew")


def refused(patterns, *, mode="subsequence", seen=CUP):
    """Return the lines of the message of the failed assertion."""
    with pytest.raises(AssertionError) as caught:
        assert_event_sequence(events(*seen), patterns, mode=mode)
    return str(caught.value).split("\n")


def test_the_first_line_says_what_is_wrong():
    """The first line is the problem, because pytest's short summary shows only that line."""
    lines = refused(["STEP_START:beans", "STEP_FAILURE:brew"])

    assert lines[0] == (
        "ev.step_failure(\"brew\") is missing: step 'brew' has no STEP_FAILURE, only STEP_START, STEP_SUCCESS"
    )


def test_patterns_and_events_stand_side_by_side():
    """Matched patterns have a position, missing ones are in order, other events are counted."""
    lines = refused(["STEP_START:beans", "STEP_FAILURE:beans", "STEP_SUCCESS:brew"])

    at = lines.index(
        "3 patterns and the 5 events compared in mode 'subsequence' (= matched, - missing, + unexpected):"
    )
    assert [line[:46] for line in lines[at + 1 : at + 6]] == [
        "      ... 1 other event",
        '  = ev.step_start("beans")  (#2)',
        '  - ev.step_failure("beans")  is missing: step',
        "      ... 2 other events",
        '  = ev.step_success("brew")  (#5)',
    ]


def test_events_that_are_not_wanted_are_shown_in_the_strict_modes():
    """Unexpected events have a plus sign."""
    lines = refused(["STEP_START:beans", "STEP_START:brew"], mode="contiguous")

    assert '  + ev.step_success("beans")  (#3)' in lines
    assert lines[0].endswith('ev.step_success("beans") (#3) is unexpected here')


def test_the_nearest_miss_names_the_field_that_differed():
    """Of several events of the type, the most similar one is shown."""
    (line, *_) = refused([ev.step_start("brwe")])

    assert line.endswith('the nearest is ev.step_start("brew") (#4): step: expected "brwe", was "brew"')


def test_a_wrong_order_names_both_places():
    """The message has both events and their positions."""
    (line, *_) = refused(["STEP_START:brew", "STEP_START:beans"])

    assert line == 'ev.step_start("beans") (#2) came before ev.step_start("brew") (#4), not after it'


def test_too_few_says_how_many():
    """The message has the expected and the actual number."""
    (line, *_) = refused(["STEP_START", "STEP_START", "STEP_START"])

    assert line.endswith("ev.step_start() is missing: 3 expected, 2 found")


def test_an_event_that_another_pattern_took_is_named():
    """Of two patterns for one event, the first one matches."""
    seen = ["STEP_FAILURE:beans", "STEP_FAILURE:brew"]

    (line, *_) = refused(["STEP_FAILURE", "STEP_FAILURE", ev.failure("beans")], seen=seen)

    assert line.endswith('is missing: ev.step_failure("beans") (#1) matches another pattern')


def test_an_event_in_a_group_knows_its_neighbours():
    """The preceding event of a pattern in a group may be outside of the group."""
    (line, *_) = refused(["STEP_START:brew", par("STEP_SUCCESS:brew", "STEP_START:beans")])

    assert line == 'ev.step_start("beans") (#2) came before ev.step_start("brew") (#4), not after it'


def test_a_failed_type_check_is_told():
    """The difference and the pattern of the event contain `passed`."""
    handle, check = StepOutputHandle("beans", "result"), TypeCheckData(False, "result")
    event = DagflowEvent(
        "STEP_OUTPUT", "cafe", step_key="beans", event_specific_data=StepOutputData(handle, check)
    )

    with pytest.raises(AssertionError) as caught:
        assert_event_sequence([event], [ev.output("beans", passed=True)], mode="exact")

    assert "passed: expected True, was False" in str(caught.value)
    assert 'ev.step_output("beans", "result", passed=False)' in str(caught.value)


def test_a_pattern_is_written_as_it_was_called():
    """Error classes and names, tuples of them and regular expressions are shown as source code."""
    for pattern, text in [
        (ev.failure("a", error=(ValueError, OSError)), 'ev.step_failure("a", error=(ValueError, OSError))'),
        (ev.failure(error="Bad", match=re.compile("x")), 'ev.step_failure(error="Bad", match="x")'),
        (ev.hook_completed("a", match="cheer"), 'ev.hook_completed("a", match="cheer")'),
        (ev.check("a", "b", passed=False, times=2), 'ev.check("a", "b", passed=False, times=2)'),
        (ev.materialization("a", metadata={"rows": 1}), "ev.materialization(\"a\", metadata={'rows': 1})"),
        (ev.run_failure(reason=RunFailureReason.STEP_FAILURE), 'ev.run_failure(reason="STEP_FAILURE")'),
        (par("STEP_START", chain("STEP_START:a")), 'par(ev.step_start(), chain(ev.step_start("a")))'),
        (ev.step_start(ANYTHING), "ev.step_start()"),
    ]:
        assert repr(pattern) == text


def test_a_message_is_looked_into():
    """`match` is searched in the message of hook and engine events, which have no other data."""
    event = DagflowEvent("HOOK_COMPLETED", "cafe", step_key="brew", message="hook 'cheer' ran")
    assert_event_sequence([event], [ev.hook_completed("brew", match="'ch..r'")], mode="exact")

    with pytest.raises(AssertionError, match='expected "boo", was "hook \'cheer\' ran"'):
        assert_event_sequence([event], [ev.hook_completed("brew", match="boo")], mode="exact")


def test_what_happened_can_be_pasted():
    """The list of patterns is valid Python, and matches the events."""
    lines = refused([ev.step_failure()], mode="exact")
    start = lines.index("    [")
    source = "\n".join(lines[start:]).strip()

    patterns = eval(source, {"ev": ev})

    assert_event_sequence(events(*CUP), patterns, mode="exact")


def test_long_lists_are_shortened():
    """The message for a thousand events has few lines."""
    seen = [f"STEP_START:op_{number}" for number in range(1000)]

    lines = refused([*seen, "STEP_FAILURE:op_3"], mode="exact", seen=seen)

    assert len(lines) < 70
    assert "      ... 992 more that match" in lines
    assert "        # ... 976 more lines" in lines


def test_long_runs_of_unexpected_events_are_shortened():
    """The rows of events that no pattern matches are folded as those that match."""
    lines = refused([], mode="exact", seen=[f"STEP_START:op_{number}" for number in range(1000)])

    assert "      ... 992 more that are unexpected" in lines


def test_the_events_to_paste_are_those_of_the_patterns():
    """Of many events, those of other steps are counted; a matcher of steps and a type name events too."""
    seen = [f"STEP_START:op_{number}" for number in range(20)] + ["STEP_SKIPPED:op_7"]

    class EndsWithThree:
        def __eq__(self, other: object) -> bool:
            return str(other).endswith("3")

        __hash__ = None

    wanted = [ev.step_failure("op_7"), ev.step_failure(EndsWithThree()), "STEP_SKIPPED"]
    lines = refused(wanted, seen=seen)

    start = lines.index("actual events as patterns (to paste from; with -vv all of them):")
    assert [line.strip() for line in lines[start + 1 :]] == [
        "[",
        "# ... 3 events of other steps and types",
        'ev.step_start("op_3"),',
        "# ... 3 events of other steps and types",
        'ev.step_start("op_7"),',
        "# ... 5 events of other steps and types",
        'ev.step_start("op_13"),',
        "# ... 6 events of other steps and types",
        'ev.step_skipped("op_7"),',
        "]",
    ]


def test_the_traceback_of_a_failed_step_comes_first():
    """It has the user's frames only, and is omitted if the failure was expected."""

    @op
    def spill():
        raise ValueError("the cup was hot")

    @job
    def spilling():
        spill()

    result = spilling.execute_in_process(raise_on_error=False)
    with pytest.raises(AssertionError) as caught:
        assert_event_sequence(result, ["STEP_SUCCESS:spill"])
    text = str(caught.value)
    with pytest.raises(AssertionError) as expected:
        assert_event_sequence(result, ["STEP_FAILURE:spill", "STEP_SUCCESS:spill"])

    assert text.index("step 'spill' failed:") < text.index("raise ValueError") < text.index("1 pattern and")
    assert "    ValueError: the cup was hot" in text
    assert "call_user" not in text
    assert "raise ValueError" not in str(expected.value)


def test_the_frames_of_the_plugin_are_hidden(pytester):
    """The last frame shown is the line of the test."""
    pytester.makepyfile("""
        from dagflow import DagflowEvent
        from pytest_dagflow import assert_event_sequence

        def test_it():
            assert_event_sequence([DagflowEvent("STEP_START", "cafe")], ["STEP_SUCCESS"], mode="exact")
    """)
    outcome = pytester.runpytest_subprocess("-p", "no:cacheprovider")

    outcome.assert_outcomes(failed=1)
    outcome.stdout.fnmatch_lines(["*test_*.py:5: AssertionError"])
    outcome.stdout.no_fnmatch_line("*assertions.py*")


def test_a_failure_has_the_name_that_users_import():
    """The first line has `Failure`, without the module that defines it."""

    @op
    def spill():
        raise Failure("the cup was hot")

    @job
    def spilling():
        spill()

    with pytest.raises(AssertionError, match="'spill' failed with Failure: the cup was hot\n"):
        assert_succeeded(spilling.execute_in_process(raise_on_error=False))
