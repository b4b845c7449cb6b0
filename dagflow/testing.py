"""The tools of tests: options of runs, test instances, and the analysis of runs. Test tools such as a pytest
plugin use only this API.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from dagflow.absent import explains_absent
from dagflow.clock import Clock, SkippingClock, SystemClock, VirtualClock
from dagflow.engine.log import RunLog
from dagflow.errors import check_optional, check_type
from dagflow.events.record import DagflowEvent, EventLogEntry
from dagflow.instance.instance import DagflowInstance
from dagflow.observers import ObservedOutput, observe, observe_outputs, observe_runs, observe_ticks
from dagflow.options import NodeWatch, Pick, RunOptions, ValueByPartition, set_defaults, set_options
from dagflow.runs.results import EventList, ExecutionResult, with_events

if TYPE_CHECKING:
    from random import Random

    from dagflow.analysis.canonical import canonical_events
    from dagflow.analysis.causality import Causality, causality
    from dagflow.analysis.code.closure import Code
    from dagflow.analysis.code.graph import CodeGraph, changed_blocks
    from dagflow.analysis.code.modules import FolderSources, Sources
    from dagflow.analysis.conditions import Conditions
    from dagflow.analysis.config_faults import ConfigFault, config_faults, without_optional
    from dagflow.analysis.config_nodes import ConfigEntry, ConfigNode, run_config_node
    from dagflow.analysis.coverage.data import DENOMINATORS, Count, Coverage, CoveredNode, Miss
    from dagflow.analysis.coverage.places import Span, span_at
    from dagflow.analysis.coverage.recorder import CoverageRecorder
    from dagflow.analysis.fault_choices import fault_choices
    from dagflow.analysis.fault_plan import FaultPlan
    from dagflow.analysis.faults import Fault
    from dagflow.analysis.fingerprint import Fingerprint, fingerprint, fingerprint_from
    from dagflow.analysis.graphs import graph_of, has_graph
    from dagflow.analysis.interleavings import UnfinishedOrder, in_order, interleavings, unfinished_orders
    from dagflow.analysis.labelled_nodes import (
        LabelledNode,
        NodeOfStep,
        NodesOfRun,
        labelled_nodes,
        nodes_of_run,
    )
    from dagflow.analysis.memory_managers import in_memory_managers
    from dagflow.analysis.mutation.applied import mutated
    from dagflow.analysis.mutation.listing import Mutations, mutations_of
    from dagflow.analysis.mutation.mutation import Mutation, mutation_kinds
    from dagflow.analysis.run_values import RunValue, run_values
    from dagflow.analysis.smoke.findings import SmokeFinding
    from dagflow.analysis.smoke.listing import smoke_tests
    from dagflow.analysis.smoke.parts import SmokeTest
    from dagflow.analysis.steps import StepAssets, step_assets
    from dagflow.analysis.stubs import Stubs
    from dagflow.analysis.ticks.simulation import SensorState, simulate_ticks
    from dagflow.analysis.ticks.tick import SimulatedRequest, Tick
    from dagflow.analysis.written_test import write_test
    from dagflow.automation.tick_times import tick_times
    from dagflow.defs.executors.definition import ExecutorDefinition
    from dagflow.defs.project.repository import definitions_of
    from dagflow.events.catalogue import EventField, EventRow, event_catalogue
    from dagflow.events.error_info import error_chain
    from dagflow.executors.named_assets import reconstructable_assets
    from dagflow.invocation.outputs import outputs_of
    from dagflow.invocation.resources import OnDemand
    from dagflow.partitions.boundaries import boundaries
    from dagflow.preparations import preparing_processes
    from dagflow.processes import Process, is_alive, this_process
    from dagflow.selection.graph import Graph, Node
    from dagflow.selection.parse import parse_selection
    from dagflow.selection.resolve import resolve
    from dagflow.selection.tree import Call, Selection
    from dagflow.selection.words import in_words

_ON_DEMAND = {
    "Call": "dagflow.selection.tree",
    "Causality": "dagflow.analysis.causality",
    "Code": "dagflow.analysis.code.closure",
    "CodeGraph": "dagflow.analysis.code.graph",
    "Conditions": "dagflow.analysis.conditions",
    "ConfigEntry": "dagflow.analysis.config_nodes",
    "ConfigFault": "dagflow.analysis.config_faults",
    "ConfigNode": "dagflow.analysis.config_nodes",
    "Count": "dagflow.analysis.coverage.data",
    "Coverage": "dagflow.analysis.coverage.data",
    "CoverageRecorder": "dagflow.analysis.coverage.recorder",
    "CoveredNode": "dagflow.analysis.coverage.data",
    "DENOMINATORS": "dagflow.analysis.coverage.data",
    "EventField": "dagflow.events.catalogue",
    "EventRow": "dagflow.events.catalogue",
    "Fault": "dagflow.analysis.faults",
    "FaultPlan": "dagflow.analysis.fault_plan",
    "Fingerprint": "dagflow.analysis.fingerprint",
    "FolderSources": "dagflow.analysis.code.modules",
    "Graph": "dagflow.selection.graph",
    "LabelledNode": "dagflow.analysis.labelled_nodes",
    "Miss": "dagflow.analysis.coverage.data",
    "Mutation": "dagflow.analysis.mutation.mutation",
    "Mutations": "dagflow.analysis.mutation.listing",
    "Node": "dagflow.selection.graph",
    "NodeOfStep": "dagflow.analysis.labelled_nodes",
    "NodesOfRun": "dagflow.analysis.labelled_nodes",
    "OnDemand": "dagflow.invocation.resources",
    "Process": "dagflow.processes",
    "RunValue": "dagflow.analysis.run_values",
    "Selection": "dagflow.selection.tree",
    "SensorState": "dagflow.analysis.ticks.simulation",
    "SimulatedRequest": "dagflow.analysis.ticks.tick",
    "SmokeFinding": "dagflow.analysis.smoke.findings",
    "SmokeTest": "dagflow.analysis.smoke.parts",
    "Sources": "dagflow.analysis.code.modules",
    "Span": "dagflow.analysis.coverage.places",
    "StepAssets": "dagflow.analysis.steps",
    "Stubs": "dagflow.analysis.stubs",
    "Tick": "dagflow.analysis.ticks.tick",
    "UnfinishedOrder": "dagflow.analysis.interleavings",
    "boundaries": "dagflow.partitions.boundaries",
    "canonical_events": "dagflow.analysis.canonical",
    "causality": "dagflow.analysis.causality",
    "changed_blocks": "dagflow.analysis.code.graph",
    "config_faults": "dagflow.analysis.config_faults",
    "definitions_of": "dagflow.defs.project.repository",
    "error_chain": "dagflow.events.error_info",
    "event_catalogue": "dagflow.events.catalogue",
    "fault_choices": "dagflow.analysis.fault_choices",
    "fingerprint": "dagflow.analysis.fingerprint",
    "fingerprint_from": "dagflow.analysis.fingerprint",
    "graph_of": "dagflow.analysis.graphs",
    "has_graph": "dagflow.analysis.graphs",
    "in_memory_managers": "dagflow.analysis.memory_managers",
    "in_order": "dagflow.analysis.interleavings",
    "in_words": "dagflow.selection.words",
    "interleavings": "dagflow.analysis.interleavings",
    "is_alive": "dagflow.processes",
    "labelled_nodes": "dagflow.analysis.labelled_nodes",
    "mutated": "dagflow.analysis.mutation.applied",
    "mutation_kinds": "dagflow.analysis.mutation.mutation",
    "mutations_of": "dagflow.analysis.mutation.listing",
    "nodes_of_run": "dagflow.analysis.labelled_nodes",
    "outputs_of": "dagflow.invocation.outputs",
    "parse_selection": "dagflow.selection.parse",
    "preparing_processes": "dagflow.preparations",
    "reconstructable_assets": "dagflow.executors.named_assets",
    "resolve": "dagflow.selection.resolve",
    "run_config_node": "dagflow.analysis.config_nodes",
    "run_values": "dagflow.analysis.run_values",
    "simulate_ticks": "dagflow.analysis.ticks.simulation",
    "smoke_tests": "dagflow.analysis.smoke.listing",
    "span_at": "dagflow.analysis.coverage.places",
    "step_assets": "dagflow.analysis.steps",
    "this_process": "dagflow.processes",
    "tick_times": "dagflow.automation.tick_times",
    "unfinished_orders": "dagflow.analysis.interleavings",
    "without_optional": "dagflow.analysis.config_faults",
    "write_test": "dagflow.analysis.written_test",
}
"""The names that are loaded when they are first used, because a session needs few of them."""


def __getattr__(name: str) -> Any:
    if name not in _ON_DEMAND:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(_ON_DEMAND[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_ON_DEMAND})


@contextmanager
def run_options(
    *,
    clock: Clock | None = None,
    pick: Pick | None = None,
    given: Mapping[Any, Any] | None = None,
    faults: FaultPlan | Callable[[str, int], None] | None = None,
    random: Random | None = None,
    executor: ExecutorDefinition | None = None,
) -> Iterator[RunOptions]:
    """Set options of the runs that start in this block. Options that are not named keep their outer values.

    Args:
        clock: The clock for the waits of retries, timestamps and the "now" of partitions.
        pick: A function that gets the keys of the ready steps in default order, and returns the one to run
            next.
        given: Values that replace outputs, by step key, `(step key, output name)` or asset key. Their steps
            do not run. A `Stubs` also reports the values that no run used.
        faults: The faults that the runs inject. Or a function that is called with step key and attempt
            (from 1) before each attempt; if it raises, the attempt fails.
        random: The random generator for the jitter of retries, such as `random.Random(1)`.
        executor: The executor of `execute_job`, instead of that of the job.

    Example:
        >>> from dagflow import RetryPolicy, job, op
        >>> from dagflow.testing import VirtualClock, run_options
        >>> @op(retry_policy=RetryPolicy(max_retries=1, delay=60))
        ... def flaky(context):
        ...     if context.retry_number == 0:
        ...         raise ValueError
        >>> @job
        ... def j():
        ...     flaky()
        >>> with run_options(clock=VirtualClock()) as options:
        ...     success = j.execute_in_process().success
        >>> success, [round(seconds) for seconds in options.clock.sleeps]
        (True, [60])
    """
    found = None
    if faults is not None:  # imported lazily, because few runs have faults
        from dagflow.analysis.callable_faults import CallableFaults
        from dagflow.analysis.fault_plan import FaultPlan

        found = faults.planned if isinstance(faults, FaultPlan) else CallableFaults(faults)
    changes: dict[str, Any] = {"clock": clock, "pick": pick, "given": given, "faults": found}
    changes |= {"random": random, "executor": executor}
    with set_options(**{name: value for name, value in changes.items() if value is not None}) as options:
        yield options


def default_options(
    *,
    clock: Clock | None = None,
    notify: Callable[[str], None] | None = None,
    executor: ExecutorDefinition | None = None,
    watch: NodeWatch | None = None,
) -> AbstractContextManager[RunOptions]:
    """Set the default options of all runs of this process that start in this block, on any thread.

    Options that `run_options` sets win. Test tools use it to skip the waits of retries in every test.

    Args:
        clock: The default clock.
        notify: A function that shows a message to the user at once, such as the retry that a run waits for.
        executor: The executor of `execute_job`, instead of that of the job.
        watch: A watch over the code of nodes, also in direct calls and in worker processes.

    Example:
        >>> from dagflow import RetryPolicy, job, op
        >>> from dagflow.testing import SkippingClock, default_options
        >>> @op(retry_policy=RetryPolicy(max_retries=1, delay=60))
        ... def flaky(context):
        ...     if context.retry_number == 0:
        ...         raise ValueError
        >>> @job
        ... def j():
        ...     flaky()
        >>> clock = SkippingClock()
        >>> with default_options(clock=clock):
        ...     success = j.execute_in_process().success
        >>> success, [round(seconds) for seconds in clock.sleeps]
        (True, [60])
    """
    changes: dict[str, Any] = {"clock": clock, "notify": notify, "executor": executor, "watch": watch}
    return set_defaults(**{name: value for name, value in changes.items() if value is not None})


@contextmanager
@explains_absent
def instance_for_test(
    overrides: Mapping[str, Any] | None = None,
    set_dagflow_home: bool = True,
    temp_dir: str | None = None,
) -> Iterator[DagflowInstance]:
    """Provide a stored instance in a block of code.

    Args:
        overrides: Settings, which are written to a `dagflow.yaml` in the folder of the instance.
        set_dagflow_home: Whether DAGFLOW_HOME is set to the folder inside the block, so that
            `DagflowInstance.get()` opens this instance, also in child processes.
        temp_dir: The folder, which is not removed; default: a temporary one, removed after the block.

    Raises:
        DagflowInvalidConfigError: The settings are invalid.
        DagflowInvariantViolationError: A required variable is not set, or the folder cannot be created.

    Example:
        >>> from dagflow import DagflowInstance
        >>> with instance_for_test() as instance:
        ...     DagflowInstance.get().root_directory == instance.root_directory
        True
    """
    import json
    import os
    import tempfile
    from contextlib import nullcontext

    from dagflow.instance.home import SETTINGS_FILE, home_variables, ref_in, ref_of_home

    check_type(set_dagflow_home, bool, "set_dagflow_home", "instance_for_test")
    check_optional(temp_dir, (str, os.PathLike), "temp_dir", "instance_for_test")
    folder = tempfile.TemporaryDirectory(prefix="dagflow-") if temp_dir is None else nullcontext(temp_dir)
    before = {name: os.environ.get(name) for name in home_variables()}
    with folder as root:
        ref = ref_of_home(root) if overrides is None else ref_in(root, overrides)
        if overrides is not None:
            with open(os.path.join(root, SETTINGS_FILE), "w", encoding="utf-8") as file:
                json.dump(overrides, file, default=dict)  # JSON is valid YAML
        with DagflowInstance.from_ref(ref) as instance:
            if set_dagflow_home:
                os.environ.update(dict.fromkeys(before, instance.root_directory))
            try:
                yield instance
            finally:
                for name, value in before.items() if set_dagflow_home else ():
                    if value is None:
                        os.environ.pop(name, None)
                    else:
                        os.environ[name] = value


def log_lines(result: ExecutionResult) -> list[EventLogEntry]:
    """Return the lines that user code logged by `context.log` in a run, at all levels.

    Args:
        result: The result of a run of this process.

    Example:
        >>> from dagflow import job, op
        >>> from dagflow.testing import log_lines
        >>> @op
        ... def brew(context):
        ...     context.log.debug("hot")
        >>> @job
        ... def cafe():
        ...     brew()
        >>> [(line.step_key, line.level, line.user_message) for line in log_lines(cafe.execute_in_process())]
        [('brew', 10, 'hot')]
    """
    sources = [event.source for event in result.all_events[:1]]
    return [line for source in sources if isinstance(source, RunLog) for line in source.user_lines()]


def with_plans(events: Iterable[DagflowEvent]) -> EventList:
    """Return observed events as an EventList, with the plans of their runs.

    Args:
        events: Events of runs of this process.
    """
    events = list(events)
    plans = {}
    for event in events:
        source = event.source
        if isinstance(source, RunLog):
            plans[event.run_id] = source.plan
    return EventList(events, plans)


__all__ = [
    "DENOMINATORS",
    "Call",
    "Causality",
    "Code",
    "CodeGraph",
    "Conditions",
    "ConfigEntry",
    "ConfigFault",
    "ConfigNode",
    "Count",
    "Coverage",
    "CoverageRecorder",
    "CoveredNode",
    "EventField",
    "EventList",
    "EventRow",
    "Fault",
    "FaultPlan",
    "Fingerprint",
    "FolderSources",
    "Graph",
    "LabelledNode",
    "Miss",
    "Mutation",
    "Mutations",
    "Node",
    "NodeOfStep",
    "NodeWatch",
    "NodesOfRun",
    "ObservedOutput",
    "OnDemand",
    "Process",
    "RunOptions",
    "RunValue",
    "Selection",
    "SensorState",
    "SimulatedRequest",
    "SkippingClock",
    "SmokeFinding",
    "SmokeTest",
    "Sources",
    "Span",
    "StepAssets",
    "Stubs",
    "SystemClock",
    "Tick",
    "UnfinishedOrder",
    "ValueByPartition",
    "VirtualClock",
    "boundaries",
    "canonical_events",
    "causality",
    "changed_blocks",
    "config_faults",
    "default_options",
    "definitions_of",
    "error_chain",
    "event_catalogue",
    "fault_choices",
    "fingerprint",
    "fingerprint_from",
    "graph_of",
    "has_graph",
    "in_memory_managers",
    "in_order",
    "in_words",
    "instance_for_test",
    "interleavings",
    "is_alive",
    "labelled_nodes",
    "log_lines",
    "mutated",
    "mutation_kinds",
    "mutations_of",
    "nodes_of_run",
    "observe",
    "observe_outputs",
    "observe_runs",
    "observe_ticks",
    "outputs_of",
    "parse_selection",
    "preparing_processes",
    "reconstructable_assets",
    "resolve",
    "run_config_node",
    "run_options",
    "run_values",
    "simulate_ticks",
    "smoke_tests",
    "span_at",
    "step_assets",
    "this_process",
    "tick_times",
    "unfinished_orders",
    "with_events",
    "with_plans",
    "without_optional",
    "write_test",
]
