"""What a run made, as its events tell: its outputs, and which steps ended well."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from dagflow.events.record import DagflowEvent
from dagflow.events.types import DagflowEventType
from dagflow.plan.step import OutputKey, OutputRef

_T = DagflowEventType
TELLING = frozenset({
    _T.STEP_OUTPUT, _T.HANDLED_OUTPUT, _T.STEP_SUCCESS, _T.STEP_SKIPPED, _T.STEP_FAILURE, _T.STEP_UP_FOR_RETRY
})  # fmt: skip
"""The types of the events that are looked at."""


class Made(NamedTuple):
    """What a run made.

    Attributes:
        outputs: The outputs of steps that ended well, in the order in which they came: each with whether an
            I/O manager took a value.
        ended: The keys of the steps that ended well or were skipped.
    """

    outputs: dict[OutputKey, bool]
    ended: frozenset[str]


def made_by(events: Iterable[DagflowEvent]) -> Made:
    """What a run made.

    Args:
        events: Its events; those of other types than `TELLING` may be missing.
    """
    outputs: dict[str, dict[OutputKey, bool]] = {}  # by step, of its last attempt
    ended = set()
    for event in events:
        kind, key = event.event_type, event.step_key
        if kind not in TELLING or key is None:
            continue
        if kind is _T.STEP_OUTPUT:
            _, name, mapping_key = event.event_specific_data.step_output_handle
            outputs.setdefault(key, {})[OutputRef(key, name, mapping_key)] = False
        elif kind is _T.HANDLED_OUTPUT:
            outputs[key][next(reversed(outputs[key]))] = True  # of the output that was announced last
        elif kind in (_T.STEP_SUCCESS, _T.STEP_SKIPPED):
            ended.add(key)
        else:
            outputs.pop(key, None)
    made = {ref: stored for key in outputs if key in ended for ref, stored in outputs[key].items()}
    return Made(made, frozenset(ended))


def outputs_in(events: Iterable[DagflowEvent]) -> dict[OutputKey, bool]:
    """Every output that came, in whichever attempt and however its step ended.

    Args:
        events: The events of a run.

    Returns:
        The outputs in the order in which they came: each with whether an I/O manager took a value.
    """
    outputs: dict[OutputKey, bool] = {}
    last: dict[str | None, OutputKey] = {}  # what each step announced last
    for event in events:
        if event.event_type is _T.STEP_OUTPUT:
            ref = last[event.step_key] = OutputRef(*event.event_specific_data.step_output_handle)
            outputs.setdefault(ref, False)
        elif event.event_type is _T.HANDLED_OUTPUT:
            outputs[last[event.step_key]] = True
    return outputs
