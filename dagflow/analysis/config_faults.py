"""The mistakes that a run config can have: each change of a valid run config that its schema refuses."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from dagflow.analysis.config_nodes import ConfigNode, run_config_node
from dagflow.config.paths import MapPart, Path, path_string
from dagflow.defs.jobs.definition import JobDefinition

_WRONG = {"int": "many", "float": "much", "bool": 1, "string": 7, "dict": "some", "list": "some"}
_WRONG |= {"selector": 7, "map": 7}
_IS_NONE = "the value is None"
_TYPES = {"int": "an int", "float": "a float", "bool": "a bool", "string": "a string", "dict": "a dict"}
_TYPES |= {"list": "a list", "selector": "a dict", "map": "a dict"}


class ConfigFault(NamedTuple):
    """One mistake in a run config.

    Attributes:
        path: The path of the error, as `EvaluationError.path` has it.
        reason: The mistake.
        place: The keys and indexes that lead to the changed value.
        change: A function that returns the wrong value instead of a value.
    """

    path: str
    reason: str
    place: tuple[Any, ...]
    change: Callable[[Any], Any]

    def in_config(self, run_config: Mapping[str, Any]) -> dict[str, Any]:
        """Return a copy of a run config with this mistake."""
        holder: dict[str, Any] = {"": copy.deepcopy(dict(run_config))}
        *before, last = ("", *self.place)
        inner: Any = holder
        for key in before:
            inner = inner[key]
        inner[last] = self.change(inner[last])
        changed: dict[str, Any] = holder[""]
        return changed


def config_faults(job: JobDefinition, run_config: Mapping[str, Any]) -> list[ConfigFault]:
    """Return the mistakes that can be made in a valid run config, those near its root first.

    Args:
        job: The job.
        run_config: A run config that the job accepts. What it leaves out has no mistakes, except that it can
            be missing.

    Example:
        >>> from dagflow import job, op
        >>> @op(config_schema={"cups": int})
        ... def brew(): ...
        >>> @job
        ... def cafe():
        ...     brew()
        >>> valid = {"ops": {"brew": {"config": {"cups": 1}}}}
        >>> for fault in config_faults(cafe, valid)[-3:]:
        ...     print(fault.path, fault.reason, fault.in_config(valid))
        root:ops:brew:config 'cups' is missing {'ops': {'brew': {'config': {}}}}
        root:ops:brew:config:cups the value is None {'ops': {'brew': {'config': {'cups': None}}}}
        root:ops:brew:config:cups the value is not an int {'ops': {'brew': {'config': {'cups': 'many'}}}}
    """
    found = list(_faults(run_config_node(job), run_config, (), ()))
    supplied = _supplied(job)
    kept = [fault for fault in found if (*fault.place, fault.reason) not in supplied]
    return sorted(kept, key=lambda fault: len(fault.place))


def without_optional(job: JobDefinition, run_config: Mapping[str, Any], fault: ConfigFault) -> dict[str, Any]:
    """Return a copy of a run config that has only the required fields and those that lead to a mistake.

    Args:
        job: The job.
        run_config: A run config that the job accepts.
        fault: The mistake, of `config_faults` for this config.
    """
    found: dict[str, Any] = _required(run_config_node(job), run_config, fault.place)
    return found


def _required(node: ConfigNode, value: Any, place: tuple[Any, ...]) -> Any:
    """Return a value without optional fields, apart from those that lead to a place in it."""
    if node.kind in ("optional", "union") and isinstance(value, (dict, list)):
        return _required(node.inner, value, place)
    if node.kind not in ("dict", "selector"):
        return value
    kept = {}
    for name, item in value.items():
        is_kept = bool(place) and place[:1] == (name,)
        if name in node.fields and (is_kept or node.kind == "selector" or node.fields[name].is_required):
            rest = place[1:] if place and is_kept else ()
            kept[name] = _required(node.fields[name].node, item, rest)
    return kept


def _supplied(job: JobDefinition) -> set[tuple[Any, ...]]:
    """Return the places that no config lacks, because the default config of the job supplies them."""
    found: set[tuple[Any, ...]] = set()
    for name, entries in job.default_config.items():
        found.add((_missing(name),))
        if isinstance(entries, Mapping):
            found |= {(name, _missing(inner)) for inner in entries}
    return found


def _missing(name: str) -> str:
    return f"{name!r} is missing"


def _faults(node: ConfigNode, value: Any, path: Path, place: tuple[Any, ...]) -> Iterator[ConfigFault]:
    """Yield the mistakes in a value and in the values inside it."""
    kind = node.kind
    if kind == "any" or (kind == "optional" and value is None):
        return
    if kind == "optional":
        for fault in _faults(node.inner, value, path, place):
            if not (fault.place == place and fault.reason == _IS_NONE):
                yield fault
        return
    here = path_string(path)
    if path:
        yield ConfigFault(here, _IS_NONE, place, lambda old: None)
    if kind == "union":
        is_scalar = not isinstance(value, (dict, list))
        for fault in _faults(node.scalar if is_scalar else node.inner, value, path, place):
            if fault.place != place or (is_scalar and fault.reason != _IS_NONE):
                yield fault
        return
    if kind == "enum":
        unknown = _unknown(node.choices)
        yield ConfigFault(here, f"{unknown!r} is not a choice", place, lambda old: unknown)
    elif path:
        wrong = _WRONG[kind]
        yield ConfigFault(here, f"the value is not {_TYPES[kind]}", place, lambda old: wrong)
    if kind in ("dict", "selector"):
        yield from (_of_dict if kind == "dict" else _of_selector)(node, value, path, place)
    elif kind == "list":
        for index, item in enumerate(value):
            yield from _faults(node.inner, item, (*path, index), (*place, index))
    elif kind == "map":
        yield from _of_map(node, value, path, place)


def _of_dict(node: ConfigNode, value: Any, path: Path, place: tuple[Any, ...]) -> Iterator[ConfigFault]:
    here = path_string(path)
    if not node.is_open:
        unknown = _unknown({*node.fields, *_aliases(node)})
        yield ConfigFault(here, f"{unknown!r} is unknown", place, lambda old: {**old, unknown: 1})
    for name, entry in node.fields.items():
        if name in value and entry.is_required:
            yield ConfigFault(here, _missing(name), place, partial(_without, key=name))
        if name in value:
            yield from _faults(entry.node, value[name], (*path, name), (*place, name))


def _of_selector(node: ConfigNode, value: Any, path: Path, place: tuple[Any, ...]) -> Iterator[ConfigFault]:
    here, unknown = path_string(path), _unknown(node.fields)
    yield ConfigFault(here, f"{unknown!r} is unknown", place, lambda old: {unknown: 1})
    if len(node.fields) > 1:
        yield ConfigFault(here, "no field is selected", place, lambda old: {})
        two = dict.fromkeys(list(node.fields)[:2])
        yield ConfigFault(here, "two fields are selected", place, lambda old: {**two, **old})
    for name in value:
        inner, is_required = node.fields[name]
        # a selector reads None as no value of its field, which many fields allow
        takes_none = inner.kind == "dict" or (len(node.fields) == 1 and not is_required)
        for fault in _faults(inner, value[name], (*path, name), (*place, name)):
            if not (takes_none and fault.place == (*place, name) and fault.reason == _IS_NONE):
                yield fault


def _of_map(node: ConfigNode, value: Any, path: Path, place: tuple[Any, ...]) -> Iterator[ConfigFault]:
    for key, item in value.items():
        wrong: Any = _WRONG[node.scalar.kind]
        yield ConfigFault(
            path_string((*path, MapPart(wrong, "key"))),
            f"the key is not {_TYPES[node.scalar.kind]}",
            place,
            partial(_renamed, key=key, other=wrong),
        )
        yield from _faults(node.inner, item, (*path, MapPart(key, "value")), (*place, key))


def _aliases(node: ConfigNode) -> Iterator[str]:
    aliases: Mapping[str, Any] = getattr(node.schema, "field_aliases", None) or {}
    for others in aliases.values():
        yield from (others,) if isinstance(others, str) else others


def _without(value: Mapping[Any, Any], key: Any) -> dict[Any, Any]:
    return {name: item for name, item in value.items() if name != key}


def _renamed(value: Mapping[Any, Any], key: Any, other: Any) -> dict[Any, Any]:
    return {**_without(value, key), other: value[key]}


def _unknown(known: Any) -> str:
    """Return a name that is not known."""
    name = "unknown"
    while name in known:
        name += "_"
    return name
