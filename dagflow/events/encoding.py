"""The encoding of events and their contents as plain JSON: `JsonForm`.

    number, string, bool, None       itself; a float that JSON does not have is {"__float__": "inf"}
    list, dict with string keys      itself, with encoded items
    tuple, set, frozenset            {"__tuple__": [...]}, {"__set__": [...]}, {"__frozenset__": [...]}
    dict with other keys             {"__items__": [[key, value], ...]} (or if a key begins with "__")
    member of a storable enum        {"__enum__": "ErrorSource.INTERRUPT"}
    object of a storable class       {"__class__": "StepSuccessData", "duration_ms": 3.5}
    anything else                    {"__text__": its repr, "type": the name of its class}

Decoding is safe: the JSON cannot name a module to import or a function to call. Only the storable classes
are created, through their constructors. The repr of a value is decoded as an `UnstoredValue`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NamedTuple, TypeVar, get_args

from dagflow import _doors
from dagflow.errors import DagflowError, DagflowSerializationError, ParameterCheckError, repr_of
from dagflow.events import check, data, error_info, planned, run, user
from dagflow.keys import AssetCheckKey, AssetJobKey, AssetKey, NodeHandle, StepHandle
from dagflow.metadata import code, normalize, table, value
from dagflow.partitions.subset import DefaultPartitionsSubset
from dagflow.values import ByValue, Constant

VERSION = 1
"""The version of this form. Each change of the form needs a new version."""

_Stored = TypeVar("_Stored")
_CheckFields = Callable[[type, Mapping[str, Any]], str | None]


class UnstoredValue(NamedTuple):
    """A placeholder for a value that JSON cannot hold.

    Attributes:
        type: The name of the class of the value, with its module.
        text: The repr of the value.
    """

    type: str
    text: str


def _own_classes(module: Any, base: type) -> list[type]:
    return [
        cls
        for cls in vars(module).values()
        if isinstance(cls, type) and issubclass(cls, base) and cls.__module__ == module.__name__
    ]


_MODULES = (value, table, code, normalize)
_CLASSES: tuple[type, ...] = (
    *[cls for module in _MODULES for cls in _own_classes(module, Constant) if cls is not value.MetadataValue],
    *[cls for module in (error_info, data, planned) for cls in _own_classes(module, tuple)],
    *(NodeHandle, StepHandle, AssetKey, AssetCheckKey, AssetJobKey, run.RunRecord, run.DagflowRun),
    *(user.AssetMaterialization, user.AssetObservation, user.ExpectationResult, user.DataVersion),
    *(check.AssetCheckResult, check.AssetCheckEvaluation),
    *(check.AssetCheckEvaluationTargetMaterializationData, DefaultPartitionsSubset),
)
"""The storable classes below `dagflow.events.record`, which adds its own."""

_ENUMS: dict[str, type[Enum]] = {
    cls.__name__: cls
    for cls in (data.ErrorSource, data.RunFailureReason, check.AssetCheckSeverity, run.DagflowRunStatus)
}
_PLAIN = frozenset({str, int, bool, type(None)})
_CONTAINERS: dict[str, type] = {"__tuple__": tuple, "__set__": set, "__frozenset__": frozenset}
_TAGS = {cls: tag for tag, cls in _CONTAINERS.items()}


def _field_names(cls: type) -> tuple[str, ...]:
    if cls is AssetKey:
        return ("path",)
    if issubclass(cls, ByValue):
        return cls.field_names()
    stored: tuple[str, ...] | None = getattr(cls, "stored_names", None)
    if stored is not None:
        return stored
    names: tuple[str, ...] = getattr(cls, "_fields", ()) or cls.__slots__  # type: ignore[attr-defined]
    return names


def _names_of_condition(cls: type) -> tuple[str, ...] | None:
    """Return the fields of a class of conditions or partitions, which only values of user code have."""
    is_own = cls.__module__.startswith("dagflow.")
    return _field_names(cls) if is_own and _doors.storable_class(cls.__name__) is cls else None


class JsonForm:
    """The encoder and decoder of the storable classes.

    Args:
        further: More storable classes than `_CLASSES`. Each has a dict with the types of those fields that
            its constructor does not check.
        check: A function that receives a class and its decoded fields. It returns a description of the
            problem that follows the path in the error message, or None.
    """

    def __init__(self, further: Mapping[type, Mapping[str, Any]], check: _CheckFields) -> None:
        self._fields = {cls: _field_names(cls) for cls in (*_CLASSES, *further)}
        self._classes = {cls.__name__: cls for cls in self._fields}
        self._field_types = further
        self._check = check

    def names(self) -> list[str]:
        """Return the names of all storable classes."""
        return list(self._classes)

    def to_dict(self, stored: object) -> dict[str, Any]:
        """Return an object as a dict of plain JSON, with the version.

        Args:
            stored: An object of a storable class. Values in it that JSON cannot hold become their repr.

        Raises:
            DagflowSerializationError: The object is nested too deeply.
        """
        return {"version": VERSION, **self.encode(stored, is_strict=False)}

    def from_dict(self, given: Any, cls: type[_Stored]) -> _Stored:
        """Return the object that `to_dict` has encoded as this dict.

        Args:
            given: The dict.
            cls: The expected class of the object.

        Raises:
            DagflowSerializationError: The argument is not such a dict, has another version, is damaged, or
                holds an object of another class. The message has the path of the problem.
        """
        if not isinstance(given, dict):
            raise DagflowSerializationError(f"a stored {cls.__name__} must be a dict, not {given!r:.200}")
        content = dict(given)
        if "version" not in content:
            raise DagflowSerializationError(f"this dict is not a stored {cls.__name__}: it lacks a 'version'")
        version = content.pop("version")
        if version != VERSION or isinstance(version, bool):
            raise DagflowSerializationError(
                f"this {cls.__name__} was stored in version {version!r} of the form, and this dagflow reads "
                f"version {VERSION} only"
            )
        found: _Stored = check_class(self.decode(content, cls.__name__), cls)
        return found

    def encode(self, value: Any, *, is_strict: bool) -> Any:
        """Return a value as plain JSON, in the form of the table above.

        Args:
            value: The value.
            is_strict: Whether a value that JSON cannot hold is an error. Otherwise its repr is encoded.

        Raises:
            DagflowSerializationError: The value is nested too deeply, or JSON cannot hold it and `is_strict`.
        """
        try:
            return self._encode(value, is_strict)
        except RecursionError:
            raise DagflowSerializationError(
                f"the {type(value).__name__} is nested too deeply to be written as JSON"
            ) from None

    def _encode(self, value: Any, is_strict: bool) -> Any:
        cls = type(value)
        if cls in _PLAIN:
            return value
        names = self._fields.get(cls)
        if names is None:
            names = _names_of_condition(cls)
        if names is not None:
            if cls is error_info.SerializableErrorInfo:
                value = value.shortened()
            fields = {"__class__": cls.__name__}
            for name in names:
                item = getattr(value, name)
                fields[name] = item if type(item) in _PLAIN else self._encode(item, is_strict)
            return fields
        if isinstance(value, (str, int, float)):
            return _encode_scalar(value)
        if isinstance(value, Mapping):
            if all(type(key) is str and not key.startswith("__") for key in value):
                return {
                    key: item if type(item) in _PLAIN else self._encode(item, is_strict)
                    for key, item in value.items()
                }
            return {"__items__": [[self._encode(part, is_strict) for part in pair] for pair in value.items()]}
        if cls is list:
            return [self._encode(item, is_strict) for item in value]
        if cls in _TAGS:
            items = [self._encode(item, is_strict) for item in value]
            return {_TAGS[cls]: items if cls is tuple else sorted(items, key=json.dumps)}
        if _ENUMS.get(cls.__name__) is cls:
            return {"__enum__": f"{cls.__name__}.{value.name}"}
        if cls is UnstoredValue:
            return {"__text__": value.text, "type": value.type}
        if is_strict:
            raise DagflowSerializationError(
                f"{value!r:.200} of type '{cls.__name__}' cannot be written as JSON: use plain "
                "Python values, metadata values, events and keys"
            )
        return {"__text__": _repr_of(value), "type": f"{cls.__module__}.{cls.__qualname__}"}

    def decode(self, plain: Any, where: str) -> Any:
        """Return the value that `encode` has encoded as `plain`.

        Args:
            plain: The plain JSON.
            where: The name of the value, which starts the path in error messages.

        Raises:
            DagflowSerializationError: The JSON is damaged, nested too deeply or has an unknown tag or class.
        """
        try:
            return self._decode(plain, where)
        except RecursionError:
            raise DagflowSerializationError(f"the stored {where} is nested too deeply to be read") from None

    def _decode(self, plain: Any, where: str) -> Any:
        if isinstance(plain, list):
            return [self._decode(item, f"{where}[{position}]") for position, item in enumerate(plain)]
        if not isinstance(plain, dict):
            return plain
        tag = next((key for key in plain if key.startswith("__")), None)
        if tag is None:
            return {key: self._decode(item, f"{where}.{key}") for key, item in plain.items()}
        if tag == "__class__":
            return self._decode_object(plain, where)
        if tag == "__text__":
            return UnstoredValue(str(plain.get("type")), str(plain["__text__"]))
        read = _READERS.get(tag)
        if read is None or len(plain) > 1:
            raise DagflowSerializationError(f"{where} has an unknown tag: {plain!r:.200}")
        content = self._decode(plain[tag], where)
        try:
            return read(content)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise DagflowSerializationError(f"{where} is damaged: {plain!r:.200} ({error})") from error

    def _decode_object(self, plain: dict[str, Any], where: str) -> Any:
        name = plain["__class__"]
        cls: type | None = self._classes.get(name) if isinstance(name, str) else None
        names = self._fields[cls] if cls is not None else ("keys_by_dimension",)
        if name == "MultiPartitionKey":
            from dagflow.partitions.multi_key import MultiPartitionKey  # imported lazily: rare

            cls = MultiPartitionKey
        elif cls is None:
            cls = _doors.storable_class(name) if isinstance(name, str) else None
            names = () if cls is None else _field_names(cls)
        if cls is None:
            raise DagflowSerializationError(f"{where} is of an unknown class {name!r:.200}")
        fields = {
            key: self._decode(item, f"{where}.{key}") for key, item in plain.items() if key != "__class__"
        }
        if set(fields) != set(names):
            missing, unknown = sorted(set(names) - set(fields)), sorted(set(fields) - set(names))
            what = f"lacks {missing!r}" if missing else f"has unknown fields {unknown!r}"
            raise DagflowSerializationError(f"{where} is damaged: a stored '{name}' {what}")
        problem = self._wrong_type(cls, fields) or self._check(cls, fields)
        if problem is not None:
            raise DagflowSerializationError(f"{where}{problem}")
        try:
            is_by_position = issubclass(cls, Constant) and cls in self._fields
            if is_by_position:
                return cls(*(fields[key] for key in names))
            return getattr(cls, "from_stored", cls)(**fields)
        except (DagflowError, TypeError, ValueError, KeyError, AttributeError) as error:
            raise DagflowSerializationError(
                f"{where} is damaged and not a valid '{name}': {error}"
            ) from error

    def _wrong_type(self, cls: type, fields: Mapping[str, Any]) -> str | None:
        for name, field_type in self._field_types.get(cls, {}).items():
            if not isinstance(fields[name], field_type):
                wanted = (get_args(field_type) or (field_type,))[0].__name__
                return f".{name} is damaged: it is of type '{type(fields[name]).__name__}', not '{wanted}'"
        return None


def check_class(found: Any, expected: type[Any] | tuple[type[Any], ...]) -> Any:
    """Return a decoded value unchanged, after a check of its class.

    Args:
        found: The decoded value.
        expected: The class, or a tuple of the accepted classes.

    Raises:
        DagflowSerializationError: The value is not an instance of `expected`.
    """
    try:
        is_instance = isinstance(found, expected)
    except TypeError:
        raise ParameterCheckError(
            f"the class of a stored value must be a class or a tuple of classes, not {repr_of(expected)}"
        ) from None
    if not is_instance:
        wanted = " or ".join(
            cls.__name__ for cls in (expected if isinstance(expected, tuple) else (expected,))
        )
        raise DagflowSerializationError(f"a stored '{type(found).__name__}' is not a '{wanted}'")
    return found


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
    except Exception as error:  # the __repr__ of a user's class may raise any
        return f"<its repr raised {type(error).__name__}>"


def _member(text: str) -> Enum:
    name, _, member = text.partition(".")
    return _ENUMS[name][member]


_READERS: dict[str, Callable[[Any], Any]] = {
    **_CONTAINERS,
    "__items__": lambda pairs: {key: item for key, item in pairs},  # noqa: C416 - an item that is not a pair must fail
    "__float__": float,
    "__enum__": _member,
}
