"""The ways to choose the orders of a search: each picks the next step of a run, turn by turn.

`Searched` walks the tree of all orders depth first. Each run repeats the choices of the run before it up to
the last turn with an untried choice, and makes that choice. After that turn it takes the first ready step. So
each order occurs once. Steps that are added, retried, skipped or blocked in some orders only need no special
case.

With a reduction the walk has sleep sets (Godefroid 1996): a choice that was tried at a turn sleeps in the
later choices of that turn, until a step is taken that shares something with it. No sleeping step is taken. A
choice is left out if a step would sleep to the end. So each class of orders that differ only in the positions
of commuting steps has one order, its trace in the sense of Mazurkiewicz.
"""

from __future__ import annotations

import itertools
import re
import zlib
from collections.abc import Iterator, Sequence
from random import Random
from typing import Protocol

from dagflow.analysis.commuting import Commuting, count_orders
from dagflow.errors import ParameterCheckError, repr_of
from dagflow.runs.results import ExecutionResult


class Orders(Protocol):
    """A way to choose orders."""

    def choose(self, ready: tuple[str, ...]) -> int:
        """Return the index of the next step of the current run."""

    def finish(self, result: ExecutionResult | None) -> None:
        """Take note of the end of the current run; None if the run raised before it had a result."""

    def has_another(self) -> bool:
        """Go to the next order. Return False after the last one."""


class Differs(Exception):
    """A run that does not repeat a run before it, or the run of a replay string."""


class Searched:
    """The search through the orders of a run.

    Attributes:
        offered: The ready steps of each turn.
        chosen: The index of the chosen step of each turn. Invariant: as long as `offered`.
        tried: The indexes of the choices of each turn that were tried before or need no try.
        turns: The number of turns of the current run so far. Invariant: at most the length of `offered`.
        reduces: Whether one order of each class is enough; None as long as this is not decided.
    """

    __slots__ = ("_asleep", "_commuting", "_limit", "_plan", "chosen", "offered", "reduces", "tried", "turns")

    def __init__(self, limit: int, *, reduces: bool | None) -> None:
        self.offered: list[tuple[str, ...]] = []
        self.chosen: list[int] = []
        self.tried: list[set[int]] = []
        self.turns = 0
        self.reduces = reduces
        self._limit = limit
        self._commuting = Commuting()
        self._asleep = 0  # the sleeping steps of the current run

    def choose(self, ready: tuple[str, ...]) -> int:
        """Return the chosen step of this turn, or the first one after the end of the choices."""
        turn = self.turns
        if turn == len(self.offered):
            awake = (index for index, key in enumerate(ready) if not self._sleeps(key, self._asleep))
            self.offered.append(ready)
            self.chosen.append(next(awake, 0))  # a run that differs from the plan can have no such step
            self.tried.append(set())
        elif ready != self.offered[turn]:
            raise self._differs(f"{list(ready)} were ready")
        self.turns += 1
        self._asleep = self._next_asleep(self._asleep, turn, self.chosen[turn])
        return self.chosen[turn]

    def finish(self, result: ExecutionResult | None) -> None:
        """Check that the run had every turn of its choices, and learn from it."""
        if result is not None and self.turns < len(self.offered):
            raise self._differs("the run was over")
        if result is not None and self.reduces is not False:
            self._commuting.learn(result)
            if self.reduces is None:
                upstream = {step.key: step.upstream_keys for step in result.plan.steps}
                self.reduces = count_orders(self._taken(), upstream, self._limit) > self._limit
        self.turns = self._asleep = 0

    def has_another(self) -> bool:
        """Go to the next order. Return False after the last one."""
        asleep = list(self._asleep_by_turn())
        while self.offered:
            turn = len(self.offered) - 1
            self.tried[turn].add(self.chosen[turn])
            index = self._next_untried(turn, asleep[turn])
            if index is not None:
                self.chosen[turn] = index
                return True
            self.offered.pop()
            self.chosen.pop()
            self.tried.pop()
        return False

    def _next_untried(self, turn: int, asleep: int) -> int | None:
        """Return the next choice of a turn that leads to a new order, or None."""
        keys, tried, commuting = self.offered[turn], self.tried[turn], self._commuting
        before = commuting.bits(self._taken()[:turn]) if self.reduces else 0
        ready = commuting.bits(keys) if self.reduces else 0
        for index, key in enumerate(keys):
            if index in tried:
                continue
            if not self.reduces:
                return index
            if self._sleeps(key, asleep):
                continue
            bit = 1 << commuting.number(key)
            if commuting.all_wake_up(before | bit, ready & ~bit, self._next_asleep(asleep, turn, index)):
                return index
            tried.add(index)  # sleeps in the choices after it
        return None

    def _asleep_by_turn(self) -> Iterator[int]:
        """Yield the sleeping steps of each turn, by the newest knowledge about the steps."""
        asleep = 0
        for turn, index in enumerate(self.chosen):
            yield asleep
            asleep = self._next_asleep(asleep, turn, index)

    def _next_asleep(self, asleep: int, turn: int, index: int) -> int:
        if not self.reduces:
            return 0
        keys = self.offered[turn]
        asleep |= self._commuting.bits(keys[other] for other in self.tried[turn])
        return self._commuting.still_asleep(asleep, keys[index])

    def _sleeps(self, key: str, asleep: int) -> bool:
        return bool(asleep and asleep >> self._commuting.number(key) & 1)

    def _taken(self) -> list[str]:
        return [keys[index] for keys, index in zip(self.offered, self.chosen, strict=True)]

    def _differs(self, now: str) -> Differs:
        return Differs(
            f"the run that interleavings() starts is not the same each time: after "
            f"{self._taken()[: self.turns]}, {list(self.offered[self.turns])} were ready before, and now "
            f"{now}. It must keep no state between calls and use no random numbers."
        )


