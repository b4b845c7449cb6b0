"""The outputs and ended steps of a run, read from its events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from dagflow.events.record import DagflowEvent
from dagflow.events.types import DagflowEventType
from dagflow.plan.step import OutputKey, OutputRef

_T = DagflowEventType
OUTPUT_EVENT_TYPES = frozenset({
    _T.STEP_OUTPUT, _T.HANDLED_OUTPUT, _T.STEP_SUCCESS, _T.STEP_SKIPPED, _T.STEP_FAILURE, _T.STEP_UP_FOR_RETRY
})  # fmt: skip
"""The event types that `recorded_outputs` reads."""


class RecordedOutputs(NamedTuple):
    """The outputs and ended steps of a run.

    Attributes:
        outputs: The outputs of steps that succeeded, in order. The value is whether an I/O manager stored
            the output.
        ended: The keys of the steps that succeeded or were skipped.
    """

    outputs: dict[OutputKey, bool]
    ended: frozenset[str]


def recorded_outputs(events: Iterable[DagflowEvent]) -> RecordedOutputs:
    """Return the outputs and ended steps of a run.

    Args:
        events: The events of the run. Only those of `OUTPUT_EVENT_TYPES` are needed.
    """
    outputs: dict[str, dict[OutputKey, bool]] = {}  # by step key, of the last attempt
    ended = set()
    for event in events:
        event_type, key = event.event_type, event.step_key
        if event_type not in OUTPUT_EVENT_TYPES or key is None:
            continue
        if event_type is _T.STEP_OUTPUT:
            _, name, mapping_key = event.event_specific_data.step_output_handle
            outputs.setdefault(key, {})[OutputRef(key, name, mapping_key)] = False
        elif event_type is _T.HANDLED_OUTPUT:
            outputs[key][next(reversed(outputs[key]))] = True  # it follows the STEP_OUTPUT of its output
        elif event_type in (_T.STEP_SUCCESS, _T.STEP_SKIPPED):
            ended.add(key)
        else:
            outputs.pop(key, None)
    of_ended = {ref: is_stored for key in outputs if key in ended for ref, is_stored in outputs[key].items()}
    return RecordedOutputs(of_ended, frozenset(ended))


def announced_outputs(events: Iterable[DagflowEvent]) -> dict[OutputKey, bool]:
    """Return every output with a STEP_OUTPUT event, of all attempts and also of steps that failed.

    Args:
        events: The events of a run.

    Returns:
        The outputs in order. The value is whether an I/O manager stored the output.
    """
    outputs: dict[OutputKey, bool] = {}
    last: dict[str | None, OutputKey] = {}  # by step key
    for event in events:
        if event.event_type is _T.STEP_OUTPUT:
            ref = last[event.step_key] = OutputRef(*event.event_specific_data.step_output_handle)
            outputs.setdefault(ref, False)
        elif event.event_type is _T.HANDLED_OUTPUT:
            outputs[last[event.step_key]] = True
    return outputs
