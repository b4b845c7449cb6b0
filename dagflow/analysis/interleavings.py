"""Interleavings: the runs of one pipeline in many orders of its steps, all of them or well-chosen ones.

A run calls `options.Pick` with the ready steps to choose its next step. The ready steps depend only on the
choices before. `dagflow.analysis.orders` has the ways to choose, and `dagflow.analysis.commuting` the steps
whose order cannot matter.
"""

from __future__ import annotations

import itertools
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar, overload

from dagflow._util import nearest
from dagflow.analysis.orders import Differs, Drawn, Orders, Prioritized, Replayed, Searched, replay_string
from dagflow.clock import Clock, VirtualClock
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.errors import DagflowError, ParameterCheckError, check_optional, check_type, repr_of
from dagflow.observers import observe_runs
from dagflow.options import Pick, current_options, set_options
from dagflow.runs.results import ExecuteInProcessResult, ExecutionResult

_T = TypeVar("_T")

_SEARCHING = ("auto", "all", "reduced")
_DRAWING = ("random", "pct")
_LIMIT = 1_000
_RUNS = 100
_DEPTH = 3
_MAX_KEYS = 12


@overload
def interleavings(
    run: JobDefinition,
    limit: int | None = None,
    *,
    exhaustive: bool = True,
    mode: str = "auto",
    runs: int | None = None,
    seed: int | None = None,
    depth: int | None = None,
    replay: str | None = None,
) -> Iterator[tuple[tuple[str, ...], ExecuteInProcessResult]]: ...


@overload
def interleavings(
    run: Callable[[], _T],
    limit: int | None = None,
    *,
    exhaustive: bool = True,
    mode: str = "auto",
    runs: int | None = None,
    seed: int | None = None,
    depth: int | None = None,
    replay: str | None = None,
) -> Iterator[tuple[tuple[str, ...], _T]]: ...