class Drawn:
    """Random orders: each ready step is equally likely at each turn.

    Attributes:
        runs: The number of orders.
        seed: The seed of the random numbers. Each run has its own generator, made from it and the run.
        run: The number of the current run, from 0.
    """

    __slots__ = ("random", "run", "runs", "seed")

    def __init__(self, runs: int, seed: int) -> None:
        self.runs = runs
        self.seed = seed
        self.run = 0
        self._start()

    def _start(self) -> None:
        self.random = Random(f"{self.seed}:{self.run}")

    def choose(self, ready: tuple[str, ...]) -> int:
        """Return the index of any ready step."""
        return self.random.randrange(len(ready))

    def finish(self, result: ExecutionResult | None) -> None:
        """Do nothing: no run depends on another one."""

    def has_another(self) -> bool:
        """Go to the next order. Return False after the last one."""
        self.run += 1
        self._start()
        return self.run < self.runs


class Prioritized(Drawn):
    """Random priorities with a few changes: probabilistic concurrency testing (PCT, Burckhardt et al. 2010).

    Each step gets a random priority when it is first ready. The ready step with the highest priority is
    taken. At `depth` - 1 random turns the step to be taken gets a priority below all others first.

    Attributes:
        depth: The depth: the number of orderings of two steps that the searched problem needs.
        turns: The number of turns of the longest run so far.
    """

    __slots__ = ("_changes", "_priorities", "_turn", "depth", "turns")

    def __init__(self, runs: int, seed: int, depth: int) -> None:
        self.depth = depth
        self.turns = 0
        super().__init__(runs, seed)

    def _start(self) -> None:
        super()._start()
        self._turn = 0
        self._priorities: dict[str, float] = {}
        turns = range(self.turns)
        self._changes = set(self.random.sample(turns, min(self.depth - 1, len(turns))))

    def choose(self, ready: tuple[str, ...]) -> int:
        """Return the index of the ready step with the highest priority; of the first one in run 0."""
        turn, priorities = self._turn, self._priorities
        self._turn += 1
        if self.run == 0:
            return 0
        for key in ready:
            if key not in priorities:
                priorities[key] = self.random.random()
        if turn in self._changes:
            priorities[max(ready, key=priorities.__getitem__)] = -float(turn + 1)
        return ready.index(max(ready, key=priorities.__getitem__))

    def finish(self, result: ExecutionResult | None) -> None:
        """Take note of the number of turns, from which the turns of the changes are drawn."""
        self.turns = max(self.turns, self._turn)


