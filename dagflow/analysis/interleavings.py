"""Every order in which the steps of a run can be taken, one run after the other.

A run asks for its next step whenever some are ready (`options.Pick`). What it is offered depends only on what
it was given before, so the orders are the paths of a tree, and they are walked depth first: each run takes
the choices of the last one up to the last turn that has another choice left, takes that one, and from there
on the usual steps. So each order comes once, and steps that appear, are tried again, skipped or blocked in
some orders only need no rule of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from dagflow.clock import VirtualClock
from dagflow.errors import DagflowError, ParameterCheckError, check_type
from dagflow.observers import observe_runs
from dagflow.options import Pick, current_options, set_options

_T = TypeVar("_T")


def interleavings(
    run: Callable[[], _T], limit: int = 1_000, *, exhaustive: bool = True
) -> Iterator[tuple[tuple[str, ...], _T]]:
    """Run something once in each order that its steps can be taken in, in this process.

    Every run has a clock of its own that begins at the same moment and on which steps take no time and waits
    are over at once. So a retry without a delay may come at any later turn, and one with a delay comes when
    nothing else is ready.

    Args:
        run: Starts one run and returns something of it, as `job.execute_in_process` does. It must do the same
            each time: keep nothing from one call to the next, and draw nothing by chance.
        limit: How many orders are tried at most.
        exhaustive: Whether it is an error if there are more. With False the search just ends, and what it
            has seen may not be all.

    Returns:
        For each order: the keys of the steps as they were taken, a step that was tried again once for each
        attempt, and what `run` returned. The usual order comes first.

    Raises:
        ParameterCheckError: `run` cannot be called, or `limit` is no positive number.
        DagflowError: There are more orders than `limit`; or `run` started no run or several, or one that was
            not the same again.
        Exception: What `run` raised, with a note that has the order.

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
            f"parameter 'run' must be a function without arguments that starts a run, not {run!r}. Give "
            "'job.execute_in_process' itself, or a lambda around the call."
        )
    if check_type(limit, int, "limit") < 1:
        raise ParameterCheckError(f"parameter 'limit' must be a positive number, not {limit!r}")
    return _each(run, limit, exhaustive)


def in_order(step_keys: Iterable[str]) -> Pick:
    """A pick for `run_options` that takes steps in a given order, and after its end as usual.

    Args:
        step_keys: The keys of the steps. A run that comes to one that is not ready ends with a CheckError.

    Returns:
        The pick, for one run.

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
            f"the steps can be taken in more than {limit} orders, and 'limit' is {limit}. Raise it, take a "
            "smaller pipeline, or say exhaustive=False if these were enough."
        )


class _Search:
    """A walk through the orders of a run.

    Attributes:
        offered: What each turn had to choose from.
        chosen: The place of what each turn took. Always: as long as `offered`.
        turns: How many turns the run under way has had. Always: at most as many as stand in `offered`.
        runs: How many runs the call under way has ended.
        problem: Why the walk cannot go on.
    """

    __slots__ = ("chosen", "offered", "problem", "runs", "turns")

    def __init__(self) -> None:
        self.offered: list[tuple[str, ...]] = []
        self.chosen: list[int] = []
        self.turns = 0
        self.runs = 0
        self.problem: DagflowError | None = None

    def run(self, run: Callable[[], _T], clock: VirtualClock) -> tuple[tuple[str, ...], _T]:
        """Call `run` in the order whose turn it is. Returns the order and what `run` returned."""
        self.turns = self.runs = 0
        pick = self.pick

        def note(result: Any) -> None:
            if current_options().pick is pick:  # else a run of another thread, or one with its own order
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
                f"with the order that it is told; it started {self.runs or 'none'}"
            )
        return self.order, returned

    def pick(self, ready: Sequence[str]) -> str:
        """The step to take: the one on the path as far as that goes, then the first."""
        keys, turn = tuple(ready), self.turns
        if turn == len(self.offered):
            self.offered.append(keys)
            self.chosen.append(0)
        elif keys != self.offered[turn]:
            raise self.differ(f"{list(keys)} were ready")
        self.turns += 1
        return keys[self.chosen[turn]]

    def has_another(self) -> bool:
        """Go to the next order, if there is one."""
        while self.offered and self.chosen[-1] + 1 == len(self.offered[-1]):
            self.offered.pop()
            self.chosen.pop()
        if self.offered:
            self.chosen[-1] += 1
        return bool(self.offered)

    @property
    def order(self) -> tuple[str, ...]:
        """The steps that the run under way has taken."""
        return tuple(keys[place] for keys, place in zip(self.offered, self.chosen, strict=True))[: self.turns]

    def how_to_repeat(self) -> str:
        """The order so far, and how a run takes it again."""
        order = list(self.order)
        return (
            f"This run took its steps in the order {order}. To take it again: "
            f"with dagflow.testing.run_options(pick=dagflow.testing.in_order({order})): ..."
        )

    def differ(self, now: str) -> DagflowError:
        """Note that a run did otherwise than the one before it, which is the end of the walk."""
        self.problem = DagflowError(
            f"the run that interleavings() starts is not the same each time: after {list(self.order)}, "
            f"{list(self.offered[self.turns])} were ready before, and now {now}. It must keep nothing from "
            "one call to the next, and draw nothing by chance."
        )
        return self.problem
