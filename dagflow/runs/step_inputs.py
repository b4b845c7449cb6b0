"""The values of the inputs of a step after its run, as far as they are in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagflow._util import UNSET
from dagflow.keys import step_key_base
from dagflow.plan.step import (
    FROM_COLLECT,
    FROM_DEFAULT,
    FROM_INPUT_VALUE,
    FROM_OUTPUTS,
    FROM_STORAGE,
    OutputKey,
    Source,
    Step,
)


class StepInputs:
    """The values that steps of a run received, by the sources of their inputs.

    Args:
        outputs: The outputs whose values are in memory.
        input_values: The values of the inputs of the graph.
        has_all: Whether `outputs` has all outputs of the run. Otherwise the values of the others are stored.
    """

    def __init__(
        self, outputs: Mapping[OutputKey, Any], input_values: Mapping[str, Any], *, has_all: bool
    ) -> None:
        self._outputs = outputs
        self._input_values = input_values
        self._has_all = has_all

    def of_step(self, step: Step) -> dict[str, Any]:
        """Return the value of each input of a step, without those that are not in memory."""
        found = {item.name: self._value_of(item.source) for item in step.loads}
        return {name: value for name, value in found.items() if value is not UNSET}

    def _value_of(self, source: Source) -> Any:
        if source.source_type == FROM_OUTPUTS:
            values = [self._value_of(part) for part in source.parts]
            return self._list_of([value for value in values if value is not UNSET])
        if source.source_type == FROM_DEFAULT:
            return source.value
        if source.source_type == FROM_INPUT_VALUE:
            return self._input_values.get(source.value, UNSET)
        if source.ref is None or source.source_type == FROM_STORAGE:
            return UNSET
        if source.source_type == FROM_COLLECT:
            step_key, name, _ = source.ref
            return self._list_of(
                [
                    value
                    for key, value in self._outputs.items()
                    if key[1] == name and step_key_base(step_key) == step_key_base(key[0])
                ]
            )
        return self._outputs.get(source.ref, UNSET)

    def _list_of(self, values: list[Any]) -> Any:
        """Return a list of values; UNSET if they are stored, so that none of them is in memory."""
        return values if values or self._has_all else UNSET
