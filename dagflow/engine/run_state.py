"""What a run holds while it runs."""

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
    """What earlier runs made, on which a run builds that executes some of the steps only.

    Attributes:
        outputs: The outputs that were stored, each with the id of the run that did.
        ended: The keys of the steps that ended well or were skipped, so that what is not among `outputs` will
            not come.
        mapping_keys: The keys of each dynamic output, in the order in which they came.
    """

    outputs: Mapping[OutputKey, str]
    ended: frozenset[str]
    mapping_keys: Mapping[OutputRef, list[str]]


NOTHING_EARLIER = Earlier({}, frozenset(), {})


class RunState:
    """What the steps of one run share.

    Attributes:
        job, plan, run, log, options: What runs, as told.
        get_instance: Gives the DagflowInstance.
        resources: The started resources.
        in_memory: The keys of I/O managers that keep values by reference for the time of this run only. What
            they store is `values` itself, so the loop needs to ask none of them.
        values: Every output so far that was made here. Always: an output is here exactly if its STEP_OUTPUT
            was followed by storage.
        stored: The outputs that exist and whose values are not here: each with the id of the run that made
            it, which is an earlier one, or this one in another process.
        retries: Whether steps may be tried again.
        earlier: What an earlier run made, for a run that executes some steps only.
        flush: Puts the log where others can read it; None where it is kept in memory.
        given: The values that stand for outputs from the start; a step that runs all the same makes others.
        input_values: Values of the graph's inputs.
        error: What is raised to the caller, if something is.
        step_error: What the last attempt at a step with hooks raised; for its hooks.
        mapping_keys: The keys of each dynamic output, in the order in which they came.
        pointer: Where another process finds the job again (a ReconstructableJob, with its selections), None
            for a run that stays in this process.
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
        "run_config",
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
        *,
        values: dict[OutputKey, Any],
        input_values: Mapping[str, Any],
        run_config: Mapping[str, Any],
        raise_on_error: bool,
        retries: bool = True,
        earlier: Earlier = NOTHING_EARLIER,
        flush: Callable[[], None] | None = None,
        pointer: Any = None,
    ) -> None:
        self.job = job
        self.plan = plan
        self.run = run
        self.log = log
        self.options = options
        self.get_instance = get_instance
        self.resources = StartedResources(EventLoop())
        self.in_memory: frozenset[str] = frozenset()
        self.values = values
        self.given = dict(values)
        self.input_values = input_values
        self.run_config = run_config
        self.raise_on_error = raise_on_error
        self.retries = retries
        self.earlier = earlier
        self.flush = flush
        self.pointer = pointer
        self.stored: dict[OutputKey, str] = {}
        self.error: BaseException | None = None
        self.step_error: BaseException | None = None
        self.mapping_keys: dict[OutputRef, list[str]] = {}

    def log_of(self, step: Step | None, attempt: int = 1, kind: type[LogSink] = LogSink) -> DagflowLogManager:
        """What user code logs with: that of an attempt at a step, or of the run as a whole."""
        from dagflow.context.log import DagflowLogManager  # imports Python's logging: who logs needs it

        meta = {
            "run_id": self.run.run_id,
            "job_name": self.run.job_name,
            "job_tags": self.run.tags,
            "step_key": None if step is None else step.key,
            "op_name": None if step is None else step.node.name,
        }
        lines = kind(self.log, NO_STEP, 0) if step is None else kind(self.log, step.index, attempt)
        return DagflowLogManager(meta, lines)

    def show_line(self, step: Step, attempt: int, level: int, text: str) -> None:
        """Let Python's logging see a line of the log that was written elsewhere."""
        self.log_of(step, attempt, LoggersOnly).log(level, "%s", text)

    def current_log(self) -> DagflowLogManager:
        """The log of what runs now: of the step that wrote the last record."""
        _, _, step, attempt, _ = self.log.records[-1]
        return self.log_of(self.plan.steps[step] if step >= 0 else None, attempt)

    def collected(self, ref: OutputRef) -> list[OutputRef]:
        """The values of a dynamic output, or of what was mapped over it, in the order in which they were
        yielded.
        """
        template = self.plan.step_by_key(ref.step_key)
        if template.mapped_over is None:
            return [ref._replace(mapping_key=key) for key in self.mapping_keys[ref]]
        keys = self.mapping_keys[template.mapped_over]
        found = [OutputRef(resolved_key(template.key, key), ref.output_name) for key in keys]
        return [output for output in found if self.has(output)]

    def is_being_canceled(self) -> bool:
        """Whether somebody asked, from outside, that this run be canceled."""
        from dagflow.events.run import DagflowRunStatus

        instance = self.get_instance()
        if instance.is_ephemeral:
            return False
        run = instance.get_run_by_id(self.run.run_id)
        return run is not None and run.status is DagflowRunStatus.CANCELING

    def write_failure(self, info: Any, reason: str, keys: Sequence[str] = ()) -> None:
        """Write down that the run failed; not where it was interrupted because somebody cancels it.

        Args:
            info: The recorded error.
            reason: The name of the reason.
            keys: The steps that failed, where these are the reason.
        """
        if reason != "UNEXPECTED_TERMINATION" or not self.is_being_canceled():
            self.log.append(_RUN_FAILURE, payload=(info, reason, list(keys)))

    def has(self, output: OutputKey) -> bool:
        """Whether an output was produced."""
        return output in self.values or output in self.stored
