"""Steps that commute: two steps whose order no step can notice, because they share nothing.

The rules err on the safe side: a pair counts as sharing if one of them applies.

* Both use a resource: by a key of their own, of their hooks, types or loaders, or through another resource.
* Both store or load with an I/O manager that keeps values outside the memory of the run.
* Both compute, check or read an asset.
* Both can reach one object in memory: a value that steps pass on, a default or an input of the graph.
  Immutable plain values, such as numbers and strings, do not count.
* Both have the hook of one name.
* One of them is dynamic, mapped, collects, or failed in a run so far: it shares something with every step.

Files, services, globals and the instance that a function reaches by itself are invisible here.
"""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

from dagflow.dag import levels
from dagflow.defs.resources.definition import ResourceDefinition
from dagflow.defs.resources.needs import needed_keys
from dagflow.errors import DagflowError
from dagflow.events.types import DagflowEventType
from dagflow.io.builtin import is_in_memory
from dagflow.keys import step_key_base
from dagflow.plan.step import FROM_DEFAULT, FROM_INPUT_VALUE, OutputRef, Source, Step, refs_of
from dagflow.runs.results import ExecutionResult

_IMMUTABLE = (
    type(None),
    bool,
    int,
    float,
    complex,
    str,
    bytes,
    decimal.Decimal,
    datetime.date,
    datetime.datetime,
    datetime.timedelta,
)
_EVERYTHING = -1  # as a bit set


class Commuting:
    """The steps of a pipeline that share something, learned from its runs.

    Sets of steps are bit sets of their numbers.

    Attributes:
        numbers: The number of each step, by step key.
        sharing: For each step, the steps that it shares something with, and itself.
    """

    __slots__ = (
        "_failed",
        "_mutable",
        "_plan_keys",
        "_planned",
        "_templates",
        "_upstream",
        "numbers",
        "sharing",
    )

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.sharing: list[int] = []
        self._upstream: list[int] = []
        self._templates = False
        self._mutable: set[OutputRef] = set()
        self._failed: set[str] = set()
        self._plan_keys: frozenset[str] = frozenset()
        self._planned = 0

    def number(self, key: str) -> int:
        """Return the number of a step. A step that no plan had shares something with every step."""
        if key not in self.numbers:
            self.numbers[key] = len(self.sharing)
            self.sharing.append(_EVERYTHING)
            self._upstream.append(0)
        return self.numbers[key]

    def learn(self, result: ExecutionResult) -> None:
        """Read the plan, the values and the failures of a run."""
        plan = result.plan
        mutable = self._mutable.union(
            OutputRef(step.key, output.name)
            for step in plan.steps
            for output in step.outputs
            if not _is_immutable(_value_of(result, step, output.name))
        )
        failed = self._failed
        if not result.success:
            failed = failed.union(
                event.step_key
                for event in result.all_events
                if event.event_type is DagflowEventType.STEP_FAILURE and event.step_key is not None
            )
        keys = frozenset(step.key for step in plan.steps)
        if keys == self._plan_keys and len(mutable) == len(self._mutable) and failed == self._failed:
            return
        self._mutable, self._failed, self._plan_keys = mutable, failed, keys
        self._templates = plan.has_templates
        self._planned = self.bits(keys)
        for step in plan.steps:
            upstream = self.bits(step.upstream_keys)
            self._upstream[self.numbers[step.key]] = upstream
        self._share(_footprints(plan.steps, result.job_def.resource_defs, mutable, failed))

    def _share(self, footprints: Mapping[str, set[Hashable] | None]) -> None:
        users: dict[Hashable, int] = {}
        lonely = 0  # the steps that share something with every step
        for key, footprint in footprints.items():
            bit = 1 << self.numbers[key]
            lonely |= bit if footprint is None else 0
            for token in footprint or ():
                users[token] = users.get(token, 0) | bit
        for key, footprint in footprints.items():
            number = self.numbers[key]
            self.sharing[number] = _EVERYTHING if footprint is None else lonely | 1 << number
            for token in footprint or ():
                self.sharing[number] |= users[token]

    def still_asleep(self, asleep: int, taken: str) -> int:
        """Return the sleeping steps that share nothing with the step that was taken now."""
        return asleep & ~self.sharing[self.number(taken)]

    def bits(self, keys: Iterable[str]) -> int:
        """Return the set of some steps."""
        found = 0
        for key in keys:
            found |= 1 << self.number(key)
        return found

    def all_wake_up(self, before: int, ready: int, asleep: int) -> bool:
        """Return whether the run can go on so that each sleeping step wakes up before it is taken.

        Other steps are taken as long as one is left. This finds the answer, because a step that is taken only
        wakes others up. Steps that are skipped or blocked later count as taken, so the answer may be a wrong
        True, and never a wrong False.

        Args:
            before: The steps that were taken so far.
            ready: The steps that are ready, also those that are taken again.
            asleep: The sleeping steps.
        """
        if not asleep or self._templates:
            return True
        left = self._planned & ~before | ready
        if any(not self.sharing[number] & left & ~(1 << number) for number in _members(asleep)):
            return False  # nothing can wake this step: the quick answer for most
        progress = True
        while asleep and progress:
            progress = False
            for number in _members(left & ~asleep):
                if self._upstream[number] & ~before & left & ~(1 << number):
                    continue
                left &= ~(1 << number)
                before |= 1 << number
                asleep &= ~self.sharing[number]
                progress = True
        return not asleep


