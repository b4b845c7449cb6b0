"""`run_step`: one attempt at one step, from its inputs to its outputs.

Order of events: all LOADED_INPUT, then all STEP_INPUT; for each output STEP_OUTPUT, the events of the
I/O manager, ASSET_MATERIALIZATION, HANDLED_OUTPUT; STEP_SUCCESS. An event that the context logs is appended
at once, and belongs to the events of the run from the next output on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagflow._util import UNSET
from dagflow.asset_results import check_order
from dagflow.call import call_user, type_check_error, wrapped
from dagflow.config.scalar import copied
from dagflow.context.call_state import CallState
from dagflow.context.op import AssetExecutionContext, OpExecutionContext
from dagflow.defs.assets.ports import OBSERVED
from dagflow.defs.ops.definition import op_location
from dagflow.defs.ops.ports import OutputDefinition
from dagflow.engine.call_state import StepCallState, code_of, take_back
from dagflow.engine.load_inputs import check_value, load_inputs
from dagflow.engine.outcome import Incomplete, Outcome
from dagflow.engine.run_state import RunState
from dagflow.engine.store_outputs import store
from dagflow.errors import DagflowInvariantViolationError, repr_of
from dagflow.events.asset_result import AssetResult
from dagflow.events.types import CODE, DagflowEventType
from dagflow.events.user import DynamicOutput, Output, UserEvent
from dagflow.metadata.normalize import normalize_metadata
from dagflow.observers import ObservedOutput, output_observers, report_output
from dagflow.plan.node_label import label_of_output
from dagflow.plan.step import OutputRef, Step, StepOutput

if TYPE_CHECKING:
    from dagflow.defs.assets.check_spec import AssetCheckSpec
    from dagflow.engine.record import Record
    from dagflow.events.check import AssetCheckEvaluation, AssetCheckResult

_STEP_START = CODE[DagflowEventType.STEP_START]
_STEP_RESTARTED = CODE[DagflowEventType.STEP_RESTARTED]
_STEP_OUTPUT = CODE[DagflowEventType.STEP_OUTPUT]
_HANDLED_OUTPUT = CODE[DagflowEventType.HANDLED_OUTPUT]
_STEP_SUCCESS = CODE[DagflowEventType.STEP_SUCCESS]
_MATERIALIZATION = CODE[DagflowEventType.ASSET_MATERIALIZATION]


def run_step(state: RunState, step: Step, number: int) -> Outcome | None:
    """Run attempt `number` (from 1) of a step.

    Returns:
        None if every output was produced; otherwise the outcome for the loop.
    """
    append = state.log.append
    index = step.index
    options = state.options
    now = options.clock.now
    append(_STEP_START if number == 1 else _STEP_RESTARTED, index, number)
    started = now()
    faults = options.faults
    attempt: Attempt = Attempt(state, step, number) if faults is None else faults.attempt(state, step, number)
    state.attempt = attempt
    try:
        if faults is not None:
            attempt.begin()
        change = None if faults is None else attempt.change_inputs
        arguments = load_inputs(state, step, number, change) if step.loads else {}
        body = step.op.body
        context = None if body.context is None else attempt.context()
        if body.is_bound:
            attempt.bind(arguments, context)
        if faults is not None:
            attempt.before_call()
        call_user(step.op, step.key, context, arguments, attempt.emit, attempt.emit_event, step.ports)
        if faults is not None:
            attempt.after_call()
        if attempt.call_state is not None:
            attempt.flush()
        if attempt.failed_checks is not None:
            from dagflow.engine.checks import blocked_by  # imported lazily: few runs have checks

            raise blocked_by(step, attempt.failed_checks)
        state.attempt = None
    except BaseException as error:
        state.attempt = None
        if state.log.observer_raised:
            raise
        from dagflow.engine.failure import end_failed_attempt  # imported lazily: only failures use it

        take_back(state.log, attempt.logged)
        return end_failed_attempt(state, step, number, error)
    append(_STEP_SUCCESS, index, number, now() - started)
    if len(attempt.got) == len(step.outputs) and not step.is_dynamic:
        return None
    return attempt.incomplete()


class Attempt:
    """One attempt at a step: it creates the context and processes the outputs.

    Attributes:
        call_state: The state behind the context; None if the op takes no context.
        got: The outputs so far.
        keys: The mapping keys of each dynamic output so far.
        logged: The records of the events that the context logged since the last output.
        failed_checks: The blocking checks that failed, None if none did.
        given_context: The context that the function got as a parameter, None without one.
    """

    __slots__ = (
        "call_state",
        "failed_checks",
        "given_context",
        "got",
        "keys",
        "logged",
        "number",
        "state",
        "step",
    )

    def __init__(self, state: RunState, step: Step, number: int) -> None:
        self.state: RunState = state
        self.step: Step = step
        self.number: int = number
        self.call_state: StepCallState | None = None
        self.got: set[str] = set()
        self.keys: dict[str, dict[str, None]] | None = None
        self.logged: list[Record] = []
        self.failed_checks: list[AssetCheckEvaluation] | None = None
        self.given_context: Any = None

    def context(self) -> Any:
        """Create the context for the user's function: an op, asset or check context."""
        kind = self.step.op.body.context
        if kind == "any":
            assets_def = self.step.assets_def
            kind = "op" if assets_def is None else "check" if assets_def.is_of_checks else "asset"
        context = self.given_context = self._new_context(str(kind))
        return context

    def context_of(self, kind: str) -> Any:
        """Return the context of a kind ("op", "asset" or "check"); None if the step has none of it."""
        given = self.given_context
        if given is not None and type(given).__dagflow_context__ == kind:
            return given
        assets_def = self.step.assets_def
        is_check = assets_def is not None and assets_def.is_of_checks
        return None if kind == ("asset" if is_check else "check") else self._new_context(kind)

    def _new_context(self, kind: str) -> Any:
        if self.call_state is None:
            self.call_state = StepCallState(self.state, self.step, self.number, self.logged)
        if kind == "asset":
            return AssetExecutionContext(self.call_state)
        context = OpExecutionContext(self.call_state)
        if kind == "op":
            return context
        from dagflow.context.check import AssetCheckExecutionContext  # imported lazily: few runs have checks

        return AssetCheckExecutionContext(context)

    def bind(self, arguments: dict[str, Any], context: Any) -> None:
        """Add the config, the resources and the context that the function takes by name."""
        body = self.step.op.body
        if body.config is not None:
            config = copied(self.step.config)  # a copy, because a plan can be run again
            try:
                arguments["config"] = config if body.read_config is None else body.read_config(config)
            except Exception as error:  # of a validator
                raise wrapped(error, self.step.op, self.step.key) from error
        values = self.state.resources.values
        for name in body.resources:
            arguments[name] = values.get(name) if name in body.optional_resources else values[name]
        if context is not None and not body.context_first:
            arguments[str(body.context_name)] = context

    def begin(self) -> None:
        """Inject faults before the load of the inputs; called in runs with faults only."""

    def change_inputs(self, arguments: dict[str, Any]) -> None:
        """Inject faults into the loaded inputs, before their types are checked."""

    def before_call(self) -> None:
        """Inject faults that replace or delay the call of the function."""

    def after_call(self) -> None:
        """Inject faults after the end of the function."""

    def emit(self, output: OutputDefinition, value: Any, given: Any = None) -> None:
        """Process an output: check it, store it, and append its events."""
        state, step = self.state, self.step
        declared = step.output_by_name[output.name]
        if (
            given is not None
            or self.call_state is not None
            or not declared.is_plain
            or declared.manager_key not in state.in_memory
        ):
            self._emit_all(declared, value, given)
            return
        append = state.log.append
        position = declared.position
        append(_STEP_OUTPUT, step.index, self.number, position)
        if output_observers:
            self._report(declared, value, None, {})
        state.values[step.key, output.name, None] = value
        append(_HANDLED_OUTPUT, step.index, self.number, position)
        self.got.add(output.name)

    def _emit_all(self, output: StepOutput, value: Any, given: Any) -> None:
        state, step, number = self.state, self.step, self.number
        if given is not None or not output.is_selected or output.check_spec is not None:
            check_given(step, output, value, given)
            if not output.is_selected and output.check_spec is not None:
                self._evaluated_unselected(output.check_spec, value)
                return
        if len(step.ports.outputs) > 1 and output.asset is not None:
            check_order(step.op, step.ports, output.name, self.got)
        if value is None and given is None and not output.is_required:
            self._warn_of_none(output)
        mapping_key = given.mapping_key if isinstance(given, DynamicOutput) else None
        if mapping_key is not None:
            self._note_key(output, mapping_key)
        metadata = {} if given is None else metadata_given(output, given)
        if self.call_state is not None:
            _refuse_lost_results(self.call_state, step, output, given)
            self.flush()
            metadata = {**metadata, **self._metadata_added(self.call_state, output, mapping_key)}
        key = (step.key, output.name, mapping_key)
        is_absent = value is UNSET
        if not is_absent:
            state.values[key] = value  # appended in any case, because it helps to find the cause of an error
        check = None
        if output.check is not None and not is_absent:
            check = check_value(state, step, output.check, value, f"output '{output.name}'")
        state.log.append(
            _STEP_OUTPUT,
            step.index,
            number,
            (output.position, mapping_key, check, metadata)
            if check or metadata or mapping_key
            else output.position,
        )
        if check is not None and not check.success:
            raise type_check_error(
                f'step output "{output.name}"',
                output.dagflow_type,
                check,
                f"step '{step.key}', {op_location(step.op)}",
            )
        stored = self._stored(output, value, mapping_key, metadata)
        if output.check_spec is not None:
            self._evaluated(output.check_spec, value)
        elif output.asset is not None and output.asset.event is not None:
            self._record_asset(output, given, {**metadata, **(stored or {})})
        if stored is not None:
            state.log.append(
                _HANDLED_OUTPUT, step.index, number, (output.position, stored) if stored else output.position
            )
        self.got.add(output.name)

    def _stored(
        self, output: StepOutput, value: Any, mapping_key: str | None, metadata: Mapping[str, Any]
    ) -> Mapping[str, Any] | None:
        """Store a complete output. Return the metadata of its I/O manager; None without one."""
        state = self.state
        if output_observers:
            self._report(output, value, mapping_key, metadata)
        if output.manager_key is None or value is UNSET:
            return None
        if output.manager_key in state.in_memory:
            return {}
        return store(state, self.step, output, value, mapping_key, metadata, self._write)

    def _report(
        self, output: StepOutput, value: Any, mapping_key: str | None, metadata: Mapping[str, Any]
    ) -> None:
        """Call the observers of outputs."""
        state, step = self.state, self.step
        label = label_of_output(step, output, state.plan.job_name)
        has_value = value is not UNSET and (output.manager_key is not None or output.check_spec is not None)
        shown = value if has_value else None
        key, run_id = step.key, state.run.run_id
        report_output(
            ObservedOutput(label, run_id, key, output.name, mapping_key, shown, has_value, metadata)
        )

    def _metadata_added(
        self, call_state: CallState, output: StepOutput, mapping_key: str | None
    ) -> Mapping[str, Any]:
        """Return the metadata that the context added to an output. From now on it can add none."""
        name, of_outputs = output.name, call_state.output_metadata
        added = of_outputs.get((name, mapping_key)) or of_outputs.get((name, None)) or {}
        call_state.produced.add((name, mapping_key))
        if output.asset is None or output.asset.event is None:  # the function yields the event of the asset
            added = {**added, **self._asset_metadata(output, None)}
        return normalize_metadata(added, f"output '{name}' of {op_location(self.step.op)}") if added else {}

    def _warn_of_none(self, output: StepOutput) -> None:
        """Warn that None is a value, because the user may have meant to produce no output."""
        op = self.step.op
        if len(op.outs) == 1 and op.body.function_type in ("plain", "async"):
            self.state.log_of(self.step, self.number).warning(
                f"{op_location(op)} returned None for its output '{output.name}', which is not required. "
                "This value will be passed to downstream ops. To produce no output, yield outputs, not this "
                "one."
            )

    def _note_key(self, output: StepOutput, mapping_key: str) -> None:
        if self.keys is None:
            self.keys = {}
        keys = self.keys.setdefault(output.name, {})
        if mapping_key in keys:
            raise DagflowInvariantViolationError(
                f"{op_location(self.step.op)} yielded the mapping key '{mapping_key}' for more than one "
                f"value of its output '{output.name}'. Each value needs a key of its own."
            )
        keys[mapping_key] = None

    def incomplete(self) -> Incomplete:
        """Return the outcome of a successful attempt with missing or dynamic outputs."""
        step, keys = self.step, self.keys or {}
        dynamic = {
            OutputRef(step.key, output.name): list(keys.get(output.name, ()))
            for output in step.outputs
            if output.is_dynamic
        }
        self.state.mapping_keys.update(dynamic)
        absent = [
            OutputRef(step.key, output.name)
            for output in step.outputs
            if (
                output.name not in keys and not output.is_required
                if output.is_dynamic
                else output.name not in self.got
            )
        ]
        return Incomplete(absent, dynamic)

    def _asset_metadata(self, output: StepOutput, partition: str | None) -> Mapping[str, Any]:
        """Return the metadata that the function added to the asset of an output, or to one partition."""
        added = None if self.call_state is None else self.call_state.asset_metadata
        if not added:
            return {}
        where_to = f"asset of output '{output.name}' of {op_location(self.step.op)}"
        return normalize_metadata(added.get((output.name, partition)), where_to)

    def _record_asset(self, output: StepOutput, given: Any, metadata: dict[str, Any]) -> None:
        """Append the materialization or observation of an output."""
        asset = output.asset
        metadata = {**metadata, **self._asset_metadata(output, None)}
        if asset is not None and asset.event == OBSERVED:
            from dagflow.engine.observations import observation_of  # imported lazily: few runs observe

            self._write(observation_of(asset, given, metadata, self.state.plan.partition_key))
            return
        has_facts = isinstance(given, (Output, AssetResult))
        tags = dict(given.tags or {}) if has_facts else {}
        version = given.data_version if has_facts else None
        inputs = None
        if self.state.flush is not None:
            from dagflow.engine.provenance import inputs_of  # imported lazily: few runs are stored

            inputs = inputs_of(self.state.get_instance(), self.step, output)
        payload = output.position, metadata, tags, version, inputs
        partitions = self.state.plan.partitions
        if partitions.range is None or asset is None or asset.partitions_def is None:
            self.state.log.append(_MATERIALIZATION, self.step.index, self.number, payload)
            return
        for key in partitions.keys:
            own = self._asset_metadata(output, key)
            payload = output.position, {**metadata, **own}, tags, version, inputs
            self.state.log.append(_MATERIALIZATION, self.step.index, self.number, (*payload, key))

    def _evaluated(self, spec: AssetCheckSpec, result: AssetCheckResult) -> None:
        """Append the evaluation of a check."""
        from dagflow.engine.checks import evaluation_of  # imported lazily: few runs have checks

        evaluation = evaluation_of(self.state, spec, result)
        self._write(evaluation)
        if evaluation.blocking and not evaluation.passed and evaluation.severity is evaluation.severity.ERROR:
            self.failed_checks = [*(self.failed_checks or ()), evaluation]

    def _evaluated_unselected(self, spec: AssetCheckSpec, result: AssetCheckResult) -> None:
        """Append the evaluation of a check that is not selected, after a warning: the work is done anyway."""
        if self.call_state is not None:
            self.flush()
        self.state.log_of(self.step, self.number).warning(
            f"{op_location(self.step.op)} gave the result of the check '{spec.key.to_user_string()}', which "
            "is not selected in this run. It is recorded. Read context.selected_asset_check_keys before "
            "making a result."
        )
        self._evaluated(spec, result)

    def emit_event(self, event: UserEvent) -> None:
        """Append an event that the user's function yielded."""
        if self.call_state is not None:
            self.flush()
        self._write(event)

    def flush(self) -> None:
        """Add the events that the context logged since the last call to the events of the run."""
        self.logged.clear()

    def _write(self, event: UserEvent) -> None:
        self.state.log.append(code_of(event), self.step.index, self.number, event)


