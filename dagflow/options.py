"""What a run can be told from around it, without an argument at each call: clock, pick, given values, faults.

The options stand in one context variable, set by `dagflow.testing.run_options` and read once at the start of
each run, so they also reach a run that somebody else's code starts.
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
"""Chooses the next step: gets the keys of the ready steps in their usual order, returns one of them."""


class RunOptions(Constant):
    """The options of the runs that start in a block of code.

    Attributes:
        clock: What the time is and how to wait.
        pick: Chooses among the ready steps; None takes the first.
        given: Values that stand for outputs: step key, `(step key, output name)` or AssetKey to value. A step
            whose outputs are all given does not run and has no events.
        faults: `(step key, attempt from 1, what)` is called before each attempt of a step and may raise.
        random: The source of chance for jitter between retries; None: a fresh one for each wait.
        used: What of `given` has stood for an output so far, filled by the runs.
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
    """The options in force here."""
    return _options.get()


@contextmanager
def set_options(**changes: Any) -> Iterator[RunOptions]:
    """Put options in force for a block; what is not named stays as it is around it."""
    if "given" in changes:
        changes.setdefault("used", set())  # that of what is given here, not of what was given around it
    options = _options.get().with_changes(**changes)
    token = _options.set(options)
    try:
        yield options
    finally:
        _options.reset(token)