# replay


class Replayed:
    """The order of a replay string, then the default order.

    A replay string has the index of the choice of each turn, the number of turns, and a checksum of the steps
    that were taken: `201_5_3fa9`. Indexes from 34 on are `y40y`, four zeros and more `z4z`, and zeros at the
    end are left out.
    """

    __slots__ = ("_checksum", "_choices", "_count", "_taken", "text")

    def __init__(self, text: str) -> None:
        match = re.fullmatch(rf"((?:{_CHOICE.pattern})*)_(\d+)_([0-9a-f]{{4}})", text)
        if match is None:
            raise ParameterCheckError(
                f"{repr_of(text)} is not a replay string, such as '201_5_3fa9'. Copy it whole from the "
                "message of the failed run."
            )
        self.text = text
        self._choices = [choice for found in _CHOICE.finditer(match[1]) for choice in _decoded(found)]
        self._count = int(match[2])
        self._checksum = match[3]
        self._taken: list[str] = []

    def choose(self, ready: tuple[str, ...]) -> int:
        """Return the index of the choice of this turn."""
        turn = len(self._taken)
        index = self._choices[turn] if turn < len(self._choices) else 0
        if index >= len(ready):
            raise self._differs(f"choice {index + 1} was taken, and now only {list(ready)} are ready")
        self._taken.append(ready[index])
        if len(self._taken) == self._count and _checksum(self._taken) != self._checksum:
            raise self._differs("other steps were taken")
        return index

    def finish(self, result: ExecutionResult | None) -> None:
        """Check that the run had every turn of the replay string."""
        if result is not None and len(self._taken) < self._count:
            raise self._differs(f"{self._count} steps were taken, and now only {len(self._taken)}")

    def has_another(self) -> bool:
        """Return False: there is one order."""
        return False

    def _differs(self, what: str) -> Differs:
        return Differs(
            f"the replay string '{self.text}' does not fit this run: after {self._taken}, {what}. It is of "
            "another pipeline, or the pipeline has changed since. Search again without 'replay'."
        )


_DIGITS = "0123456789abcdefghijklmnopqrstuvwx"
_CHOICE = re.compile(r"[0-9a-x]|y\d+y|z\d+z")


def _decoded(found: re.Match[str]) -> list[int]:
    text = found[0]
    if text[0] == "z":
        return [0] * int(text[1:-1])
    return [int(text[1:-1]) if text[0] == "y" else _DIGITS.index(text)]


def replay_string(offered: Sequence[tuple[str, ...]], chosen: Sequence[int]) -> str:
    """Return the string that repeats an order.

    Args:
        offered: The ready steps of each turn.
        chosen: The index of the chosen step of each turn.

    Example:
        >>> replay_string([("a", "b"), ("a",)], [1, 0])
        '1_2_9792'
    """
    turns = max((turn for turn, index in enumerate(chosen, 1) if index), default=0)
    digits = "".join(
        f"z{count}z" if not index and count > 3 else _encoded(index) * count
        for index, count in ((index, len([*same])) for index, same in itertools.groupby(chosen[:turns]))
    )
    taken = [keys[index] for keys, index in zip(offered, chosen, strict=True)]
    return f"{digits or 0}_{len(taken)}_{_checksum(taken)}"


def _encoded(index: int) -> str:
    return _DIGITS[index] if index < len(_DIGITS) else f"y{index}y"


def _checksum(taken: Sequence[str]) -> str:
    return f"{zlib.crc32(chr(0).join(taken).encode()) & 0xFFFF:04x}"
