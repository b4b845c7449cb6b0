"""What a test wants to know of a pipeline or to change around a run; the doors that tools such as a pytest
plugin use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dagflow.analysis.causality import Causality, canonical_events, causality
from dagflow.analysis.fingerprint import Fingerprint, fingerprint
from dagflow.analysis.graphs import graph_of
from dagflow.analysis.interleavings import in_order, interleavings
from dagflow.clock import Clock, VirtualClock
from dagflow.engine.log import RunLog
from dagflow.events.catalogue import EventField, EventRow, event_catalogue
from dagflow.events.error_info import error_chain
from dagflow.events.record import DagflowEvent
from dagflow.instance.instance import DagflowInstance
from dagflow.invocation.resources import OnDemand
from dagflow.observers import observe, observe_runs
from dagflow.options import Pick, RunOptions, set_options
from dagflow.partitions.boundaries import boundaries
from dagflow.runs.results import EventList
from dagflow.selection.parse import parse_selection
from dagflow.selection.resolve import resolve
from dagflow.selection.tree import Graph, Node, Selection

if TYPE_CHECKING:
    from random import Random


@contextmanager
def run_options(
    *,
    clock: Clock | None = None,
    pick: Pick | None = None,
    given: Mapping[Any, Any] | None = None,
    faults: Callable[[str, int], None] | None = None,
    random: Random | None = None,
) -> Iterator[RunOptions]:
    """Change what surrounds the runs that start in this block; what is not named stays as it is around it.

    Args:
        clock: What time it is and how to wait, for retries, timestamps and the "now" of partitions.
        pick: Gets the keys of the ready steps in their usual order and returns the one to run next.
        given: Values that stand for outputs, by step key, `(step key, output name)` or AssetKey: their steps
            do not run.
        faults: Called with step key and attempt (from 1) before each attempt; what it raises fails the
            attempt.
        random: The source of chance for jitter between retries, as `random.Random(1)`.

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
    changes = {"clock": clock, "pick": pick, "given": given, "faults": faults, "random": random}
    with set_options(**{name: value for name, value in changes.items() if value is not None}) as options:
        yield options


@contextmanager
def instance_for_test(
    overrides: Mapping[str, Any] | None = None,
    set_dagflow_home: bool = True,
    temp_dir: str | None = None,
) -> Iterator[DagflowInstance]:
    """A stored instance for a block of code.

    Args:
        overrides: Settings, as in a `dagflow.yaml`, which is written into its folder.
        set_dagflow_home: Whether the environment variable DAGFLOW_HOME names its folder inside the block, so
            that `DagflowInstance.get()` finds it, here and in other processes.
        temp_dir: The folder, which stays; default: a temporary one, removed at the end of the block.

    Raises:
        DagflowInvalidConfigError: The settings cannot be.
        DagflowInvariantViolationError: A variable that they need is not set, or the folder cannot be made.

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

    folder = tempfile.TemporaryDirectory(prefix="dagflow-") if temp_dir is None else nullcontext(temp_dir)
    before = {name: os.environ.get(name) for name in home_variables()}
    with folder as root:
        ref = ref_of_home(root) if overrides is None else ref_in(root, overrides)
        if overrides is not None:
            with open(os.path.join(root, SETTINGS_FILE), "w", encoding="utf-8") as file:
                json.dump(overrides, file, default=dict)  # which is YAML too
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


def with_plans(events: Iterable[DagflowEvent]) -> EventList:
    """Events that were observed one by one, as a list that knows the plans of their runs.

    Args:
        events: Events of any runs of this process.
    """
    events = list(events)
    plans = {}
    for event in events:
        source = event.source
        if isinstance(source, RunLog):
            plans[event.run_id] = source.plan
    return EventList(events, plans)


__all__ = [
    "Causality",
    "EventField",
    "EventList",
    "EventRow",
    "Fingerprint",
    "Graph",
    "Node",
    "OnDemand",
    "RunOptions",
    "Selection",
    "VirtualClock",
    "boundaries",
    "canonical_events",
    "causality",
    "error_chain",
    "event_catalogue",
    "fingerprint",
    "graph_of",
    "in_order",
    "instance_for_test",
    "interleavings",
    "observe",
    "observe_runs",
    "parse_selection",
    "resolve",
    "run_options",
    "with_plans",
]