def count_orders(taken: Sequence[str], upstream: Mapping[str, Iterable[str]], most: int) -> int:
    """Return the number of orders of the attempts of a run; `most` + 1 if there are more than `most`.

    Args:
        taken: The step key of each attempt, in any possible order.
        upstream: The steps that each step waits for.
        most: The number at which the count ends.

    Example:
        >>> count_orders(["a", "b", "c"], {"c": ["a"]}, 100)
        3
    """
    last = {key: at for at, key in enumerate(taken)}
    before: list[int] = []
    previous: dict[str, int] = {}
    for at, key in enumerate(taken):
        bits = 1 << previous[key] if key in previous else 0
        for above in upstream.get(key, ()):
            bits |= 1 << last[above] if above in last else 0
        before.append(bits)
        previous[key] = at
    count, whole, stack = 0, (1 << len(taken)) - 1, [0]
    while stack and count <= most:
        done = stack.pop()
        if done == whole:
            count += 1
            continue
        stack += [done | 1 << at for at, bits in enumerate(before) if not done >> at & 1 and not bits & ~done]
    return count


def _members(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def _is_immutable(value: object) -> bool:
    if type(value) in (tuple, frozenset):
        return all(map(_is_immutable, value))  # type: ignore[call-overload]
    return type(value) in _IMMUTABLE


def _value_of(result: ExecutionResult, step: Step, output: str) -> object:
    """Return the value of an output; an object that counts as mutable if the run has no such value."""
    try:
        return result.output_for_node(".".join(step.path), output)
    except DagflowError:
        return []


# footprints


def _footprints(
    steps: Sequence[Step],
    resources: Mapping[str, ResourceDefinition],
    mutable: set[OutputRef],
    failed: set[str],
) -> dict[str, set[Hashable] | None]:
    """Return for each step what it may share with others; None if that may be anything."""
    by_key = {step.key: step for step in steps}
    level = levels({step.key: [key for key in step.upstream_keys if key in by_key] for step in steps})
    reached: dict[str, set[Hashable]] = {}
    found: dict[str, set[Hashable] | None] = {}
    for key in level:  # upstream steps first
        step = by_key[key]
        objects = reached[key] = set(_objects(step, mutable, reached))
        is_open = step.is_dynamic or step.mapped_over is not None or step.mapping_key is not None
        collects = any(step.collects_from(step_key_base(above)) for above in step.upstream_keys)
        if is_open or collects or key in failed:
            found[key] = None
        else:
            found[key] = {*objects, *_assets(step), *_hooks(step), *_resources(step, resources)}
    return found


def _sources(step: Step) -> Iterator[Source]:
    for item in step.loads:
        yield item.source
        yield from item.source.parts


def _objects(step: Step, mutable: set[OutputRef], reached: Mapping[str, set[Hashable]]) -> Iterator[Hashable]:
    """Yield the objects in memory that a step gets, or can reach through those."""
    for source in _sources(step):
        for ref in refs_of(source):
            plain = OutputRef(ref.step_key, ref.output_name)
            if plain in mutable or ref.step_key not in reached:
                yield "value", plain
                yield from reached.get(ref.step_key, ())
        if source.source_type == FROM_INPUT_VALUE:
            yield "input", source.value
        elif source.source_type == FROM_DEFAULT and not _is_immutable(source.value):
            yield "default", id(source.value)


def _assets(step: Step) -> Iterator[Hashable]:
    for output in step.outputs:
        if output.asset_key is not None:
            yield "asset", output.asset_key
        if output.check_spec is not None:
            yield "asset", output.check_spec.asset_key
    for source in _sources(step):
        if source.asset_key is not None:
            yield "asset", source.asset_key


def _hooks(step: Step) -> Iterator[Hashable]:
    for hook in step.hooks:
        yield "hook", hook.name


def _resources(step: Step, definitions: Mapping[str, ResourceDefinition]) -> Iterator[Hashable]:
    keys = {*step.op.required_resource_keys, *step.op.body.optional_resources}
    for hook in step.hooks:
        keys |= hook.required_resource_keys
    for item in step.loads:
        keys |= item.dagflow_type.required_resource_keys
    for source in _sources(step):
        if source.loader is not None:
            keys |= source.loader.required_resource_keys()
    managers = {source.manager_key for source in _sources(step)}
    for output in step.outputs:
        keys |= output.dagflow_type.required_resource_keys
        managers.add(output.manager_key)
    keys |= {
        key
        for key in managers
        if key is not None and not (key in definitions and is_in_memory(definitions[key]))
    }
    queue = list(keys)
    for key in queue:  # the resources that a resource needs are shared too
        for inner in needed_keys(definitions[key], definitions) if key in definitions else ():
            if inner not in keys:
                keys.add(inner)
                queue.append(inner)
    for key in keys:
        yield "resource", key
        if key in definitions:
            yield "resource", id(definitions[key])  # one definition under two keys