def interleavings(
    run: JobDefinition | Callable[[], Any],
    limit: int | None = None,
    *,
    exhaustive: bool = True,
    mode: str = "auto",
    runs: int | None = None,
    seed: int | None = None,
    depth: int | None = None,
    replay: str | None = None,
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Call a function that starts a run once for each of many orders of its steps, in this process.

    Every run has its own virtual clock with the same start: steps take no time and waits end immediately. So
    a retry without a delay can come at any later turn. A retry with a delay comes when nothing else is ready.

    The modes:

    * "auto": every possible order, if there are at most `limit`; else as "reduced".
    * "all": every possible order. Each order occurs once.
    * "reduced": one order of each class of orders that differ only in the positions of commuting steps. Two
      steps commute if they share no resource, no I/O manager that keeps values outside memory, no asset, no
      mutable value, no hook, and if neither is dynamic, mapped or failed. No order is missing up to that, and
      each class occurs once; in jobs with dynamic or skipped steps it may occur again. The promise does not
      hold for steps that share files, services, the instance or globals without a resource.
    * "random": `runs` orders; each ready step is equally likely at each turn.
    * "pct": the default order, then orders by random priorities, which change at `depth` - 1 random turns
      (probabilistic concurrency testing, Burckhardt et al. 2010). For n steps and k turns, each of these runs
      finds a problem of depth d with a probability of at least 1 / (n * k ** (d - 1)). The depth of a problem
      is the number of orderings of two steps that it needs, which is 1 or 2 for most.

    If `run` raises, a note of the exception has the order and a replay string. A failure in the body of the
    loop has both in the report of pytest.

    Args:
        run: A function that starts one run and returns a result, for example `job.execute_in_process`; or the
            job itself. It must do the same each time: it keeps no state between calls and uses no random
            numbers.
        limit: The maximal number of orders of a searching mode; default: 1,000.
        exhaustive: Raise an error if more orders exist. With False the search ends at the limit, and "auto"
            means "all".
        mode: One of the modes above.
        runs: The number of orders of "random" and "pct"; default: 100.
        seed: The seed of "random" and "pct"; default: 0. Equal seeds lead to equal orders.
        depth: The depth of "pct"; default: 3.
        replay: The replay string of an order, which is then the only one. No other option goes with it.

    Returns:
        For each order: the step keys in the order of execution (one for each attempt), and the result of
        `run`. The default order is the first, except in the mode "random".

    Raises:
        ParameterCheckError: An argument is invalid, or does not fit the mode.
        DagflowError: More orders than `limit` exist; or `run` did not start exactly one run; or its runs
            differ from each other; or the replay string does not fit the run.
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
        >>> [" ".join(order) for order, _ in interleavings(cafe, mode="reduced")]
        ['beans water brew']
    """
    start = run.execute_in_process if isinstance(run, JobDefinition) else run
    if not callable(start):
        raise ParameterCheckError(
            f"parameter 'run' must be a function without arguments that starts a run, or a job, not "
            f"{repr_of(run)}. Pass 'job.execute_in_process' itself, or a lambda around the call."
        )
    most = _positive(limit, "limit")
    orders = _orders(
        most or _LIMIT,
        exhaustive=check_type(exhaustive, bool, "exhaustive"),
        mode=check_type(mode, str, "mode"),
        runs=_positive(runs, "runs"),
        seed=check_optional(seed, int, "seed"),
        depth=_positive(depth, "depth"),
        replay=check_optional(replay, str, "replay"),
        has_limit=limit is not None,
    )
    return _each(start, orders, most or _LIMIT, exhaustive)


def _positive(value: int | None, name: str) -> int | None:
    if value is not None and (check_type(value, int, name) < 1 or isinstance(value, bool)):
        raise ParameterCheckError(f"parameter '{name}' must be a positive number, not {repr_of(value)}")
    return value


def _orders(
    limit: int,
    *,
    exhaustive: bool,
    mode: str,
    runs: int | None,
    seed: int | None,
    depth: int | None,
    replay: str | None,
    has_limit: bool,
) -> Orders:
    """Return the way to choose the orders. Arguments that it does not use are an error."""
    if mode not in _SEARCHING + _DRAWING:
        raise ParameterCheckError(
            f"parameter 'mode' is {mode!r}, which is not a mode.{nearest(mode, _SEARCHING + _DRAWING)} The "
            f"modes are {', '.join(_SEARCHING + _DRAWING)}."
        )
    given = {
        "limit": has_limit,
        "exhaustive": not exhaustive,
        "mode": mode != "auto",
        "runs": runs is not None,
        "seed": seed is not None,
        "depth": depth is not None,
    }
    if replay is not None:
        unused, why = set(given), "goes with 'replay', which is one order"
    elif mode in _SEARCHING:
        unused, why = {"runs", "seed", "depth"}, f"goes with the mode '{mode}', which searches"
    else:
        unused = {"limit", "exhaustive"} | ({"depth"} if mode == "random" else set())
        why = f"goes with the mode '{mode}', which draws 'runs' orders"
    wrong = [name for name, is_given in given.items() if is_given and name in unused]
    if wrong:
        raise ParameterCheckError(f"no parameter {' or '.join(map(repr, wrong))} {why}. Leave it out.")
    if replay is not None:
        return Replayed(replay)
    if mode == "random":
        return Drawn(runs or _RUNS, seed or 0)
    if mode == "pct":
        return Prioritized(runs or _RUNS, seed or 0, depth or _DEPTH)
    reduces = {"all": False, "reduced": True}.get(mode)
    return Searched(limit, reduces=reduces if exhaustive or reduces else False)


def in_order(step_keys: Iterable[str]) -> Pick:
    """Return a `pick` for `run_options` that takes steps in a given order, then in the default order.

    Args:
        step_keys: The keys of the steps. The run ends with a CheckError if the next one is not ready. Or the
            replay string of an order of `interleavings`. The run ends with a DagflowError if it does not fit.

    Returns:
        The `pick` function, for one run.

    Raises:
        ParameterCheckError: A string that is not a replay string.

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
    if isinstance(step_keys, str):
        replayed = Replayed(step_keys)
        return lambda ready: ready[replayed.choose(tuple(ready))]
    left = iter(step_keys)
    return lambda ready: next(left, ready[0])


class UnfinishedOrder(NamedTuple):
    """An order in which the body of a loop over `interleavings` runs now, or in which the loop was left.

    Attributes:
        run_id: The id of the run with this order.
        description: The order, and the code that repeats it, in three lines.
    """

    run_id: str
    description: str


_in_progress: list[UnfinishedOrder] = []
_left: deque[UnfinishedOrder] = deque(maxlen=8)  # loops that ended early: by an exception, break or return


def unfinished_orders() -> list[UnfinishedOrder]:
    """Return the orders of loops over `interleavings` that are not at their end, the newest last.

    These are the orders in progress, and those in which the last few loops were left by an exception, `break`
    or `return`. A test tool shows them if a test fails.

    Example:
        >>> from dagflow import job, op
        >>> @op
        ... def water():
        ...     return 1
        >>> @job
        ... def cafe():
        ...     water()
        >>> for order, result in interleavings(cafe):
        ...     unfinished_orders()[-1].run_id == result.run_id
        True
    """
    return [*_left, *_in_progress]


def _each(
    run: Callable[[], _T], orders: Orders, limit: int, exhaustive: bool
) -> Iterator[tuple[tuple[str, ...], _T]]:
    start = current_options().clock.now()
    for number in itertools.count(1):
        one = _Run(orders, number)
        returned = one.call(run, VirtualClock(start))
        unfinished = UnfinishedOrder(one.run_id, one.how_to_repeat())
        _in_progress.append(unfinished)
        try:
            yield one.order, returned
        except GeneratorExit:
            _left.append(unfinished)
            raise
        finally:
            _in_progress.remove(unfinished)
        if not orders.has_another():
            return
        if number == limit and isinstance(orders, Searched):
            break
    if exhaustive:
        raise DagflowError(_too_many(limit, is_reduced=bool(isinstance(orders, Searched) and orders.reduces)))


def _too_many(limit: int, *, is_reduced: bool) -> str:
    which = ", even of those that differ in more than commuting steps" if is_reduced else ""
    return (
        f"the steps can be taken in more than {limit} orders{which}, and 'limit' is {limit}. Raise it, use a "
        "smaller pipeline, draw orders with mode='pct', or pass exhaustive=False if these are enough."
    )


class _Run:
    """One run in one order.

    Attributes:
        orders: The way to choose the order.
        number: The number of the order, from 1.
        offered: The ready steps of each turn.
        chosen: The index of the chosen step of each turn. Invariant: as long as `offered`.
        results: The results of the runs that the current call has ended.
        problem: The error that ends the search, None without one.
    """

    __slots__ = ("chosen", "number", "offered", "orders", "problem", "results")

    def __init__(self, orders: Orders, number: int) -> None:
        self.orders = orders
        self.number = number
        self.offered: list[tuple[str, ...]] = []
        self.chosen: list[int] = []
        self.results: list[ExecutionResult] = []
        self.problem: DagflowError | None = None

    def call(self, run: Callable[[], _T], clock: Clock) -> _T:
        """Call `run` with this order, and return its result."""
        pick = self.pick

        def note(result: Any) -> None:
            if current_options().pick is pick:  # else it is a run of another thread, or has its own order
                self.results.append(result)

        try:
            with set_options(pick=pick, clock=clock), observe_runs(note):
                returned = run()
        except BaseException as error:
            if self.problem is None:
                vars(error).setdefault("__notes__", []).append(self.how_to_repeat())
                if sys.version_info < (3, 11) and self.results:  # where tracebacks have no notes
                    _left.append(UnfinishedOrder(self.run_id, self.how_to_repeat()))
                raise
        if self.problem is None:
            try:
                self.orders.finish(self.results[-1] if self.results else None)
            except Differs as problem:
                self.problem = DagflowError(str(problem))
        if self.problem is not None:
            raise self.problem from None
        if len(self.results) != 1:
            raise DagflowError(
                f"the function given to interleavings() must start one run, in this process and this thread, "
                f"with the given order; it started {len(self.results) or 'none'}"
            )
        return returned

    def pick(self, ready: Sequence[str]) -> str:
        """Return the next step."""
        keys = tuple(ready)
        try:
            index = self.orders.choose(keys)
        except Differs as problem:
            self.problem = DagflowError(str(problem))
            raise self.problem from None
        self.offered.append(keys)
        self.chosen.append(index)
        return keys[index]

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return self.results[0].run_id

    @property
    def order(self) -> tuple[str, ...]:
        """The keys of the steps that the run has taken so far."""
        return tuple(keys[index] for keys, index in zip(self.offered, self.chosen, strict=True))

    def how_to_repeat(self) -> str:
        """Return the order so far and the code that repeats it."""
        order = list(self.order)
        replay = replay_string(self.offered, self.chosen)
        shown = ", ".join(order[:_MAX_KEYS]) + (
            f", ... ({len(order)} steps)" if len(order) > _MAX_KEYS else ""
        )
        return (
            f"order {self.number} of interleavings(): {shown or 'no step'}\n"
            f"to take it again: interleavings(..., replay={replay!r})\n"
            f"              or: run_options(pick=in_order({replay!r}))"
        )
