"""RunState: everything that the steps of one run share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from dagflow.engine.log import NO_STEP, LoggersOnly, LogSink, RunLog
from dagflow.event_loop import EventLoop
from dagflow.events.types import CODE, DagflowEventType
from dagflow.options import RunOptions
from dagflow.plan.dynamic import resolved_key
from dagflow.plan.step import OutputKey, OutputRef, Step
from dagflow.resources import StartedResources

if TYPE_CHECKING:
    from dagflow.context.log import DagflowLogManager
    from dagflow.defs.jobs.definition import JobDefinition
    from dagflow.engine.materializations import Materializations
    from dagflow.events.run import DagflowRun
    from dagflow.plan.plan import Plan


_RUN_FAILURE = CODE[DagflowEventType.RUN_FAILURE]


class Earlier(NamedTuple):
    """The outputs of earlier runs, for a run that executes a part of the steps.

    Attributes:
        outputs: The outputs that were stored, each with the id of the run that stored it.
        ended: The keys of the steps that succeeded or were skipped. Their other outputs were not produced.
        mapping_keys: The keys of each dynamic output, in the order of their values.
    """

    outputs: Mapping[OutputKey, str]
    ended: frozenset[str]
    mapping_keys: Mapping[OutputRef, list[str]]


NOTHING_EARLIER = Earlier({}, frozenset(), {})


class HasContext(Protocol):
    """An attempt at a step, as far as code without a context finds it."""

    def context_of(self, kind: str) -> Any:
        """Return the context of a kind ("op", "asset" or "check"); None if the step has none of it."""


class RunState:
    """The state that the steps of one run share.

    The launch of the run sets `input_values`, `raise_on_error`, `retries`, `earlier`, `flush`, `pointer` and
    `in_memory` before the run begins, if they differ from the defaults.

    Attributes:
        job, plan, run, log, options: The job, its plan, the record of the run, its log and its options.
        get_instance: A function that returns the DagflowInstance.
        resources: The started resources.
        in_memory: The keys of the I/O managers that keep values in memory for this run only. They store into
            `values`, so the loop does not call them.
        values: The outputs that were produced in this process, and the given values. Invariant: a produced
            output is here exactly if it was stored after its STEP_OUTPUT.
        stored: The outputs whose values are elsewhere, each with the id of the run that made it: an earlier
            run, or this run in another process.
        given: The values that the caller gave for outputs, instead of running their steps.
        input_values: The values of the inputs of the graph; default: those of the job.
        raise_on_error: Whether the first failure is raised to the caller.
        retries: Whether steps can be retried.
        earlier: The outputs of earlier runs, for a run of only some steps.
        flush: A function that writes the log to the store; None for an instance in memory.
        pointer: The ReconstructableJob of the job with its selections, None for a run in one process.
        error: The exception that is raised to the caller, if any.
        step_error: The exception of the last attempt at a step with hooks, for its hooks.
        materializations: The materializations so far, None before the first check.
        attempt: The attempt that runs now in this process, None between steps.
        mapping_keys: The keys of each dynamic output, in the order of their values.
    """

    __slots__ = (
        "attempt",
        "earlier",
        "error",
        "flush",
        "get_instance",
        "given",
        "in_memory",
        "input_values",
        "job",
        "log",
        "mapping_keys",
        "materializations",
        "options",
        "plan",
        "pointer",
        "raise_on_error",
        "resources",
        "retries",
        "run",
        "step_error",
        "stored",
        "values",
    )

    def __init__(
        self,
        job: JobDefinition,
        plan: Plan,
        run: DagflowRun,
        log: RunLog,
        options: RunOptions,
        get_instance: Callable[[], Any],
        values: dict[OutputKey, Any],
    ) -> None:
        self.job: JobDefinition = job
        self.plan: Plan = plan
        self.run: DagflowRun = run
        self.log: RunLog = log
        self.options: RunOptions = options
        self.get_instance: Callable[[], Any] = get_instance
        self.resources: StartedResources = StartedResources(EventLoop())
        self.in_memory: frozenset[str] = frozenset()
        self.values: dict[OutputKey, Any] = values
        self.given: dict[OutputKey, Any] = dict(values)
        self.input_values: Mapping[str, Any] = job.input_values
        self.raise_on_error: bool = False
        self.retries: bool = True
        self.earlier: Earlier = NOTHING_EARLIER
        self.flush: Callable[[], None] | None = None
        self.pointer: Any = None
        self.stored: dict[OutputKey, str] = {}
        self.error: BaseException | None = None
        self.step_error: BaseException | None = None
        self.materializations: Materializations | None = None
        self.attempt: HasContext | None = None
        self.mapping_keys: dict[OutputRef, list[str]] = {}

    def log_of(
        self, step: Step | None, attempt: int = 1, sink_class: type[LogSink] = LogSink
    ) -> DagflowLogManager:
        """Return the log for user code: the log of one attempt of a step, or of the whole run.

        Args:
            step: The step, or None for the whole run.
            attempt: The number of the attempt, from 1.
            sink_class: The class of the object that receives the lines. LoggersOnly adds nothing to the log.
        """
        from dagflow.context.log import DagflowLogManager  # imported lazily: it imports Python's logging

        meta = {
            "run_id": self.run.run_id,
            "job_name": self.run.job_name,
            "job_tags": self.run.tags,
            "step_key": None if step is None else step.key,
            "op_name": None if step is None else step.node.name,
        }
        sink = sink_class(self.log, NO_STEP, 0) if step is None else sink_class(self.log, step.index, attempt)
        return DagflowLogManager(meta, sink)

    def following_python_logs(self) -> AbstractContextManager[None]:
        """Return a context manager that applies the setting `python_logs` of the instance to the run."""
        settings = self.get_instance().python_logs
        if not settings:
            return nullcontext()
        from dagflow.engine.python_logs import following  # imported lazily: it imports `logging.config`

        return following(self.log, settings)

    def show_line(self, step: Step, attempt: int, level: int, text: str) -> None:
        """Send a log line to Python's logging only. Another process has already added it to the log.

        Args:
            step: The step of the line.
            attempt: The number of the attempt, from 1.
            level: The level as a number, as in Python's logging.
            text: The message.
        """
        self.log_of(step, attempt, LoggersOnly).log(level, "%s", text)

    def current_log(self) -> DagflowLogManager:
        """Return the log of the step and attempt of the last record, or of the run if it has no step."""
        _, _, step, attempt, _ = self.log.records[-1]
        return self.log_of(self.plan.steps[step] if step >= 0 else None, attempt)

    def collected(self, ref: OutputRef) -> list[OutputRef]:
        """Return the outputs that an input collects, in the order of the mapping keys.

        Args:
            ref: A dynamic output, or an output of the template that is mapped over it. Mapped steps that did
                not produce the output are omitted.
        """
        template = self.plan.step_by_key(ref.step_key)
        if template.mapped_over is None:
            return [ref._replace(mapping_key=key) for key in self.mapping_keys[ref]]
        keys = self.mapping_keys[template.mapped_over]
        found = [OutputRef(resolved_key(template.key, key), ref.output_name) for key in keys]
        return [output for output in found if self.has(output)]

    def current_context(self, kind: str) -> Any:
        """Return a context of the attempt that runs now, None if there is none of this kind.

        Args:
            kind: "op", "asset" or "check".
        """
        return None if self.attempt is None else self.attempt.context_of(kind)

    def is_being_canceled(self) -> bool:
        """Return whether the stored status of this run is CANCELING.

        False for an ephemeral instance, which no other process can use.
        """
        from dagflow.events.run import DagflowRunStatus

        instance = self.get_instance()
        if instance.is_ephemeral:
            return False
        run = instance.get_run_by_id(self.run.run_id)
        return run is not None and run.status is DagflowRunStatus.CANCELING

    def write_failure(self, info: Any, reason: str, keys: Sequence[str] = ()) -> None:
        """Append RUN_FAILURE to the log, unless an interrupt by a cancellation ended the run.

        Args:
            info: The SerializableErrorInfo of the error.
            reason: The name of a RunFailureReason. Only UNEXPECTED_TERMINATION can be a cancellation.
            keys: The keys of the failed steps, if they are the reason.
        """
        if reason != "UNEXPECTED_TERMINATION" or not self.is_being_canceled():
            self.log.append(_RUN_FAILURE, payload=(info, reason, list(keys)))

    def has(self, output: OutputKey) -> bool:
        """Return whether an output has a value: produced in this or an earlier run, or given."""
        return output in self.values or output in self.stored
