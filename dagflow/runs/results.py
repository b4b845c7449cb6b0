"""The result of a run: its events, and the values of its outputs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from copy import copy, deepcopy
from typing import TYPE_CHECKING, Any, TypeVar

from dagflow._util import nearest
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.errors import CheckError, DagflowError, DagflowInvariantViolationError, check_type
from dagflow.events.record import DagflowEvent
from dagflow.events.run import DagflowRun
from dagflow.events.types import DagflowEventType
from dagflow.events.user import AssetMaterialization, AssetObservation, ExpectationResult
from dagflow.instance.instance import DagflowInstance
from dagflow.keys import AssetKey, CoercibleToAssetKey, nearest_key, step_key_base
from dagflow.plan.step import OutputKey, OutputRef
from dagflow.runs.step_inputs import StepInputs

if TYPE_CHECKING:
    from dagflow.engine.run_state import RunState
    from dagflow.events.data import StepFailureData
    from dagflow.plan.plan import Plan

_T = DagflowEventType
_Self = TypeVar("_Self", bound="ExecutionResult")
_Result = TypeVar("_Result", bound="ExecutionResult")


class EventList(list[DagflowEvent]):
    """A list of events with the plans of their runs, from which their causality is computed.

    Attributes: `plans`, the plan by run id.
    """

    def __init__(self, events: list[DagflowEvent], plans: Mapping[str, Plan]) -> None:
        super().__init__(events)
        self.plans: dict[str, Plan] = dict(plans)

    def __copy__(self) -> EventList:
        return EventList(self, self.plans)

    def __deepcopy__(self, memo: Any) -> EventList:
        return EventList(self, self.plans)  # neither events nor plans change

    def __reduce__(self) -> tuple[Any, ...]:
        """Return the pickle of the list; without plans, if their definitions cannot be pickled."""
        import pickle  # imported lazily: few programs pickle events

        try:
            pickle.dumps(self.plans)
        except Exception:  # a resource or a default value may raise anything
            return EventList, (list(self), {})
        return EventList, (list(self), self.plans)


class _KeptLog:
    """The events and the plan of a result out of a pickle, in place of the log of its run."""

    __slots__ = ("_events", "plan")
    loggers = handlers = ()
    level = 0

    def __init__(self, events: list[DagflowEvent], plan: Plan) -> None:
        self._events = events
        self.plan = plan

    def events(self) -> list[DagflowEvent]:
        """Return all events."""
        return list(self._events)

    def append_line(self, level: int, text: str, step: int, attempt: int) -> None:
        """Drop a line: an I/O manager that loads a value after the run has no log to write to."""


class ExecutionResult:
    """The result of a run: its events, its outputs, and whether it succeeded."""

    __slots__ = (
        "__dict__",
        "__weakref__",
        "_events",
        "_given",
        "_input_values",
        "_instance",
        "_job",
        "_log",
        "_run",
        "_values",
    )

    def __init__(
        self,
        state: RunState,
        run: DagflowRun,
        instance: DagflowInstance,
    ) -> None:
        self._job = state.job
        self._log = state.log
        self._values: Mapping[OutputKey, Any] = state.values
        self._run = run
        self._instance = instance  # kept, because the files of an ephemeral instance are removed with it
        self._events: EventList | None = None
        self._given = state.given
        self._input_values = state.input_values

    def __deepcopy__(self: _Self, memo: Any) -> _Self:
        new = copy(self)
        new._values = deepcopy(self._values, memo)  # noqa: SLF001 - a copy of this very class
        return new

    def __reduce__(self) -> tuple[Any, ...]:
        """Return the pickle of the result. An instance in memory is replaced by an empty one."""
        return _unpickled, (type(self), self._for_pickle())

    def _for_pickle(self) -> dict[str, Any]:
        """Return the attributes that a pickle has."""
        names = ("_given", "_input_values", "_job", "_run", "_values")
        kept = {name: getattr(self, name) for name in names}
        kept["_log"] = _KeptLog(list(self.all_events), self.plan)
        kept["_instance"] = None if self._instance.is_ephemeral else self._instance
        return kept

    def _restore(self, kept: Mapping[str, Any]) -> None:
        """Set the attributes out of a pickle."""
        for name, value in kept.items():
            setattr(self, name, value)
        self._events = None
        if kept["_instance"] is None:
            self._instance = DagflowInstance.ephemeral()

    @property
    def job_def(self) -> JobDefinition:
        """The job, with the selected part of its graph."""
        return self._job

    @property
    def dagflow_run(self) -> DagflowRun:
        """The run, with its final status."""
        return self._run

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return self._run.run_id

    @property
    def success(self) -> bool:
        """True if every step succeeded or was skipped."""
        return self._run.is_success

    @property
    def instance(self) -> DagflowInstance:
        """The instance that stores the run."""
        return self._instance

    @property
    def plan(self) -> Plan:
        """The plan that was run."""
        return self._log.plan

    @property
    def given(self) -> Mapping[OutputKey, Any]:
        """The given values, by output that they replaced; the steps of these outputs did not run."""
        return dict(self._given)

    @property
    def input_values(self) -> Mapping[str, Any]:
        """The values of the inputs of the graph."""
        return dict(self._input_values)

    @property
    def all_events(self) -> EventList:
        """Every event of the run, in order."""
        if self._events is None:
            self._events = EventList(self._log.events(), {self.run_id: self._log.plan})
        return self._events

    @property
    def all_node_events(self) -> EventList:
        """The events that belong to a node."""
        return self._filtered(lambda event: event.node_handle is not None)

    def _filtered(self, is_wanted: Callable[[DagflowEvent], Any]) -> EventList:
        events = self.all_events
        return EventList([event for event in events if is_wanted(event)], events.plans)

    def filter_events(self, event_filter: Callable[[DagflowEvent], Any]) -> EventList:
        """Return the events for which a function returns a true value."""
        return self._filtered(event_filter)

    def _of_type(self, event_type: DagflowEventType) -> EventList:
        return self._filtered(lambda event: event.event_type_value == event_type.value)

    def events_for_node(self, node_name: str) -> EventList:
        """Return the events of a node (a dotted path) and of all nodes inside it."""
        check_type(node_name, str, "node_name")
        return self._filtered(lambda event: event.step_key is not None and _is_in(event, node_name))

    def compute_events_for_handle(self, handle: Any) -> EventList:
        """Return the events of the node with a NodeHandle."""
        return self.events_for_node(str(handle))

    # outputs

    def output_for_node(self, node_str: str, output_name: str = "result") -> Any:
        """Return the value of an output of a node.

        Args:
            node_str: The node: a dotted path of names (aliases).
            output_name: The output.

        Returns:
            The value; a dict by mapping key for a dynamic output and for mapped nodes.

        Raises:
            DagflowInvariantViolationError: The node or output is unknown, or has no value.
        """
        check_type(output_name, str, "output_name")
        path = check_type(node_str, str, "node_str").split(".")
        graph: Any = self._job.graph
        for depth, name in enumerate(path):
            if not isinstance(graph, GraphDefinition) or name not in graph.node_dict:
                raise self._unknown_node(path, depth, graph)
            if depth < len(path) - 1:
                graph = graph.node_dict[name].definition
        definition = graph.node_dict[path[-1]].definition
        if isinstance(definition, GraphDefinition):
            mapped = {mapping.graph_output_name: mapping for mapping in definition.output_mappings}
            if output_name not in mapped:
                raise CheckError(
                    f"graph '{definition.name}' has no output mapping '{output_name}'; its outputs are "
                    f"{list(mapped)}"
                )
            mapping = mapped[output_name]
            return self.output_for_node(
                f"{node_str}.{mapping.mapped_node_name}", mapping.mapped_node_output_name
            )
        if output_name not in definition.outs:
            raise DagflowInvariantViolationError(
                f"op '{definition.name}' has no output '{output_name}'; its outputs are "
                f"{list(definition.outs)}.{nearest(output_name, definition.outs)}"
            )
        return self._value(node_str, output_name)

    def _unknown_node(self, path: list[str], depth: int, graph: Any) -> DagflowInvariantViolationError:
        """Build the error about one part of the path of a node. `graph` is the definition before it."""
        name, inside = path[depth], ".".join(path[:depth])
        place = f"'{inside}'" if inside else self._job.describe_target()
        nodes = list(graph.node_dict) if isinstance(graph, GraphDefinition) else []
        ends = [node for node in nodes if node.endswith(f"__{name}")]
        if not ends and not inside and name not in nodes:
            keys = dict.fromkeys(map(step_key_base, self.plan.step_keys))
            ends = [key for key in keys if key.rpartition(".")[2] == name]  # in a graph
        hint = f" Did you mean {' or '.join(map(repr, ends))}?" if ends else nearest(name, nodes)
        if not hint:
            hint = (
                f" The nodes there are {_listed(nodes)}."
                if nodes
                else " It is an op, which has no nodes inside."
            )
        return DagflowInvariantViolationError(
            f"{place[0].upper()}{place[1:]} has no op named {name}, or it was not selected.{hint}"
        )

    def _value(self, node: str, output_name: str) -> Any:
        plain = OutputRef(node, output_name)
        if plain in self._values:
            return self._values[plain]
        by_key = {}
        for key in self._values:
            step_key, name, mapping_key = key
            if name == output_name and step_key_base(step_key) == node:
                by_key[step_key[len(node) + 1 : -1] or mapping_key] = self._values[key]
        if not by_key:
            raise DagflowInvariantViolationError(
                f"No outputs found for output '{output_name}' from node '{node}'. The node failed, was "
                "skipped or did not run, or did not produce this output."
            )
        return by_key

    def output_value(self, output_name: str = "result") -> Any:
        """Return the value of an output of the whole graph.

        Raises:
            DagflowInvariantViolationError: The output is unknown, or has no value.
        """
        check_type(output_name, str, "output_name")
        mapped = {mapping.graph_output_name: mapping for mapping in self._job.graph.output_mappings}
        if not mapped:
            raise DagflowInvariantViolationError(
                f"Attempted to retrieve top-level outputs for {self._job.describe_target()}, but its graph "
                "has no outputs. Use asset_value or output_for_node."
            )
        if output_name not in mapped:
            raise DagflowInvariantViolationError(
                f"Could not find top-level output '{output_name}': graph '{self._job.graph.name}' has the "
                f"outputs {list(mapped)}.{nearest(output_name, mapped)}"
            )
        mapping = mapped[output_name]
        return self.output_for_node(mapping.mapped_node_name, mapping.mapped_node_output_name)

    def asset_value(self, asset_key: CoercibleToAssetKey) -> Any:
        """Return the value of an asset that this run made.

        Raises:
            CheckError: The job does not make the asset.
            DagflowInvariantViolationError: The asset has no value.
        """
        key = AssetKey.from_coercible(asset_key)
        layer = self._job.asset_layer
        stored = {} if layer is None else layer.keys
        if key in stored:
            path, output_name = stored[key]
            return self._value(".".join(path), output_name)
        raise _unknown_asset(key, stored)

    def inputs_for_step(self, step_key: str) -> dict[str, Any]:
        """Return the values of the inputs of a step that are in memory.

        An input is left out if its value came from config or from storage, or if its output was not produced.

        Args:
            step_key: The key of the step.

        Raises:
            DagflowInvalidDefinitionError: The plan has no such step.

        Example:
            >>> from dagflow import job, op
            >>> @op
            ... def one():
            ...     return 1
            >>> @op
            ... def add(left, right=2):
            ...     return left + right
            >>> @job
            ... def three():
            ...     add(one())
            >>> three.execute_in_process().inputs_for_step("add")
            {'left': 1, 'right': 2}
        """
        kept = self._values_in_memory()
        inputs = StepInputs(kept, self._input_values, has_all=kept is self._values)
        return inputs.of_step(self.plan.step_by_key(step_key))

    def outputs_for_step(self, step_key: str) -> dict[str, Any]:
        """Return the values that a step gave, by the name of the output.

        A dynamic output has a dict by mapping key. The result of a check is whether it passed. An output is
        left out if it was not given, or has no value.

        Args:
            step_key: The key of the step.

        Raises:
            DagflowInvalidDefinitionError: The plan has no such step.
            DagflowInvariantViolationError: The values are stored, and the result is not open.

        Example:
            >>> from dagflow import job, op
            >>> @op
            ... def one():
            ...     return 1
            >>> @job
            ... def j():
            ...     one()
            >>> j.execute_in_process().outputs_for_step("one")
            {'result': 1}
        """
        step = self.plan.step_by_key(step_key)
        found: dict[str, Any] = {}
        for output in step.outputs:
            if output.manager_key is not None and (step_key, output.name, None) in self._values:
                found[output.name] = self._values[step_key, output.name, None]
        for key in self._values:
            if key[0] == step_key and key[2] is not None:
                found.setdefault(key[1], {})[key[2]] = self._values[key]
        names = {output.check_spec.key: output.name for output in step.outputs if output.check_spec}
        for event in self._of_type(_T.ASSET_CHECK_EVALUATION) if names else ():
            evaluation = event.asset_check_evaluation_data
            if event.step_key == step_key and evaluation.asset_check_key in names:
                found[names[evaluation.asset_check_key]] = evaluation.passed
        return found

    def _values_in_memory(self) -> Mapping[OutputKey, Any]:
        """Return the outputs whose values are in memory."""
        return self._values

    # what happened

    def asset_materializations_for_node(self, node_name: str) -> list[AssetMaterialization]:
        """Return the materializations of a node."""
        events = self.events_for_node(node_name)
        return [event.materialization for event in events if event.event_type is _T.ASSET_MATERIALIZATION]

    def asset_observations_for_node(self, node_name: str) -> list[AssetObservation]:
        """Return the observations of a node."""
        events = self.events_for_node(node_name)
        return [event.asset_observation for event in events if event.event_type is _T.ASSET_OBSERVATION]

    def expectation_results_for_node(self, node_str: str) -> list[ExpectationResult]:
        """Return the expectation results of a node."""
        events = self.events_for_node(node_str)
        return [
            event.event_specific_data.expectation_result
            for event in events
            if event.event_type is _T.STEP_EXPECTATION_RESULT
        ]

    def get_asset_materialization_events(self) -> EventList:
        """Return the ASSET_MATERIALIZATION events."""
        return self._of_type(_T.ASSET_MATERIALIZATION)

    def get_asset_materialization_planned_events(self) -> EventList:
        """Return an empty list: planned events are in the log of the instance only."""
        return self._of_type(_T.ASSET_MATERIALIZATION_PLANNED)

    def get_asset_observation_events(self) -> EventList:
        """Return the ASSET_OBSERVATION events."""
        return self._of_type(_T.ASSET_OBSERVATION)

    def get_asset_check_evaluations(self) -> list[Any]:
        """Return the results of asset checks."""
        return [event.event_specific_data for event in self._of_type(_T.ASSET_CHECK_EVALUATION)]

    def get_step_success_events(self) -> EventList:
        """Return the STEP_SUCCESS events."""
        return self._of_type(_T.STEP_SUCCESS)

    def get_step_failure_events(self) -> EventList:
        """Return the STEP_FAILURE events."""
        return self._of_type(_T.STEP_FAILURE)

    def get_step_skipped_events(self) -> EventList:
        """Return the STEP_SKIPPED events."""
        return self._of_type(_T.STEP_SKIPPED)

    def get_failed_step_keys(self) -> set[str]:
        """Return the keys of the steps that failed."""
        return {event.step_key for event in self.get_step_failure_events() if event.step_key is not None}

    def failure_data_for_node(self, node_str: str) -> StepFailureData | None:
        """Return the failure of a node; None if it did not fail."""
        for event in self.events_for_node(node_str):
            if event.event_type is _T.STEP_FAILURE:
                data: StepFailureData = event.event_specific_data
                return data
        return None

    def _first_of_type(self, event_type: DagflowEventType) -> DagflowEvent:
        events = self._of_type(event_type)
        if not events:
            raise DagflowError(f"the result of {self._job.describe_target()} has no {event_type.name} event")
        return events[0]

    def get_run_success_event(self) -> DagflowEvent:
        """Return the RUN_SUCCESS event. Raises DagflowError if the run failed."""
        return self._first_of_type(_T.RUN_SUCCESS)

    def get_run_failure_event(self) -> DagflowEvent:
        """Return the RUN_FAILURE event. Raises DagflowError if the run succeeded."""
        return self._first_of_type(_T.RUN_FAILURE)

    def get_job_success_event(self) -> DagflowEvent:
        """Return the RUN_SUCCESS event (an older spelling)."""
        return self.get_run_success_event()

    def get_job_failure_event(self) -> DagflowEvent:
        """Return the RUN_FAILURE event (an older spelling)."""
        return self.get_run_failure_event()

    def is_node_success(self, node_str: str) -> bool:
        """Return whether a step of a node succeeded."""
        return self._has(node_str, _T.STEP_SUCCESS)

    def is_node_failed(self, node_str: str) -> bool:
        """Return whether a step of a node failed."""
        return self._has(node_str, _T.STEP_FAILURE)

    def is_node_skipped(self, node_str: str) -> bool:
        """Return whether a step of a node was skipped."""
        return self._has(node_str, _T.STEP_SKIPPED)

    def is_node_untouched(self, node_str: str) -> bool:
        """Return whether a node has no events: it was not selected, is unknown, or is behind a failure."""
        return not self.events_for_node(node_str)

    def retry_attempts_for_node(self, node_str: str) -> int:
        """Return the number of retries of the steps of a node."""
        events = self.events_for_node(node_str)
        return sum(event.event_type is _T.STEP_RESTARTED for event in events)

    def _has(self, node_name: str, event_type: DagflowEventType) -> bool:
        return any(event.event_type is event_type for event in self.events_for_node(node_name))

    def __repr__(self) -> str:
        return f"<result of {self._job.describe_target()}: {self._run.status.name.lower()}>"


class ExecuteInProcessResult(ExecutionResult):
    """The result of a run in this process: its events, its outputs, and whether it succeeded.

    Example:
        >>> from dagflow import graph, op
        >>> @op
        ... def one():
        ...     return 1
        >>> @graph
        ... def g():
        ...     return one()
        >>> result = g.execute_in_process()
        >>> result.success, result.output_value(), result.output_for_node("one")
        (True, 1, 1)
    """

    __slots__ = ()


def with_events(result: _Result, events: Iterable[DagflowEvent]) -> _Result:
    """Return the result of the same run with other events, such as events without secrets.

    Args:
        result: The result of a run. It is not changed.
        events: The events. `event.with_changes(message=...)` returns an event with another message.

    Raises:
        ParameterCheckError: `result` is not the result of a run, or one of `events` is not an event.

    Example:
        >>> from dagflow import job
        >>> @job
        ... def nothing():
        ...     pass
        >>> result = nothing.execute_in_process()
        >>> hidden = with_events(result, [event.with_changes(message="***") for event in result.all_events])
        >>> {event.message for event in hidden.all_events}
        {'***'}
    """
    check_type(result, ExecutionResult, "result", "with_events")
    found = [check_type(event, DagflowEvent, "events", "with_events") for event in events]
    new = type(result).__new__(type(result))
    for name in ExecutionResult.__slots__:
        if not name.startswith("__"):
            setattr(new, name, getattr(result, name))
    new._events = EventList(found, result.all_events.plans)  # noqa: SLF001 - of this module
    return new


def _unknown_asset(key: AssetKey, stored: Collection[AssetKey]) -> CheckError:
    names = [own.to_user_string() for own in stored]
    name = key.to_user_string()
    shown = str(list(key.path)) if name in names else f"'{name}'"  # a string with slashes is one part
    hint = nearest_key(key, stored) or f" It makes {_listed(names)}."
    return CheckError(f"this run makes no asset {shown}.{hint}")


def _listed(names: list[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:8])
    return f"{shown} and {len(names) - 8} more" if len(names) > 8 else shown or "none"


def _is_in(event: DagflowEvent, node_name: str) -> bool:
    key = step_key_base(event.step_key or "")
    return (key == node_name or key.startswith(f"{node_name}.")) and event.node_handle is not None


def _unpickled(cls: type[_Self], kept: Mapping[str, Any]) -> _Self:
    result = cls.__new__(cls)
    result._restore(kept)  # noqa: SLF001 - of this module
    return result
