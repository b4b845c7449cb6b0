"""Events, and all that they hold, as plain JSON and back.

    number, text, bool, None         itself; a float that JSON does not have is {"__float__": "inf"}
    list, dict with texts as keys    itself
    tuple, set, frozenset            {"__tuple__": [...]} and so on
    dict with other keys             {"__items__": [[key, value], ...]}
    member of an enum                {"__enum__": "ErrorSource.INTERRUPT"}
    object of a class in the table   {"__class__": "StepSuccessData", "duration_ms": 3.5}
    anything else                    {"__text__": what repr says, "type": the name of its class}

Nothing is imported or called by a name that stands in the JSON: reading makes objects of the classes in the
table only, through their constructors, and a value that became a text is read as an `UnstoredValue`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NamedTuple, TypeVar, overload

from dagflow.errors import DagflowError, DagflowSerializationError
from dagflow.events import check, data, run, user
from dagflow.events.record import EVENT_TYPES, DagflowEvent, DagflowEventType, EventLogEntry
from dagflow.keys import AssetCheckKey, AssetKey, NodeHandle, StepHandle
from dagflow.metadata import code, table, value
from dagflow.metadata.value import Constant

VERSION = 1
"""Of the form that this page describes. Another form has another number."""

_T = DagflowEventType
_Stored = TypeVar("_Stored")


class UnstoredValue(NamedTuple):
    """What is left of a value that JSON cannot hold: the name of its class, and what its repr said."""

    type: str
    text: str


def _own_classes(module: Any, kind: type) -> list[type]:
    return [
        cls
        for cls in vars(module).values()
        if isinstance(cls, type) and issubclass(cls, kind) and cls.__module__ == module.__name__
    ]


_CONSTANTS = [
    cls
    for module in (value, table, code)
    for cls in _own_classes(module, Constant)
    if getattr(cls, "_names", ())
]
_TUPLES = [*_own_classes(data, tuple), NodeHandle, StepHandle, AssetCheckKey, EventLogEntry, run.RunRecord]
_BY_VALUE: list[type[user._ByValue]] = [
    user.AssetMaterialization,
    user.AssetObservation,
    user.ExpectationResult,
    user.DataVersion,
    check.AssetCheckResult,
    check.AssetCheckEvaluation,
    DagflowEvent,
]
_FIELDS: dict[type, tuple[str, ...]] = {
    **{cls: cls._names for cls in [*_CONSTANTS, value.NullMetadataValue]},  # type: ignore[attr-defined]
    **{cls: cls._fields for cls in _TUPLES},  # type: ignore[attr-defined]
    AssetKey: ("path",),
    run.DagflowRun: run.DagflowRun.__slots__,
    **{cls: cls._names() for cls in _BY_VALUE},
}
"""The classes that can be stored, with the attributes that make up an object."""
_CLASSES = {cls.__name__: cls for cls in _FIELDS}
_ENUMS: dict[str, type[Enum]] = {
    cls.__name__: cls
    for cls in (data.ErrorSource, data.RunFailureReason, check.AssetCheckSeverity, run.DagflowRunStatus)
}
_PLAIN = frozenset({str, int, bool, type(None)})
_CONTAINERS: dict[str, type] = {"__tuple__": tuple, "__set__": set, "__frozenset__": frozenset}
_TAGS = {cls: tag for tag, cls in _CONTAINERS.items()}
_DATA: dict[DagflowEventType, type] = {
    _T.STEP_INPUT: data.StepInputData,
    _T.STEP_OUTPUT: data.StepOutputData,
    _T.STEP_SUCCESS: data.StepSuccessData,
    _T.STEP_FAILURE: data.StepFailureData,
    _T.STEP_UP_FOR_RETRY: data.StepRetryData,
    _T.LOADED_INPUT: data.LoadedInputData,
    _T.HANDLED_OUTPUT: data.HandledOutputData,
    _T.ASSET_MATERIALIZATION: data.StepMaterializationData,
    _T.ASSET_MATERIALIZATION_PLANNED: data.AssetMaterializationPlannedData,
    _T.ASSET_OBSERVATION: data.AssetObservationData,
    _T.ASSET_CHECK_EVALUATION: check.AssetCheckEvaluation,
    _T.ASSET_CHECK_EVALUATION_PLANNED: data.AssetCheckEvaluationPlanned,
    _T.ASSET_WIPED: data.AssetWipedData,
    _T.STEP_EXPECTATION_RESULT: data.StepExpectationResultData,
    _T.ENGINE_EVENT: data.EngineEventData,
    _T.RESOURCE_INIT_STARTED: data.EngineEventData,
    _T.RESOURCE_INIT_SUCCESS: data.EngineEventData,
    _T.RESOURCE_INIT_FAILURE: data.EngineEventData,
    _T.STEP_WORKER_STARTING: data.EngineEventData,
    _T.STEP_WORKER_STARTED: data.EngineEventData,
    _T.LOGS_CAPTURED: data.ComputeLogsCaptureData,
    _T.HOOK_ERRORED: data.HookErroredData,
    _T.RUN_FAILURE: data.JobFailureData,
    _T.RUN_CANCELED: data.JobCanceledData,
    _T.RUN_ENQUEUED: data.RunEnqueuedData,
}
"""The class of `event_specific_data`; where none stands, an event has no data."""
_NONE = type(None)
_KINDS: dict[type, dict[str, tuple[type, ...]]] = {
    DagflowEvent: {
        "event_type_value": (str,),
        "job_name": (str,),
        "step_handle": (StepHandle, _NONE),
        "node_handle": (NodeHandle, _NONE),
        "step_kind_value": (str, _NONE),
        "logging_tags": (dict,),
        "message": (str, _NONE),
        "pid": (int, _NONE),
        "step_key": (str, _NONE),
        "run_id": (str,),
        "attempt": (int, _NONE),
        "timestamp": (int, float),
    },
    EventLogEntry: {
        "error_info": (data.SerializableErrorInfo, _NONE),
        "level": (int,),
        "user_message": (str,),
        "run_id": (str,),
        "timestamp": (int, float),
        "step_key": (str, _NONE),
        "job_name": (str, _NONE),
        "dagflow_event": (DagflowEvent, _NONE),
    },
}
"""What the fields of those classes may hold whose constructors do not look."""


def to_dict(stored: object) -> dict[str, Any]:
    """An object of the table as a dict of plain JSON, with the version of its form.

    Args:
        stored: An event, or whatever else is in the table. What JSON cannot hold in it becomes a tagged text.

    Raises:
        DagflowSerializationError: It is nested too deeply.

    Example:
        >>> to_dict(data.StepSuccessData(3.5))
        {'version': 1, '__class__': 'StepSuccessData', 'duration_ms': 3.5}
    """
    return {"version": VERSION, **_written(stored, is_strict=False)}


def as_json(stored: object) -> str:
    """What `to_dict` returns, as a text."""
    return json.dumps(to_dict(stored))


def from_dict(given: Any, kind: type[_Stored]) -> _Stored:
    """What `to_dict` was given.

    Args:
        given: What it returned, which may have been written as JSON and read again.
        kind: The class of the object.

    Raises:
        DagflowSerializationError: It was made by another version, or is damaged; the message says what is
            wrong and where.

    Example:
        >>> from_dict(to_dict(data.StepSuccessData(3.5)), data.StepSuccessData)
        StepSuccessData(duration_ms=3.5)
    """
    if not isinstance(given, dict):
        raise DagflowSerializationError(f"a stored {kind.__name__} is a dict, not {given!r:.200}")
    content = dict(given)
    if "version" not in content:
        raise DagflowSerializationError(f"this dict is no stored {kind.__name__}: it lacks a 'version'")
    version = content.pop("version")
    if version != VERSION or isinstance(version, bool):
        raise DagflowSerializationError(
            f"this {kind.__name__} was stored in version {version!r} of the form, and this dagflow reads "
            f"version {VERSION} only"
        )
    found: _Stored = _of_kind(_read(content, kind.__name__), kind)
    return found


def serialize_value(value: object) -> str:
    """A value as a text of JSON.

    Args:
        value: Plain Python, metadata, events, keys and what they hold.

    Raises:
        DagflowSerializationError: There is something else in it, or it is nested too deeply.

    Example:
        >>> serialize_value(value_of := AssetKey("water"))
        '{"__class__": "AssetKey", "path": ["water"]}'
        >>> deserialize_value(serialize_value(value_of))
        AssetKey(['water'])
    """
    return json.dumps(_written(value, is_strict=True), allow_nan=False)


@overload
def deserialize_value(val: str, as_type: type[_Stored]) -> _Stored: ...


@overload
def deserialize_value(val: str, as_type: tuple[type[Any], ...] | None = None) -> Any: ...


def deserialize_value(val: str, as_type: type[Any] | tuple[type[Any], ...] | None = None) -> Any:
    """What `serialize_value` was given.

    Args:
        val: What it returned.
        as_type: The class, or one of several, that is expected.

    Raises:
        DagflowSerializationError: The text is no such JSON, or the value is of another class.

    Example:
        >>> deserialize_value('{"__class__": "AssetKey", "path": ["water"]}', AssetKey)
        AssetKey(['water'])
    """
    try:
        plain = json.loads(val)
    except (TypeError, ValueError, RecursionError) as error:
        raise DagflowSerializationError(f"{val!r:.200} is no JSON: {error}") from error
    found = _read(plain, "value")
    return found if as_type is None else _of_kind(found, as_type)


def _of_kind(found: Any, kind: type[Any] | tuple[type[Any], ...]) -> Any:
    if not isinstance(found, kind):
        wanted = " or ".join(cls.__name__ for cls in (kind if isinstance(kind, tuple) else (kind,)))
        raise DagflowSerializationError(f"a stored '{type(found).__name__}' is no '{wanted}'")
    return found


def _written(value: Any, *, is_strict: bool) -> Any:
    try:
        return _encode(value, is_strict)
    except RecursionError:
        raise DagflowSerializationError(
            f"the {type(value).__name__} is nested too deeply to be written as JSON"
        ) from None


def _encode(value: Any, is_strict: bool) -> Any:
    cls = type(value)
    if cls in _PLAIN:
        return value
    names = _FIELDS.get(cls)
    if names is not None:
        fields = {"__class__": cls.__name__}
        for name in names:
            item = getattr(value, name)
            fields[name] = item if type(item) in _PLAIN else _encode(item, is_strict)
        return fields
    if isinstance(value, (str, int, float)):
        return _encode_scalar(value)
    if isinstance(value, Mapping):
        if all(type(key) is str and not key.startswith("__") for key in value):
            return {
                key: item if type(item) in _PLAIN else _encode(item, is_strict) for key, item in value.items()
            }
        return {"__items__": [[_encode(part, is_strict) for part in pair] for pair in value.items()]}
    if cls is list:
        return [_encode(item, is_strict) for item in value]
    if cls in _TAGS:
        items = [_encode(item, is_strict) for item in value]
        return {_TAGS[cls]: items if cls is tuple else sorted(items, key=json.dumps)}
    if _ENUMS.get(cls.__name__) is cls:
        return {"__enum__": f"{cls.__name__}.{value.name}"}
    if cls is UnstoredValue:
        return {"__text__": value.text, "type": value.type}
    if is_strict:
        raise DagflowSerializationError(
            f"{value!r:.200} of type '{cls.__name__}' cannot be written as JSON: make it of plain Python, "
            "metadata values, events and keys"
        )
    return {"__text__": _repr_of(value), "type": f"{cls.__module__}.{cls.__qualname__}"}


def _encode_scalar(value: str | int | float) -> Any:
    if isinstance(value, str):
        dimensions = getattr(value, "keys_by_dimension", None)
        if dimensions is not None:
            return {"__class__": "MultiPartitionKey", "keys_by_dimension": dict(dimensions)}
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    return float(value) if math.isfinite(value) else {"__float__": repr(float(value))}


def _repr_of(value: object) -> str:
    try:
        return repr(value)
    except Exception as error:  # of the user's own class
        return f"<its repr raised {type(error).__name__}>"


def _read(plain: Any, where: str) -> Any:
    try:
        return _decode(plain, where)
    except RecursionError:
        raise DagflowSerializationError(f"the stored {where} is nested too deeply to be read") from None


def _decode(plain: Any, where: str) -> Any:
    if isinstance(plain, list):
        return [_decode(item, f"{where}[{position}]") for position, item in enumerate(plain)]
    if not isinstance(plain, dict):
        return plain
    tag = next((key for key in plain if key.startswith("__")), None)
    if tag is None:
        return {key: _decode(item, f"{where}.{key}") for key, item in plain.items()}
    if tag == "__class__":
        return _decode_object(plain, where)
    if tag == "__text__":
        return UnstoredValue(str(plain.get("type")), str(plain["__text__"]))
    read = _READERS.get(tag)
    if read is None or len(plain) > 1:
        raise DagflowSerializationError(f"{where} has an unknown tag: {plain!r:.200}")
    content = _decode(plain[tag], where)
    try:
        return read(content)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise DagflowSerializationError(f"{where} is damaged: {plain!r:.200} ({error})") from error


def _decode_object(plain: dict[str, Any], where: str) -> Any:
    name = plain["__class__"]
    cls: type | None = _CLASSES.get(name) if isinstance(name, str) else None
    names = _FIELDS[cls] if cls is not None else ("keys_by_dimension",)
    if name == "MultiPartitionKey":
        from dagflow.partitions.multi import MultiPartitionKey  # few partitions have two dimensions

        cls = MultiPartitionKey
    if cls is None:
        raise DagflowSerializationError(f"{where} is of an unknown class {name!r:.200}")
    fields = {key: _decode(item, f"{where}.{key}") for key, item in plain.items() if key != "__class__"}
    if set(fields) != set(names):
        missing, unknown = sorted(set(names) - set(fields)), sorted(set(fields) - set(names))
        what = f"lacks {missing!r}" if missing else f"has unknown fields {unknown!r}"
        raise DagflowSerializationError(f"{where} is damaged: a stored '{name}' {what}")
    _check_kinds(cls, fields, where)
    try:
        return cls(*(fields[key] for key in names)) if issubclass(cls, Constant) else cls(**fields)
    except (DagflowError, TypeError, ValueError, AttributeError) as error:
        raise DagflowSerializationError(f"{where} is damaged, it makes no '{name}': {error}") from error


def _check_kinds(cls: type, fields: dict[str, Any], where: str) -> None:
    for name, kinds in _KINDS.get(cls, {}).items():
        if not isinstance(fields[name], kinds):
            raise DagflowSerializationError(
                f"{where}.{name} is damaged: it is of type '{type(fields[name]).__name__}', not "
                f"'{kinds[0].__name__}'"
            )
    if cls is DagflowEvent:
        kind = EVENT_TYPES.get(fields["event_type_value"])
        if kind is None:
            raise DagflowSerializationError(
                f"{where} is of an unknown event type {fields['event_type_value']!r:.200}"
            )
        found, wanted = fields["event_specific_data"], _DATA.get(kind, _NONE)
        if not isinstance(found, (wanted, UnstoredValue, _NONE)):
            raise DagflowSerializationError(
                f"{where}.event_specific_data is damaged: a '{type(found).__name__}' is no data of a "
                f"{fields['event_type_value']} event"
            )


def _member(text: str) -> Enum:
    name, _, member = text.partition(".")
    return _ENUMS[name][member]


_READERS: dict[str, Callable[[Any], Any]] = {
    **_CONTAINERS,
    "__items__": lambda pairs: {key: item for key, item in pairs},  # noqa: C416 - a pair that is none must fail
    "__float__": float,
    "__enum__": _member,
}
