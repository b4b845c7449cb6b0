"""Which partition keys a test runs for: what `dag_partitions` asks for, in the order of the definition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dagflow import PartitionsDefinition


def partitions_of(target: object) -> PartitionsDefinition:
    """Give the partitions definition that is meant by itself, by an asset or by a job.

    Raises:
        ValueError: It is none of these, or is not partitioned.
    """
    from dagflow import PartitionsDefinition

    found = target if isinstance(target, PartitionsDefinition) else getattr(target, "partitions_def", None)
    if not isinstance(found, PartitionsDefinition):
        raise ValueError(
            f"{target!r} has no partitions: give a partitions definition, or an asset or a job that has one"
        )
    return found


def choose_keys(
    definition: PartitionsDefinition,
    *,
    now: float,
    seed: str,
    keys: Iterable[str] | None = None,
    first: int | None = None,
    last: int | None = None,
    sample: int | None = None,
    boundaries: bool = False,
    dynamic: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
) -> list[str]:
    """Choose partition keys. What is asked for unites; without any wish, all keys are chosen.

    Args:
        definition: Where the keys come from.
        now: The current time, in seconds since the epoch.
        seed: Decides `sample`: the same text gives the same sample.
        keys: These keys.
        first: So many from the start.
        last: So many from the end.
        sample: So many at random.
        boundaries: Those on which pipelines break.
        dynamic: The keys of a dynamic definition, or for each name of one its keys.

    Raises:
        ValueError: A wish that cannot be granted.
        DagflowError: A key that the definition does not have.
    """
    store = _Given(dynamic)
    known = definition.get_partition_keys(now, store)
    if dynamic is not None and not store.was_asked:
        raise ValueError(
            f"'dynamic' gives keys, but {definition!r} has its own: use 'keys' to choose from them"
        )
    if not known:
        raise ValueError(f"{definition!r} has no keys")
    wanted: set[str] = set()
    for key in _texts(keys):
        definition.validate_partition_key(key, now, store)
        wanted.add(key)
    if first is not None:
        wanted.update(known[: _positive(first, "first")])
    if last is not None:
        wanted.update(known[-_positive(last, "last") :])
    if sample is not None:
        import random

        wanted.update(random.Random(seed).sample(known, min(_positive(sample, "sample"), len(known))))
    if boundaries:
        from dagflow.testing import boundaries as boundaries_of

        wanted.update(boundaries_of(definition, now, store))
    is_choosing = boundaries or any(wish is not None for wish in (keys, first, last, sample))
    return [key for key in known if key in wanted] if is_choosing else known


def key_id(key: str) -> str:
    """Give the id of the test for a key: the key, with the names of the dimensions where it has several."""
    dimensions: Mapping[str, str] | None = getattr(key, "keys_by_dimension", None)
    return "|".join(f"{name}={part}" for name, part in dimensions.items()) if dimensions else str(key)


class _Given:
    """Stands for the instance that holds the keys of dynamic definitions."""

    def __init__(self, dynamic: Sequence[str] | Mapping[str, Sequence[str]] | None) -> None:
        self.dynamic = dynamic
        self.was_asked = False

    def get_dynamic_partitions(self, partitions_def_name: str) -> list[str]:
        self.was_asked = True
        given = self.dynamic
        found = given.get(partitions_def_name) if isinstance(given, Mapping) else given
        if not found:
            raise ValueError(
                f"the keys of '{partitions_def_name}' are dynamic: name them, as in dynamic=['a', 'b']"
            )
        return list(found)


def _texts(keys: Iterable[str] | None) -> list[str]:
    if isinstance(keys, str):
        raise ValueError(f"'keys' must be a list of keys, not the text {keys!r}")
    return list(keys or ())


def _positive(number: Any, name: str) -> int:
    if not isinstance(number, int) or number < 1 or isinstance(number, bool):
        raise ValueError(f"'{name}' must be a number from 1, not {number!r}")
    return number
