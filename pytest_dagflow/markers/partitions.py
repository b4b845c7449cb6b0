"""The marker `dag_partitions` at collection: one test for each chosen key, in the order of the definition."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pytest_dagflow.markers.registry import PartitionChoice, check_arguments
from pytest_dagflow.runtime import class_of, real_dagster, runs_on_dagster
from pytest_dagflow.session import session_of

if TYPE_CHECKING:
    from dagflow import AssetsDefinition, DagflowInstance, PartitionsDefinition


def parametrize_partitions(metafunc: pytest.Metafunc) -> None:
    """Create one test for each partition key that `dag_partitions` chooses, or for each tuple of keys."""
    marks = list(metafunc.definition.iter_markers("dag_partitions"))[::-1]  # the outermost first
    if not marks:
        return
    where = metafunc.definition.nodeid
    choices: list[PartitionChoice] = [check_arguments(mark, where) for mark in marks]
    if "partition_key" not in metafunc.fixturenames:
        pytest.fail(
            f"{where}: marker dag_partitions: the test must have the argument 'partition_key'", pytrace=False
        )
    error_class: type[Exception] = class_of(metafunc.config, "DagflowError")
    try:
        choose = choose_keys_on_dagster if runs_on_dagster(metafunc.config) else choose_keys
        keys = [choose(choice, now=session_of(metafunc.config).now, seed=where) for choice in choices]
        scope = _scope_of(metafunc, choices)
    except (ValueError, error_class) as error:
        message = str(error)
    else:
        chosen = list(itertools.product(*keys))
        ids = ["-".join(map(_key_id, combination)) for combination in chosen]
        values: Sequence[Any] = chosen if len(keys) > 1 else keys[0]
        if _is_property(metafunc):
            # by this marker hypothesis knows the tests of one function, as those of `pytest.mark.parametrize`
            mark = pytest.mark.parametrize("partition_key", values)
            values = [pytest.param(value, marks=mark) for value in values]
        metafunc.parametrize("partition_key", values, ids=ids, scope=scope)
        return
    pytest.fail(f"{where}: marker dag_partitions: {message}", pytrace=False)


_SCOPES = ("function", "class", "module", "package", "session")


def _scope_of(metafunc: pytest.Metafunc, choices: list[PartitionChoice]) -> Any:
    """Return the widest scope of the markers.

    hypothesis refuses arguments of the scope "function", because it calls the test function several times for
    one setup. A key is the same in each call, so a test of `@given` gets the next scope.
    """
    for choice in choices:
        if choice.scope not in _SCOPES:
            raise ValueError(f"'scope' must be one of {', '.join(_SCOPES)}, not {choice.scope!r}")
    widest = max((choice.scope for choice in choices), key=_SCOPES.index)
    return "class" if _is_property(metafunc) and widest == "function" else widest


def _is_property(metafunc: pytest.Metafunc) -> bool:
    """Return whether the test function is one of hypothesis."""
    return bool(getattr(metafunc.function, "is_hypothesis_test", False))


def add_dynamic_keys(node: pytest.Item, instance: DagflowInstance) -> None:
    """Add the keys in the arguments `dynamic` of the markers of a test to its instance."""
    for mark in node.iter_markers("dag_partitions"):
        choice: PartitionChoice = check_arguments(mark, node.nodeid)
        if choice.dynamic is not None and runs_on_dagster(node.config):
            _DagsterPartitions(choice).add_dynamic_keys(instance)
        elif choice.dynamic is not None:
            dynamic_keys = _DynamicKeys(choice.dynamic)
            _partitions_of(choice.target).get_partition_keys(session_of(node.config).now, dynamic_keys)
            for name, keys in dynamic_keys.used.items():
                instance.add_dynamic_partitions(name, keys)


def choose_keys(choice: PartitionChoice, *, now: float, seed: str) -> list[str]:
    """Return the chosen partition keys in the order of the definition.

    Args:
        choice: The arguments of the marker.
        now: The current time, in seconds since the epoch.
        seed: Determines the sample: the same string gives the same sample.

    Raises:
        ValueError: The target has no partitions, or an argument is invalid.
        DagflowError: The definition does not have one of `keys`.
    """
    definition = _partitions_of(choice.target)
    dynamic_keys = _DynamicKeys(choice.dynamic)
    known = definition.get_partition_keys(now, dynamic_keys)
    if choice.dynamic is not None and not dynamic_keys.used:
        raise ValueError(_keys_are_fixed(definition))

    def check(key: str) -> None:
        definition.validate_partition_key(key, current_time=now, dynamic_partitions_store=dynamic_keys)

    def find_boundaries() -> Iterable[str]:
        from dagflow.testing import boundaries

        return boundaries(definition, now, dynamic_keys)

    return _chosen(choice, _Known(definition, known, check, find_boundaries), seed)


def choose_keys_on_dagster(choice: PartitionChoice, *, now: float, seed: str) -> list[str]:
    """Return the chosen partition keys of a definition of the real Dagster; arguments as `choose_keys`.

    Raises:
        ValueError: The target has no partitions, an argument is invalid, or a key is unknown.
        DagsterError: The keys cannot be listed.
    """
    partitions = _DagsterPartitions(choice)
    known = partitions.keys(now)

    def check(key: str) -> None:
        if key not in known:
            raise ValueError(f"{partitions.definition!r} has no key {key!r}")

    def find_boundaries() -> Iterable[str]:
        from dagflow.testing import boundaries

        return boundaries(partitions.twin(partitions.definition, now), now, None)

    return _chosen(choice, _Known(partitions.definition, known, check, find_boundaries), seed)


class _Known(NamedTuple):
    """The keys of a definition.

    Attributes:
        definition: The definition.
        keys: All of its keys.
        check: Raises if it does not have a key.
        find_boundaries: Returns the keys at which pipelines often fail.
    """

    definition: object
    keys: list[str]
    check: Callable[[str], None]
    find_boundaries: Callable[[], Iterable[str]]


def _chosen(choice: PartitionChoice, known: _Known, seed: str) -> list[str]:
    """Return the keys that the arguments of a marker choose, in the order of the definition."""
    if not known.keys:
        raise ValueError(f"{known.definition!r} has no keys")
    chosen: set[str] = set()
    for key in _check_keys(choice.keys):
        known.check(key)
        chosen.add(key)
    if choice.first is not None:
        chosen.update(known.keys[: _check_count(choice.first, "first")])
    if choice.last is not None:
        chosen.update(known.keys[-_check_count(choice.last, "last") :])
    if choice.sample is not None:
        import random

        size = min(_check_count(choice.sample, "sample"), len(known.keys))
        chosen.update(random.Random(seed).sample(known.keys, size))
    if choice.boundaries:
        chosen.update(known.find_boundaries())
    limits = (choice.keys, choice.first, choice.last, choice.sample)
    is_limited = choice.boundaries or any(limit is not None for limit in limits)
    return [key for key in known.keys if key in chosen] if is_limited else known.keys


class _DagsterPartitions:
    """The partitions of a target in the real Dagster.

    Attributes:
        definition: The partitions definition.
    """

    def __init__(self, choice: PartitionChoice) -> None:
        self._dagster: Any = real_dagster()
        self._dynamic = choice.dynamic
        target = choice.target
        of_target = getattr(target, "partitions_def", None)
        self.definition: Any = target if isinstance(target, self._dagster.PartitionsDefinition) else of_target
        if not isinstance(self.definition, self._dagster.PartitionsDefinition):
            raise ValueError(_no_partitions(target))

    def keys(self, now: float) -> list[str]:
        """Return all keys, also those of the argument `dynamic`."""
        return self._keys_of(self.definition, now)

    def add_dynamic_keys(self, instance: Any) -> None:
        """Add the keys of the argument `dynamic` to an instance."""
        names = self._dynamic_names(self.definition)
        if self._dynamic is not None and not names:
            raise ValueError(_keys_are_fixed(self.definition))
        for name in names:
            dynamic_keys = _DynamicKeys(self._dynamic)
            instance.add_dynamic_partitions(name, dynamic_keys.get_dynamic_partitions(name))

    def twin(self, definition: Any, now: float) -> PartitionsDefinition:
        """Return the definition of dagflow with the same keys, whose boundaries are known."""
        import dagflow

        if isinstance(definition, self._dagster.TimeWindowPartitionsDefinition):
            return dagflow.TimeWindowPartitionsDefinition(
                start=definition.start,
                fmt=definition.fmt,
                timezone=definition.timezone,
                end_offset=definition.end_offset,
                cron_schedule=definition.cron_schedule,
                end=definition.end,
            )
        if isinstance(definition, self._dagster.MultiPartitionsDefinition):
            dimensions = definition.partitions_defs
            return dagflow.MultiPartitionsDefinition(
                {one.name: self.twin(one.partitions_def, now) for one in dimensions}
            )
        return dagflow.StaticPartitionsDefinition(self._keys_of(definition, now))

    def _keys_of(self, definition: Any, now: float) -> list[str]:
        from datetime import datetime, timezone

        with self._dagster.DagsterInstance.ephemeral() as instance:
            self.add_dynamic_keys(instance)
            return list(definition.get_partition_keys(datetime.fromtimestamp(now, timezone.utc), instance))

    def _dynamic_names(self, definition: Any) -> list[str]:
        if isinstance(definition, self._dagster.MultiPartitionsDefinition):
            parts = [one.partitions_def for one in definition.partitions_defs]
            return [name for part in parts for name in self._dynamic_names(part)]
        is_dynamic = isinstance(definition, self._dagster.DynamicPartitionsDefinition)
        return [definition.name] if is_dynamic and definition.name is not None else []


def _partitions_of(target: object) -> PartitionsDefinition:
    """Return the partitions definition itself, or that of an asset, a check or a job."""
    from dagflow import AssetsDefinition, PartitionsDefinition

    if isinstance(target, AssetsDefinition):
        _check_one_definition(target)
    found = target if isinstance(target, PartitionsDefinition) else getattr(target, "partitions_def", None)
    if not isinstance(found, PartitionsDefinition):
        raise ValueError(_no_partitions(target))
    return found


def _no_partitions(target: object) -> str:
    return (
        f"{target!r} has no partitions: pass a partitions definition, or an asset, check or job that has one"
    )


def _keys_are_fixed(definition: object) -> str:
    return f"'dynamic' defines keys, but {definition!r} has its own: use 'keys' to choose some of them"


def _check_one_definition(assets: AssetsDefinition) -> None:
    """Raise if the assets and checks of a function have different partitions: no run has a key of all.

    Raises:
        ValueError: They have two or more partitions definitions.
    """
    keys: dict[str, list[str]] = {}
    specs = [(spec.key.to_user_string(), spec.partitions_def) for spec in assets.specs]
    specs += [(spec.key.to_user_string(), spec.partitions_def) for spec in assets.check_specs]
    for name, definition in specs:
        if definition is not None:
            keys.setdefault(repr(definition), []).append(name)
    if len(keys) > 1:
        found = "; ".join(f"{definition} of {', '.join(names)}" for definition, names in keys.items())
        raise ValueError(f"{assets!r} has several partitions definitions: pass one of them ({found})")


class _DynamicKeys:
    """The keys of dynamic definitions, with the method by which partitions read them from an instance.

    Attributes:
        dynamic: The argument of the marker.
        used: The keys that were read, by the name of the dynamic definition.
    """

    def __init__(self, dynamic: Iterable[str] | Mapping[str, Iterable[str]] | None) -> None:
        self.dynamic = dynamic
        self.used: dict[str, list[str]] = {}

    def get_dynamic_partitions(self, partitions_def_name: str) -> list[str]:
        dynamic = self.dynamic
        found = dynamic.get(partitions_def_name) if isinstance(dynamic, Mapping) else dynamic
        if isinstance(found, str):
            raise ValueError(f"'dynamic' must list keys, as in dynamic=[{found!r}], not be a string")
        keys = self.used[partitions_def_name] = list(found or ())
        if not keys:
            raise ValueError(
                f"the keys of '{partitions_def_name}' are dynamic: list them, as in dynamic=['a', 'b']"
            )
        return keys


def _check_keys(keys: Iterable[str] | None) -> list[str]:
    if isinstance(keys, str):
        raise ValueError(f"'keys' must be a list of keys, not the string {keys!r}")
    if keys is None:
        return []
    listed = list(keys)
    if not listed:
        raise ValueError("'keys' is empty: list at least one key, or leave it out to choose all keys")
    return listed


def _check_count(number: Any, name: str) -> int:
    if not isinstance(number, int) or number < 1 or isinstance(number, bool):
        raise ValueError(f"'{name}' must be an integer of at least 1, not {number!r}")
    return number


def _key_id(key: str) -> str:
    """Return the test id for a key: the key, or `dimension=key` for each of several dimensions."""
    dimensions: Mapping[str, str] | None = getattr(key, "keys_by_dimension", None)
    return "|".join(f"{name}={part}" for name, part in dimensions.items()) if dimensions else str(key)
