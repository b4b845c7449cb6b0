"""The options of runs that are set from outside, without an argument at each call: clock, pick, given...

One context variable holds the options that a block of code names. `dagflow.testing.run_options` sets it, and
each run reads it once at its start. So the options also reach runs that third-party code starts. Below it are
the defaults of the whole process, which `dagflow.testing.default_options` changes for a while.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

from dagflow.clock import SYSTEM_CLOCK, Clock
from dagflow.values import Constant

if TYPE_CHECKING:
    from random import Random

Pick = Callable[[Sequence[str]], str]
"""A function that gets the keys of the ready steps in default order, and returns the one to run next."""


def notify_on_stderr(text: str) -> None:
    """Show a message to the user at once."""
    if sys.stderr is not None:  # a program without a console has none
        sys.stderr.write(f"dagflow: {text}\n")
        sys.stderr.flush()


class ValueByPartition(dict[str, Any]):
    """A given value for each of some partitions. The other partitions compute their own.

    Attributes:
        used: The partitions whose value has replaced an output. The runs fill it.
    """

    __slots__ = ("used",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self.used: set[str] = set()


class Faults(Protocol):
    """The faults that runs inject on purpose. The engine calls these methods, and knows no kind of fault."""

    def begin(self, state: Any, *, is_in_process: bool) -> None:
        """Prepare a run that has no event yet. Raises if the run cannot have one of the faults."""

    def end(self, state: Any) -> None:
        """Read the log of a run that has ended."""

    def attempt(self, state: Any, step: Any, number: int) -> Any:
        """Return the attempt number `number` (from 1) of a step, with its faults."""

    def for_task(self, state: Any, step: Any, number: int) -> Faults | None:
        """Return the faults of one attempt, which another process runs; None if it has none."""

    def resource_definitions(self, state: Any) -> Mapping[str, Any]:
        """Return the resource definitions of a run, in place of those of its job."""

    def resources_started(self, state: Any) -> None:
        """Change the started resources of a run."""


class PlanEdit(Protocol):
    """A change of the plans of runs, which tests of tests make on purpose. Picklable, for other processes."""

    def edited(self, job: Any, plan: Any, surroundings: Any) -> Any:
        """Return the plan of a run with the change, or the plan itself if the change is not about it."""

    def edited_in_worker(self, job: Any, plan: Any, surroundings: Any) -> Any:
        """Return the same in another process. Also change what that process has imported anew."""


class NodeWatch(Protocol):
    """A watch over the code of nodes: the attempts of steps with their hooks, and direct calls."""

    def around(self, node: str) -> AbstractContextManager[object]:
        """Return the block in which code of a node runs.

        Args:
            node: Its kind and name: "asset orders". Empty in a worker, around a task with the resources of
                the run; the code of the node has a block inside.
        """

    def in_worker(self) -> NodeWatch | None:
        """Return the watch over the steps of one run in other processes, picklable; None for no watch."""


class RunOptions(Constant):
    """The options of the runs that start in a block of code.

    Attributes:
        clock: The clock for timestamps and waits.
        pick: A function that chooses among the ready steps; None takes the first.
        given: Values that replace outputs, by step key, `(step key, output name)` or asset key. A step whose
            outputs are all given does not run and has no events. A given asset that no step computes is not
            loaded. The value may be a ValueByPartition.
        faults: The faults that the runs inject; None for none.
        random: The random generator for the jitter of retries; None: a new one for each wait.
        used: The keys of `given` that have replaced an output so far. The runs fill it.
        notify: A function that shows a message to the user at once: what a run waits for.
        executor: The ExecutorDefinition that runs the steps instead of that of the job, in runs that have one
            (`execute_job`); None for that of the job.
        edit: The change of the plans; None for none.
        watch: The watch over the code of nodes; None for none.
    """

    __slots__ = ("clock", "pick", "given", "faults", "random", "used", "notify", "executor", "edit", "watch")  # noqa: RUF023 - as the parameters

    clock: Clock
    pick: Pick | None
    given: Mapping[Any, Any]
    faults: Faults | None
    random: Random | None
    used: set[Any]
    notify: Callable[[str], None]
    executor: Any
    edit: PlanEdit | None
    watch: NodeWatch | None

    def __init__(
        self,
        clock: Clock = SYSTEM_CLOCK,
        pick: Pick | None = None,
        given: Mapping[Any, Any] | None = None,
        faults: Faults | None = None,
        random: Random | None = None,
        used: set[Any] | None = None,
        notify: Callable[[str], None] = notify_on_stderr,
        executor: Any = None,
        edit: PlanEdit | None = None,
        watch: NodeWatch | None = None,
    ) -> None:
        self._set(
            clock=clock,
            pick=pick,
            given={} if given is None else given,
            faults=faults,
            random=random,
            used=set() if used is None else used,
            notify=notify,
            executor=executor,
            edit=edit,
            watch=watch,
        )


class _Block:
    """The options that a block of code names, the defaults at its start, and both together."""

    __slots__ = ("defaults", "named", "options")

    def __init__(self, named: Mapping[str, Any], defaults: RunOptions, options: RunOptions) -> None:
        self.named = named
        self.defaults = defaults
        self.options = options


has_watch = False
"""True after the first watch in this process. Before it, direct calls save the time to read the options."""
_defaults = RunOptions()
_block: ContextVar[_Block | None] = ContextVar("dagflow_run_options", default=None)


def current_options() -> RunOptions:
    """Return the options of the current context."""
    block = _block.get()
    if block is None:
        return _defaults
    if block.defaults is not _defaults:  # they changed since the block began
        return _defaults.with_changes(**block.named)
    return block.options


@contextmanager
def set_options(**changes: Any) -> Iterator[RunOptions]:
    """Set options for a block. Options that are not named keep their outer values."""
    _note_watch(changes)
    if "given" in changes:
        changes.setdefault("used", set())  # belongs to the new `given`, not to the outer one
    outer = _block.get()
    named = changes if outer is None else {**outer.named, **changes}
    block = _Block(named, _defaults, _defaults.with_changes(**named))
    token = _block.set(block)
    try:
        yield block.options
    finally:
        _block.reset(token)


@contextmanager
def set_defaults(**changes: Any) -> Iterator[RunOptions]:
    """Set the default options of this process for a block, on all threads. A context's own options win."""
    global _defaults
    _note_watch(changes)
    outer, _defaults = _defaults, _defaults.with_changes(**changes)
    try:
        yield _defaults
    finally:
        _defaults = outer


def _note_watch(changes: Mapping[str, Any]) -> None:
    global has_watch
    has_watch = has_watch or changes.get("watch") is not None
