"""The leaves of a config schema, numbers, strings and Any, and the base class of all nodes.

The nodes that contain other nodes, and `Field`, are in `dagflow.config.field`. Every node has methods that
`read` a value (see `dagflow.config.parse`), `describe` the type in an error message and return an `example`.
"""

from __future__ import annotations

from typing import Any as AnyValue

from dagflow._util import MAX_DEPTH, UNSET, class_has
from dagflow.config.parse import Reading
from dagflow.config.paths import TOO_DEEP, Path, path_string


class ConfigType:
    """A node of a config schema.

    Attributes:
        is_required: Whether a field with this type and no further options must be given. If not,
            `default()` returns its default.
    """

    __slots__ = ("description",)
    is_required = True

    def __init__(self, description: str | None = None) -> None:
        self.description: str | None = description

    def default(self) -> AnyValue:
        """Return the default of a field with this type and no further options; UNSET if it is required."""
        return UNSET

    def describe(self) -> str:
        """Return the type as error messages show it, such as `{ a: Int b?: String }`."""
        raise NotImplementedError

    def example(self) -> AnyValue:
        """Return an example value for an error message."""
        return "<unknown>"

    def read(self, value: AnyValue, path: Path, reading: Reading) -> AnyValue:
        """Return the value as user code receives it; add errors to `reading`."""
        raise NotImplementedError

    def read_absent(self, path: Path, reading: Reading) -> AnyValue:
        """Return the default as user code receives it; add an error to `reading` if a value is required."""
        if self.is_required:
            self.note_missing(path, reading)
            return UNSET
        return self.read(self.default(), path, reading)

    def note_missing(self, path: Path, reading: Reading) -> None:
        """Add an error to `reading`: the value at `path` itself is missing."""
        if path:
            name = path_string(path[-1:])[len("root") :].removeprefix(":")
            reading.missing({name: self.example()}, path[:-1])
        else:
            reading.none_given(self, path, self.describe())

    def check_default(self, value: AnyValue) -> None:
        """Raise an error for an invalid default, if this type has a better message than `read`."""

    def __repr__(self) -> str:
        return f"<config type {self.describe()}>"


class _Scalar(ConfigType):
    """An int, float, bool or str."""

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
            except OverflowError:  # an int larger than every float
                reading.scalar_mismatch(self, value, path, self.given_name)
                return None
        if isinstance(value, accepted) and given is not bool and not class_has(value, "__dagflow_env_var__"):
            return value
        reading.scalar_mismatch(self, value, path, self.given_name)
        return None


def copied(value: AnyValue, depth: int = 0) -> AnyValue:
    """Return a copy of a value, with new dicts and lists at every depth.

    Raises:
        RecursionError: The value contains itself, or is nested too deep.
    """
    if depth > MAX_DEPTH:
        raise RecursionError(TOO_DEEP)
    if type(value) is dict:
        return {key: copied(item, depth + 1) for key, item in value.items()}
    if type(value) is list:
        return [copied(item, depth + 1) for item in value]
    return value


class _AnyType(ConfigType):
    """Any value, including None. Dicts and lists are copied, so that user code cannot change a default."""

    __slots__ = ()

    def describe(self) -> str:
        return "Any"

    def example(self) -> object:
        return "AnyType"

    def read(self, value: AnyValue, path: Path, reading: Reading) -> AnyValue:
        try:
            return copied(value)
        except RecursionError:
            reading.too_deep(self, value, path)
            return None


Int: _Scalar = _Scalar("Int", int, 0)
Float: _Scalar = _Scalar("Float", float, 0.0, convert=float)
Bool: _Scalar = _Scalar("Bool", bool, True)
String: _Scalar = _Scalar("String", str, "...")
Any: ConfigType = _AnyType()
SCALARS = (Int, Float, Bool, String)
