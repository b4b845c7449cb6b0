"""Interleavings: a search through all orders in which the steps of a run can be taken.

A run calls `options.Pick` with the ready steps to choose its next step. The ready steps depend only on the
choices before, so the orders are the paths of a tree. The search walks the tree depth first. Each run repeats
the choices of the run before it up to the last turn with an untried choice, and makes that choice. After that
turn it takes the first ready step. So each order occurs once. Steps that are added, retried, skipped or
blocked in some orders only need no special case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from dagflow.clock import VirtualClock
from dagflow.errors import DagflowError, ParameterCheckError, check_type, repr_of
from dagflow.observers import observe_runs
from dagflow.options import Pick, current_options, set_options

_T = TypeVar("_T")


def interleavings(
    run: Callable[[], _T], limit: int = 1_000, *, exhaustive: bool = True
) -> Iterator[tuple[tuple[str, ...], _T]]:
    """Call a function that starts a run once for each possible order of its steps, in this process.

    Every run has its own virtual clock with the same start: steps take no time and waits end immediately. So
    a retry without a delay can come at any later turn. A retry with a delay comes when nothing else is ready.

    Args:
        run: A function that starts one run and returns a result, for example `job.execute_in_process`. It
            must do the same each time: it keeps no state between calls and uses no random numbers.
        limit: The maximal number of orders.
        exhaustive: Raise an error if more orders exist. With False the search ends at the limit.

    Returns:
        For each order: the step keys in the order of execution (one for each attempt), and the result of
        `run`. The default order is the first.

    Raises:
        ParameterCheckError: `run` is not callable, or `limit` is not a positive integer.
        DagflowError: More orders than `limit` exist; or `run` did not start exactly one run; or its runs
            differ from each other.
        Exception: `run` raised it. A note with the order is added.

    Example:
        >>> from dagflow import job, op
        >>> from dagflow.testing import interleavings
        >>> @op
        ... def water():
        ...     return 1
        >>> @op
        ... def beans():
        ...     return 2
        >>> @op
        ... def brew(water, beans):
        ...     return water + beans
        >>> @job
        ... def cafe():
        ...     brew(water(), beans())
        >>> for order, result in interleavings(cafe.execute_in_process):
        ...     print(*order, result.output_for_node("brew"))
        beans water brew 3
        water beans brew 3
    """
    if not callable(run):
        raise ParameterCheckError(
            f"parameter 'run' must be a function without arguments that starts a run, not {repr_of(run)}. "
            f"Pass "
            "'job.execute_in_process' itself, or a lambda around the call."
        )
    if check_type(limit, int, "limit") < 1:
        raise ParameterCheckError(f"parameter 'limit' must be a positive number, not {repr_of(limit)}")
    return _each(run, limit, exhaustive)


def in_order(step_keys: Iterable[str]) -> Pick:
    """Return a `pick` for `run_options` that takes steps in a given order, then in the default order.

    Args:
        step_keys: The keys of the steps. The run ends with a CheckError if the next one is not ready.

    Returns:
        The `pick` function, for one run.

    Example:
        >>> from dagflow import job, op
        >>> from dagflow.testing import in_order, run_options
        >>> @op
        ... def one():
        ...     return 1
        >>> @job
        ... def two():
        ...     one.alias("a")(), one.alias("b")()
        >>> with run_options(pick=in_order(["b", "a"])):
        ...     result = two.execute_in_process()
        >>> [event.step_key for event in result.get_step_success_events()]
        ['b', 'a']
    """
    left = iter(step_keys)
    return lambda ready: next(left, ready[0])


def _each(run: Callable[[], _T], limit: int, exhaustive: bool) -> Iterator[tuple[tuple[str, ...], _T]]:
    search = _Search()
    start = current_options().clock.now()
    for _ in range(limit):
        yield search.run(run, VirtualClock(start))
        if not search.has_another():
            return
    if exhaustive:
        raise DagflowError(
            f"the steps can be taken in more than {limit} orders, and 'limit' is {limit}. Raise it, use a "
            "smaller pipeline, or pass exhaustive=False if these are enough."
        )


class _Search:
    """The search through the orders of a run.

    Attributes:
        offered: The ready steps of each turn.
        chosen: The index of the chosen step of each turn. Invariant: as long as `offered`.
        turns: The number of turns of the current run so far. Invariant: at most the length of `offered`.
        runs: The number of runs that the current call has ended.
        problem: The error that ends the search, None without one.
    """

    __slots__ = ("chosen", "offered", "problem", "runs", "turns")

    def __init__(self) -> None:
        self.offered: list[tuple[str, ...]] = []
        self.chosen: list[int] = []
        self.turns = 0
        self.runs = 0
        self.problem: DagflowError | None = None

    def run(self, run: Callable[[], _T], clock: VirtualClock) -> tuple[tuple[str, ...], _T]:
        """Call `run` with the current order. Return the order and the result of `run`."""
        self.turns = self.runs = 0
        pick = self.pick

        def note(result: Any) -> None:
            if current_options().pick is pick:  # else it is a run of another thread, or has its own order
                self.runs += 1

        try:
            with set_options(pick=pick, clock=clock), observe_runs(note):
                returned = run()
        except BaseException as error:
            if self.problem is None:
                vars(error).setdefault("__notes__", []).append(self.how_to_repeat())
                raise
        if self.problem is None and self.turns < len(self.offered):
            self.differ("the run was over")
        if self.problem is not None:
            raise self.problem from None
        if self.runs != 1:
            raise DagflowError(
                f"the function given to interleavings() must start one run, in this process and this thread, "
                f"with the given order; it started {self.runs or 'none'}"
            )
        return self.order, returned

    def pick(self, ready: Sequence[str]) -> str:
        """Return the next step: the chosen one of this turn, or the first after the end of the choices."""
        keys, turn = tuple(ready), self.turns
        if turn == len(self.offered):
            self.offered.append(keys)
            self.chosen.append(0)
        elif keys != self.offered[turn]:
            raise self.differ(f"{list(keys)} were ready")
        self.turns += 1
        return keys[self.chosen[turn]]

    def has_another(self) -> bool:
        """Go to the next order. Return False after the last one."""
        while self.offered and self.chosen[-1] + 1 == len(self.offered[-1]):
            self.offered.pop()
            self.chosen.pop()
        if self.offered:
            self.chosen[-1] += 1
        return bool(self.offered)

    @property
    def order(self) -> tuple[str, ...]:
        """The keys of the steps that the current run has taken."""
        return tuple(keys[index] for keys, index in zip(self.offered, self.chosen, strict=True))[: self.turns]

    def how_to_repeat(self) -> str:
        """Return a message with the order so far and the code that repeats it."""
        order = list(self.order)
        return (
            f"This run took its steps in the order {order}. To take it again: "
            f"with dagflow.testing.run_options(pick=dagflow.testing.in_order({order})): ..."
        )

    def differ(self, now: str) -> DagflowError:
        """Store and return the error about a run that differs from the run before it."""
        self.problem = DagflowError(
            f"the run that interleavings() starts is not the same each time: after {list(self.order)}, "
            f"{list(self.offered[self.turns])} were ready before, and now {now}. It must keep no state "
            "between calls and use no random numbers."
        )
        return self.problem
