"""Reading a value against a config schema: the value as code will see it, or every mistake in it at once.

Each schema node (`dagflow.config.field`) knows how to `read` its own kind of value. What all of them share is
here: the `Reading` that collects mistakes and looks up environment variables, the `EvaluationError` that
says what is wrong and where, and `parse`, which starts it all. Nothing here raises for a wrong value; the
functions of config mappings are only called, in a second reading, once what they are given has no mistake.

The place of a value is a tuple: a field's name, the number of a list item, or a `MapPart`. As a text it is
written `root:ops:brew:config[1]:k`, with `root:m:'a':value` and `root:m:1:key` inside maps.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from dagflow._util import UNSET, nearest


class MapPart(NamedTuple):
    """One side ("key" or "value") of an entry of a map, as a part of a path."""

    key: object
    side: str


PathPart = str | int | MapPart
Path = tuple[PathPart, ...]


class DagflowEvaluationErrorReason(enum.Enum):
    """What kind of mistake an `EvaluationError` is about."""

    RUNTIME_TYPE_MISMATCH = "RUNTIME_TYPE_MISMATCH"
    MISSING_REQUIRED_FIELD = "MISSING_REQUIRED_FIELD"
    MISSING_REQUIRED_FIELDS = "MISSING_REQUIRED_FIELDS"
    FIELD_NOT_DEFINED = "FIELD_NOT_DEFINED"
    FIELDS_NOT_DEFINED = "FIELDS_NOT_DEFINED"
    SELECTOR_FIELD_ERROR = "SELECTOR_FIELD_ERROR"
    FIELD_ALIAS_COLLISION = "FIELD_ALIAS_COLLISION"
    FAILED_POST_PROCESSING = "FAILED_POST_PROCESSING"


_Reason = DagflowEvaluationErrorReason


class Mismatch(NamedTuple):
    """A value of the wrong kind: the schema node that refused it, and its repr."""

    config_type: Any
    value_rep: str


class FieldNames(NamedTuple):
    """Fields that are missing, or that the schema does not have."""

    field_names: list[str]

    @property
    def field_name(self) -> str:
        """The first of them, which is the only one where the reason is in the singular."""
        return self.field_names[0]


class SelectorMismatch(NamedTuple):
    """A selector that does not get exactly one field: the schema node and the names given."""

    config_type: Any
    incoming_fields: list[str]


class FailedLookup(NamedTuple):
    """An environment variable that is not set, or holds something of the wrong kind."""

    original_value: object
    variable: str


class EvaluationError(NamedTuple):
    """One mistake in a config value: its kind, its place, details for a program and a text for a person."""

    reason: DagflowEvaluationErrorReason
    stack: Path
    error_data: Mismatch | FieldNames | SelectorMismatch | FailedLookup
    message: str

    @property
    def path(self) -> str:
        """The place as a text, such as `root:ops:brew:config:a`."""
        return path_text(self.stack)


class Parsed(NamedTuple):
    """What came of reading a value.

    `value` has no meaning where there are errors; it is UNSET where nothing was given and nothing is the
    default. `used_env` tells whether an environment variable was asked for, so that the value may differ
    another time.
    """

    value: Any
    errors: tuple[EvaluationError, ...] = ()
    used_env: bool = False


class Readable(Protocol):
    """A schema node or a field, as far as reading is concerned."""

    def read(self, value: Any, path: Path, reading: Reading) -> Any:
        """The value as code will see it; mistakes go to `reading`."""

    def read_absent(self, path: Path, reading: Reading) -> Any:
        """What is read where no value was given."""


class _Described(Protocol):
    def describe(self) -> str: ...


class Reading:
    """One parse while it goes on: the mistakes so far, and the environment.

    `environ` is None where the value shall stay as it was written: variables are not looked up then, and the
    choices of an enum remain names. `applies`: whether config mappings are carried out, which is when the
    config that they are given is known to be right; `has_mappings`: whether there was one.
    """

    __slots__ = ("applies", "environ", "errors", "has_mappings", "used_env")

    def __init__(self, environ: Mapping[str, str] | None, *, applies: bool = False) -> None:
        self.errors: list[EvaluationError] = []
        self.environ: Mapping[str, str] | None = environ
        self.used_env: bool = False
        self.applies: bool = applies
        self.has_mappings: bool = False

    def mismatch(self, node: object, value: object, path: Path, message: str) -> None:
        """Note a value that is of the wrong kind."""
        variable = getattr(value, "__dagflow_env_var__", None)
        if isinstance(variable, str):
            message = (
                f'Invalid use of environment variable wrapper. EnvVar("{variable}") {where(path)} belongs in '
                f"a Config object; in plain config write {{'env': '{variable}'}}."
            )
        self.errors.append(
            EvaluationError(_Reason.RUNTIME_TYPE_MISMATCH, path, Mismatch(node, repr(value)), message)
        )

    def scalar_mismatch(self, node: object, value: object, path: Path, expected: str) -> None:
        """Note a value that is not the scalar expected, or None."""
        if value is None:
            self.none_given(node, path, expected)
            return
        shown = value if type(value) is str else repr(value)
        self.mismatch(
            node,
            value,
            path,
            f'Invalid scalar {where(path)}. Value "{shown}" of type "{type(value)}" is not valid for '
            f'expected type "{expected}".',
        )

    def none_given(self, node: object, path: Path, expected: str) -> None:
        """Note a None where none is allowed."""
        self.mismatch(node, None, path, f'Value {where(path)} must not be None. Expected "{expected}".')

    def container_mismatch(self, node: _Described, value: object, path: Path, container: str) -> None:
        """Note something that is no dict or list where one belongs."""
        expected = node.describe()
        if value is None:
            self.none_given(node, path, expected)
            return
        self.mismatch(
            node,
            value,
            path,
            f'Value {where(path)} must be {container}. Expected: "{expected}". Given: {value!r}.',
        )

    def undefined(self, node: _Described, names: Iterable[object], known: Sequence[str], path: Path) -> None:
        """Note fields that the schema does not have, before all other mistakes of this level."""
        texts = sorted(str(name) for name in names)
        if len(texts) == 1:
            reason = _Reason.FIELD_NOT_DEFINED
            message = (
                f'Received unexpected config entry "{texts[0]}" {where(path)}. '
                f'Expected: "{node.describe()}".{nearest(texts[0], known)}'
            )
        else:
            reason = _Reason.FIELDS_NOT_DEFINED
            hints = "".join(f" {name!r}:{hint}" for name in texts if (hint := nearest(name, known)))
            message = f'Received unexpected config entries "{texts!r}" {where(path)}. '
            message += f'Expected: "{sorted(known)!r}".{hints}'
        self.errors.append(EvaluationError(reason, path, FieldNames(texts), message))

    def missing(self, examples: Mapping[str, object], path: Path) -> None:
        """Note required fields that were not given, with an example of what to write."""
        names = sorted(examples)
        example = {name: examples[name] for name in names}
        if len(names) == 1:
            reason, what, this, entry = (
                _Reason.MISSING_REQUIRED_FIELD,
                f'entry "{names[0]}"',
                "this value",
                "entry",
            )
        else:
            reason, what = _Reason.MISSING_REQUIRED_FIELDS, f"entries {names!r}"
            this, entry = "these values", "entries"
        message = (
            f"Missing required config {what} {where(path)}. You must provide {this} in your run config. "
        )
        message += f"Example config for the missing {entry}: {example!r}"
        self.errors.append(EvaluationError(reason, path, FieldNames(names), message))

    def collision(self, name: str, alias: str, path: Path) -> None:
        """Note a field that is given under two names."""
        message = f"Received both field '{name}' and field '{alias}' {where(path)}. Use one or the other."
        self.errors.append(
            EvaluationError(_Reason.FIELD_ALIAS_COLLISION, path, FieldNames([name, alias]), message)
        )

    def selector(self, node: object, given: Iterable[object], path: Path, message: str) -> None:
        """Note a selector that does not get exactly one field."""
        names = [str(name) for name in given]
        self.errors.append(
            EvaluationError(_Reason.SELECTOR_FIELD_ERROR, path, SelectorMismatch(node, names), message)
        )

    def lookup(self, original: object, variable: str, path: Path) -> str | None:
        """The text of an environment variable; None, noting why, if it is not set."""
        self.used_env = True
        text = self.environ.get(variable) if self.environ is not None else None
        if text is None:
            self.failed_lookup(
                original,
                variable,
                path,
                f'You have attempted to fetch the environment variable "{variable}" which is not set. '
                "Set it for this run.",
            )
        return text

    def failed_lookup(self, original: object, variable: str, path: Path, problem: str) -> None:
        """Note an environment variable that cannot be used."""
        message = f"Post processing {where(path)} of original value {original!r} failed: {problem}"
        self.errors.append(
            EvaluationError(_Reason.FAILED_POST_PROCESSING, path, FailedLookup(original, variable), message)
        )


def parse(
    schema: Readable, value: Any, *, path: Path = (), environ: Mapping[str, str] | None = None
) -> Parsed:
    """Read a value against a schema.

    Args:
        schema: A schema node or a Field.
        value: What was given; UNSET stands for nothing.
        path: Where the value stands, as the messages shall say it.
        environ: The environment for `{"env": "NAME"}`. Without one, every variable counts as not set.

    Returns:
        The value, or all mistakes in it. At one level they come in the order: unknown fields, missing fields,
        then the mistakes inside the fields by name.

    Raises:
        DagflowConfigMappingFunctionError: A config mapping in the schema failed.
        DagflowInvalidConfigError: What it made is wrong.

    Example:
        >>> from dagflow.config.field import resolve_schema
        >>> schema = resolve_schema({"cups": int, "sugar": float})
        >>> parse(schema, {"cups": 2, "sugar": 1}).value
        {'cups': 2, 'sugar': 1.0}
        >>> [error.reason.value for error in parse(schema, {"cups": "x"}).errors]
        ['MISSING_REQUIRED_FIELD', 'RUNTIME_TYPE_MISMATCH']
    """
    environ = {} if environ is None else environ
    reading = Reading(environ)
    result = schema.read_absent(path, reading) if value is UNSET else schema.read(value, path, reading)
    if reading.has_mappings and not reading.errors:
        reading = Reading(environ, applies=True)
        result = schema.read_absent(path, reading) if value is UNSET else schema.read(value, path, reading)
    return Parsed(result, tuple(reading.errors), reading.used_env)


def where(path: Path) -> str:
    """The place of a value as a part of a sentence: "at the root" or "at path root:a"."""
    return f"at path {path_text(path)}" if path else "at the root"


def path_text(path: Path) -> str:
    """The place of a value as a text.

    Example:
        >>> path_text(("ops", "brew", 1, MapPart("a", "value")))
        "root:ops:brew[1]:'a':value"
    """
    parts = ["root"]
    for part in path:
        if isinstance(part, int):
            parts.append(f"[{part}]")
        elif isinstance(part, MapPart):
            parts.append(f":{part.key!r}:{part.side}")
        else:
            parts.append(f":{part}")
    return "".join(parts)
