"""RunState: everything that the steps of one run share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

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
    from dagflow.events.run import DagflowRun
    from dagflow.plan.plan import Plan


_RUN_FAILURE = CODE[DagflowEventType.RUN_FAILURE]


class Earlier(NamedTuple):
    """The outputs of earlier runs that a run of only some steps reads.

    Attributes:
        outputs: The outputs that were stored, each with the id of the run that stored it.
        ended: The keys of the steps that succeeded or were skipped. Their other outputs were not produced.
        mapping_keys: The keys of each dynamic output, in the order of their values.
    """

    outputs: Mapping[OutputKey, str]
    ended: frozenset[str]
    mapping_keys: Mapping[OutputRef, list[str]]


NOTHING_EARLIER = Earlier({}, frozenset(), {})


class RunState:
    """The state that the steps of one run share.

    The launch of the run sets `input_values`, `raise_on_error`, `retries`, `earlier`, `flush`, `pointer` and
    `in_memory` before the run begins, if they differ from the defaults.

    Attributes:
        job, plan, run, log, options: The parts of the run.
        get_instance: Returns the DagflowInstance.
        resources: The started resources.
        in_memory: The keys of the I/O managers that keep values in memory for this run only. They store into
            `values`, so the loop does not call them.
        values: The outputs that were produced in this process. Invariant: an output is here exactly if its
            STEP_OUTPUT was followed by storage.
        stored: The outputs whose values are elsewhere, each with the id of the run that made it: an earlier
            run, or this run in another process.
        given: The given values that replace outputs from the start.
        input_values: The values of the inputs of the graph; default: those of the job.
        raise_on_error: Whether the first failure is raised to the caller.
        retries: Whether steps can be retried.
        earlier: The outputs of earlier runs, for a run of only some steps.
        flush: Writes the log to the store of the instance; None for an instance in memory.
        pointer: The ReconstructableJob of the job with its selections, None for a run in one process.
        error: The exception that is raised to the caller, if any.
        step_error: The exception of the last attempt at a step with hooks, for its hooks.
        mapping_keys: The keys of each dynamic output, in the order of their values.
    """

    __slots__ = (
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
        self.mapping_keys: dict[OutputRef, list[str]] = {}

    def log_of(
        self, step: Step | None, attempt: int = 1, sink_class: type[LogSink] = LogSink
    ) -> DagflowLogManager:
        """Return the log for user code: the log of an attempt at a step, or of the whole run."""
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

    def show_line(self, step: Step, attempt: int, level: int, text: str) -> None:
        """Send a line of the log that another process wrote to Python's logging."""
        self.log_of(step, attempt, LoggersOnly).log(level, "%s", text)

    def current_log(self) -> DagflowLogManager:
        """Return the log of the step that wrote the last record."""
        _, _, step, attempt, _ = self.log.records[-1]
        return self.log_of(self.plan.steps[step] if step >= 0 else None, attempt)

    def collected(self, ref: OutputRef) -> list[OutputRef]:
        """Return the outputs for all mapping keys: of a dynamic output, or of a step mapped over it."""
        template = self.plan.step_by_key(ref.step_key)
        if template.mapped_over is None:
            return [ref._replace(mapping_key=key) for key in self.mapping_keys[ref]]
        keys = self.mapping_keys[template.mapped_over]
        found = [OutputRef(resolved_key(template.key, key), ref.output_name) for key in keys]
        return [output for output in found if self.has(output)]

    def is_being_canceled(self) -> bool:
        """Return whether another process has asked to cancel this run."""
        from dagflow.events.run import DagflowRunStatus

        instance = self.get_instance()
        if instance.is_ephemeral:
            return False
        run = instance.get_run_by_id(self.run.run_id)
        return run is not None and run.status is DagflowRunStatus.CANCELING

    def write_failure(self, info: Any, reason: str, keys: Sequence[str] = ()) -> None:
        """Append the failure of the run, unless the run was interrupted by its cancellation.

        Args:
            info: The recorded error.
            reason: The name of the reason.
            keys: The failed steps, if they are the reason.
        """
        if reason != "UNEXPECTED_TERMINATION" or not self.is_being_canceled():
            self.log.append(_RUN_FAILURE, payload=(info, reason, list(keys)))

    def has(self, output: OutputKey) -> bool:
        """Return whether an output was produced."""
        return output in self.values or output in self.stored
