"""The options of runs that are set from outside, without an argument at each call: clock, pick, given...

One context variable holds the options. `dagflow.testing.run_options` sets it, and each run reads it once at
its start. So the options also reach runs that third-party code starts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from dagflow.clock import SYSTEM_CLOCK, Clock
from dagflow.values import Constant

if TYPE_CHECKING:
    from random import Random

Pick = Callable[[Sequence[str]], str]
"""A function that gets the keys of the ready steps in default order, and returns the one to run next."""


class RunOptions(Constant):
    """The options of the runs that start in a block of code.

    Attributes:
        clock: The clock for timestamps and waits.
        pick: A function that chooses among the ready steps; None takes the first.
        given: Values that replace outputs, by step key, `(step key, output name)` or AssetKey. A step whose
            outputs are all given does not run and has no events.
        faults: A function that is called with (step key, attempt from 1) before each attempt and may raise.
        random: The random generator for the jitter of retries; None: a new one for each wait.
        used: The keys of `given` that have replaced an output so far. The runs fill it.
    """

    __slots__ = ("clock", "pick", "given", "faults", "random", "used")  # noqa: RUF023 - as the parameters

    clock: Clock
    pick: Pick | None
    given: Mapping[Any, Any]
    faults: Callable[[str, int], None] | None
    random: Random | None
    used: set[Any]

    def __init__(
        self,
        clock: Clock = SYSTEM_CLOCK,
        pick: Pick | None = None,
        given: Mapping[Any, Any] | None = None,
        faults: Callable[[str, int], None] | None = None,
        random: Random | None = None,
        used: set[Any] | None = None,
    ) -> None:
        self._set(
            clock=clock,
            pick=pick,
            given={} if given is None else given,
            faults=faults,
            random=random,
            used=set() if used is None else used,
        )


DEFAULT_OPTIONS = RunOptions()
_options: ContextVar[RunOptions] = ContextVar("dagflow_run_options", default=DEFAULT_OPTIONS)


def current_options() -> RunOptions:
    """Return the options of the current context."""
    return _options.get()


@contextmanager
def set_options(**changes: Any) -> Iterator[RunOptions]:
    """Set options for a block. Options that are not named keep their outer values."""
    if "given" in changes:
        changes.setdefault("used", set())  # belongs to the new `given`, not to the outer one
    options = _options.get().with_changes(**changes)
    token = _options.set(options)
    try:
        yield options
    finally:
        _options.reset(token)
