"""`JobExecutionResult`: the result of a run whose output values are loaded by its I/O managers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from functools import partial
from typing import Any

from dagflow.context.init import InitResourceContext
from dagflow.copies import first_of
from dagflow.defs.resources.definition import ResourceDefinition
from dagflow.engine.run_state import RunState
from dagflow.engine.store_outputs import load_output
from dagflow.errors import DagflowInvariantViolationError
from dagflow.event_loop import EventLoop
from dagflow.events.run import DagflowRun
from dagflow.instance.instance import DagflowInstance
from dagflow.options import RunOptions
from dagflow.plan.step import OutputKey, OutputRef
from dagflow.resources import StartedResources
from dagflow.runs.recorded_outputs import announced_outputs
from dagflow.runs.results import ExecutionResult


class JobExecutionResult(ExecutionResult):
    """The result of a run by `execute_job`: its events, whether it succeeded, and its outputs.

    Output values can be read in a `with` block only; events can be read at any time. The block starts the
    resources of the run and stops them at its end. Each access to a stored output loads it again. Only
    outputs of this run have a value, not those that a re-execution took from an earlier run.

    Raises:
        DagflowResourceFunctionError: A resource cannot be started by the `with` statement.
        DagflowInvariantViolationError: An output is read outside of a `with` block, or the result is opened
            twice.
    """

    __slots__ = ("_outputs",)

    def __init__(self, state: RunState, run: DagflowRun, instance: DagflowInstance) -> None:
        super().__init__(state, run, instance)
        self._values = self._outputs = _StoredOutputs(state)

    def __deepcopy__(self, memo: Any) -> JobExecutionResult:
        return copy(self)  # its outputs are loaded again at each access

    def _for_pickle(self) -> dict[str, Any]:
        outputs = self._outputs
        return {
            **super()._for_pickle(),
            "_values": {},
            "_outputs": (outputs.kept, outputs.state.stored, outputs.state.in_memory),
        }

    def _restore(self, kept: Mapping[str, Any]) -> None:
        super()._restore(kept)
        values, stored, in_memory = kept["_outputs"]
        log: Any = self._log
        state = RunState(
            self._job,
            self.plan,
            self._run,
            log,
            RunOptions(),
            partial(first_of, self._instance),
            dict(values),
        )
        state.stored, state.in_memory = stored, in_memory
        self._values = self._outputs = _StoredOutputs(state)

    def _values_in_memory(self) -> Mapping[OutputKey, Any]:
        return self._outputs.kept

    def __enter__(self) -> JobExecutionResult:
        self._outputs.open()
        return self

    def __exit__(self, *_: object) -> None:
        self._outputs.close()


class _StoredOutputs(Mapping[OutputKey, Any]):
    """The outputs of a run, loaded at each access. Invariant: while open, `state.resources` are started."""

    def __init__(self, state: RunState) -> None:
        self.state = state
        self.is_open = False
        self._stored_keys: dict[OutputKey, None] | None = None
        in_memory = {
            OutputRef(step.key, output.name)
            for step in state.plan.steps
            for output in step.outputs
            if output.manager_key in state.in_memory
        }
        self.kept = {key: value for key, value in state.values.items() if (*key[:2], None) in in_memory}
        state.values = {}

    def open(self) -> None:
        """Start the resources of the run.

        Raises:
            DagflowResourceFunctionError: A resource could not be started; the others were stopped.
        """
        if self.is_open:
            raise DagflowInvariantViolationError(
                f"the result of {self.state.job.describe_target()} was opened twice. Use one `with` block."
            )
        state = self.state
        state.resources = StartedResources(EventLoop())

        def context(
            definition: ResourceDefinition, config: Any, needs: Mapping[str, Any]
        ) -> InitResourceContext:
            return InitResourceContext(config, needs, state.get_instance, definition, state.run)

        try:
            state.resources.start(
                state.plan.resource_keys,
                state.job.resource_defs,
                context,
                state.plan.resource_configs,
            )
        except BaseException:
            state.resources.stop()
            raise
        self.is_open = True

    def close(self) -> None:
        """Stop the resources, and raise the first error."""
        self.is_open = False
        for _, error in self.state.resources.stop():
            raise error

    def __getitem__(self, key: OutputKey) -> Any:
        if key not in self._keys():
            raise KeyError(key)
        return self.kept[key] if key in self.kept else load_output(self.state, key)

    def __contains__(self, key: object) -> bool:
        return key in self._keys()

    def __iter__(self) -> Iterator[OutputKey]:
        return iter(self._keys())

    def __len__(self) -> int:
        return len(self._keys())

    def _keys(self) -> dict[OutputKey, None]:
        """Return the outputs that have a value.

        Raises:
            DagflowInvariantViolationError: The result is not open.
        """
        if not self.is_open:
            raise DagflowInvariantViolationError(
                "In order to access output objects, the result of `execute_job` must be opened as a context "
                "manager: 'with execute_job(...) as result:'. That of "
                f"{self.state.job.describe_target()} is not."
            )
        if self._stored_keys is None:
            step_of = self.state.plan.step_by_key
            announced = announced_outputs(self.state.log.events())
            self._stored_keys = {
                key: None
                for key, stored in announced.items()
                if stored or step_of(key[0]).output_by_name[key[1]].manager_key is None
            }
        return self._stored_keys
