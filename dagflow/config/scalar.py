"""The leaves of a config schema: the base of all nodes, numbers, texts, Any.

The nodes that hold other nodes, and `Field`, are in `dagflow.config.field`. Every node knows how to `read` a
value (see `dagflow.config.parse`), to `describe` itself in an error message and to give an `example`.
"""

from __future__ import annotations

from typing import Any as AnyValue

from dagflow._util import UNSET
from dagflow.config.parse import Path, Reading, path_text


class ConfigType:
    """A node of a config schema.

    `is_required` tells whether a bare field of this type must be given; `default()` is what it becomes
    otherwise.
    """

    __slots__ = ("description",)
    is_required = True

    def __init__(self, description: str | None = None) -> None:
        self.description: str | None = description

    def default(self) -> AnyValue:
        """What a bare field of this type becomes if it is not given; UNSET if it must be."""
        return UNSET

    def describe(self) -> str:
        """The type as error messages write it, such as `{ a: Int b?: String }`."""
        raise NotImplementedError

    def example(self) -> AnyValue:
        """A value to show in an error message."""
        return "<unknown>"

    def read(self, value: AnyValue, path: Path, reading: Reading) -> AnyValue:
        """The value as code will see it; mistakes go to `reading`."""
        raise NotImplementedError

    def read_absent(self, path: Path, reading: Reading) -> AnyValue:
        """What is read where no value was given."""
        if self.is_required:
            self.note_missing(path, reading)
            return UNSET
        return self.read(self.default(), path, reading)

    def note_missing(self, path: Path, reading: Reading) -> None:
        """Note that the value at `path` itself is missing."""
        if path:
            name = path_text(path[-1:])[len("root") :].removeprefix(":")
            reading.missing({name: self.example()}, path[:-1])
        else:
            reading.none_given(self, path, self.describe())

    def check_default(self, value: AnyValue) -> None:
        """Refuse a default that is a mistake in a way of its own, with a better message than `read` has."""

    def __repr__(self) -> str:
        return f"<config type {self.describe()}>"


class _Scalar(ConfigType):
    """int, float, bool or str."""

    __slots__ = ("_accepted", "_convert", "_example", "given_name")

    def __init__(self, name: str, accepted: type, example: object, convert: type | None = None) -> None:
        super().__init__()
        self.given_name: str = name
        self._accepted = accepted
        self._example = example
        self._convert = convert

    def describe(self) -> str:
        return self.given_name

    def example(self) -> object:
        return self._example

    def read(self, value: AnyValue, path: Path, reading: Reading) -> AnyValue:
        given = type(value)
        accepted = self._accepted
        if given is accepted:
            return value
        if self._convert is not None and isinstance(value, (int, float)):
            try:
                return self._convert(value)
            except OverflowError:  # an int beyond all floats
                reading.scalar_mismatch(self, value, path, self.given_name)
                return None
        if isinstance(value, accepted) and given is not bool and not hasattr(value, "__dagflow_env_var__"):
            return value
        reading.scalar_mismatch(self, value, path, self.given_name)
        return None


def copied(value: AnyValue) -> AnyValue:
    """A value whose dicts and lists, at any depth, are new ones."""
    if type(value) is dict:
        return {key: copied(item) for key, item in value.items()}
    if type(value) is list:
        return [copied(item) for item in value]
    return value


class _AnyType(ConfigType):
    """Whatever is given, None included. Dicts and lists are copied, so that code cannot change a default."""

    __slots__ = ()

    def describe(self) -> str:
        return "Any"

    def example(self) -> object:
        return "AnyType"

    def read(self, value: AnyValue, path: Path, reading: Reading) -> AnyValue:
        return copied(value)


Int: _Scalar = _Scalar("Int", int, 0)
Float: _Scalar = _Scalar("Float", float, 0.0, convert=float)
Bool: _Scalar = _Scalar("Bool", bool, True)
String: _Scalar = _Scalar("String", str, "...")
Any: ConfigType = _AnyType()
SCALARS = (Int, Float, Bool, String)