def metadata_given(output: StepOutput, given: Any) -> Mapping[str, Any]:
    """Return the metadata in the object that the user's function gave for an output."""
    if given is None or output.check_spec is not None:
        return {}
    if isinstance(given, AssetResult):
        return given.normalized_metadata()
    found: Mapping[str, Any] = given.metadata
    return found


def _not_selected(step: Step, output: StepOutput) -> DagflowInvariantViolationError:
    chosen = [one.name for one in step.outputs if one.is_selected]
    return DagflowInvariantViolationError(
        f"{op_location(step.op)} gave its output '{output.name}', which this run does not select. It selects "
        f"{chosen}. Read context.selected_asset_keys or selected_output_names before making an output."
    )


def _refuse_lost_results(call_state: CallState, step: Step, output: StepOutput, given: Any) -> None:
    if call_state.has_external_results and given is None and output.asset is not None:
        raise DagflowInvariantViolationError(
            f"{op_location(step.op)} opened a pipes session, but gave a plain value for its output "
            f"'{output.name}', so the results of the external process are lost. Return "
            "run(...).get_materialize_result() or run(...).get_results(), or yield each of "
            "session.get_results() after the session."
        )


def check_given(step: Step, output: StepOutput, value: Any, given: Any = None) -> None:
    """Raise if an asset is not selected, or a result of an asset or check is of something else."""
    if not output.is_selected and output.check_spec is None:
        raise _not_selected(step, output)
    if step.assets_def is None and isinstance(given, AssetResult):
        raise DagflowInvariantViolationError(
            f"{op_location(step.op)} gave {given.place()}, but it is not the function of an asset. Return a "
            "value or an Output, or use @asset."
        )
    if output.check_spec is None:
        return
    from dagflow.events.check import AssetCheckResult  # imported lazily: few runs have checks

    if not isinstance(value, AssetCheckResult):
        raise DagflowInvariantViolationError(
            f"{op_location(step.op)} gave {repr_of(value)} of type '{type(value).__name__}' for the check "
            f"'{output.check_spec.key.to_user_string()}'. Return or yield AssetCheckResult(passed=...)."
        )
