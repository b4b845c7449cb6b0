"""Reading of a value against a config schema. The result is the value for user code, or all mistakes in it.

Each schema node (`dagflow.config.field`) has a method `read` for its own type of value. This module holds the
common parts: `Reading` collects mistakes and looks up environment variables, and `parse` starts a reading.
Nothing here raises an error for an invalid value.

The functions of config mappings are called in a second reading, and only if the first one found no mistake.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from dagflow._util import UNSET, class_has, nearest
from dagflow.config.paths import Path, where
from dagflow.errors import repr_of

if TYPE_CHECKING:
    from dagflow.config.evaluation_errors import EvaluationError


class Parsed(NamedTuple):
    """The result of reading a value.

    Attributes:
        value: The value for user code; UNSET if neither a value nor a default exists. Undefined if there are
            errors.
        errors: All mistakes.
        used_env: True if an environment variable was looked up, so that the next result may differ.
    """

    value: Any
    errors: tuple[EvaluationError, ...] = ()
    used_env: bool = False


class Readable(Protocol):
    """The methods of schema nodes and fields that read values."""

    def read(self, value: Any, path: Path, reading: Reading) -> Any:
        """Return the value as user code receives it; add errors to `reading`."""

    def read_absent(self, path: Path, reading: Reading) -> Any:
        """Return the default as user code receives it; add an error to `reading` if a value is required."""


class _Described(Protocol):
    def describe(self) -> str: ...


class Reading:
    """The state of one reading.

    Attributes:
        errors: The mistakes so far.
        environ: The environment. None leaves the value unchanged: variables are not looked up, and the
            choices of an enum remain names.
        used_env: True if an environment variable was looked up.
        applies: True if the functions of config mappings are called, because their config is valid.
        has_mappings: True if the schema has a config mapping.
    """

    __slots__ = ("applies", "environ", "errors", "has_mappings", "used_env")

    def __init__(self, environ: Mapping[str, str] | None, *, applies: bool = False) -> None:
        self.errors: list[EvaluationError] = []
        self.environ: Mapping[str, str] | None = environ
        self.used_env: bool = False
        self.applies: bool = applies
        self.has_mappings: bool = False

    def mismatch(self, node: object, value: object, path: Path, message: str) -> None:
        """Add an error about a value of the wrong type."""
        if class_has(value, "__dagflow_env_var__"):
            variable = getattr(value, "__dagflow_env_var__")  # noqa: B009
            message = (
                f'Invalid use of environment variable wrapper. EnvVar("{variable}") {where(path)} belongs in '
                f"a Config object; in plain config write {{'env': '{variable}'}}."
            )
        from dagflow.config.evaluation_errors import mismatch_error  # loaded for the first mistake

        self.errors.append(mismatch_error(node, value, path, message))

    def scalar_mismatch(self, node: object, value: object, path: Path, expected: str) -> None:
        """Add an error about a value that is None or not the expected scalar."""
        if value is None:
            self.none_given(node, path, expected)
            return
        shown = value if type(value) is str else repr_of(value)
        self.mismatch(
            node,
            value,
            path,
            f'Invalid scalar {where(path)}. Value "{shown}" of type "{type(value)}" is not valid for '
            f'expected type "{expected}".',
        )

    def none_given(self, node: object, path: Path, expected: str) -> None:
        """Add an error about a value None that is not allowed."""
        self.mismatch(node, None, path, f'Value {where(path)} must not be None. Expected "{expected}".')

    def container_mismatch(self, node: _Described, value: object, path: Path, container: str) -> None:
        """Add an error about a value that is not the expected dict or list."""
        expected = node.describe()
        if value is None:
            self.none_given(node, path, expected)
            return
        self.mismatch(
            node,
            value,
            path,
            f'Value {where(path)} must be {container}. Expected: "{expected}". Given: {repr_of(value)}.',
        )

    def too_deep(self, node: object, value: object, path: Path) -> None:
        """Add an error about a value that contains itself, or is nested too deep."""
        from dagflow.config.depth import bottomless, short  # loaded for the first such value

        inner, problem = bottomless(value) or ((), "is nested too deep")
        place = (*path, *inner)
        self.mismatch(node, value, place, f"Value {where(short(place))} {problem}. Config must have an end.")

    def undefined(self, node: _Described, names: Iterable[object], known: Sequence[str], path: Path) -> None:
        """Add an error about unknown fields."""
        unknown = sorted(name if type(name) is str else repr_of(name) for name in names)
        if len(unknown) == 1:
            message = (
                f'Received unexpected config entry "{unknown[0]}" {where(path)}. '
                f'Expected: "{node.describe()}".{nearest(unknown[0], known)}'
            )
        else:
            hints = "".join(f" {repr_of(name)}:{hint}" for name in unknown if (hint := nearest(name, known)))
            message = f'Received unexpected config entries "{repr_of(unknown)}" {where(path)}. '
            message += f'Expected: "{sorted(known)!r}".{hints}'
        from dagflow.config.evaluation_errors import undefined_error  # loaded for the first mistake

        self.errors.append(undefined_error(unknown, path, message))

    def missing(self, examples: Mapping[str, object], path: Path) -> None:
        """Add an error about missing required fields.

        Args:
            examples: An example value for each missing field, by name.
            path: The path of the dict that lacks the fields.
        """
        names = sorted(examples)
        example = {name: examples[name] for name in names}
        if len(names) == 1:
            subject, this, entry = f'entry "{names[0]}"', "this value", "entry"
        else:
            subject, this, entry = f"entries {repr_of(names)}", "these values", "entries"
        message = (
            f"Missing required config {subject} {where(path)}. You must provide {this} in your run config. "
        )
        message += f"Example config for the missing {entry}: {repr_of(example)}"
        from dagflow.config.evaluation_errors import missing_error  # loaded for the first mistake

        self.errors.append(missing_error(names, path, message))

    def collision(self, name: str, alias: str, path: Path) -> None:
        """Add an error about a field that is given under two names."""
        message = f"Received both field '{name}' and field '{alias}' {where(path)}. Use one or the other."
        from dagflow.config.evaluation_errors import collision_error  # loaded for the first mistake

        self.errors.append(collision_error(name, alias, path, message))

    def selector(self, node: object, given: Iterable[object], path: Path, message: str) -> None:
        """Add an error about a selector without exactly one field."""
        names = [str(name) for name in given]
        from dagflow.config.evaluation_errors import selector_error  # loaded for the first mistake

        self.errors.append(selector_error(node, names, path, message))

    def lookup(self, original: object, variable: str, path: Path) -> str | None:
        """Return the content of an environment variable. If it is not set, add an error and return None."""
        self.used_env = True
        content = self.environ.get(variable) if self.environ is not None else None
        if content is None:
            self.failed_lookup(
                original,
                variable,
                path,
                f'You have attempted to fetch the environment variable "{variable}" which is not set. '
                "Set it for this run.",
            )
        return content

    def failed_lookup(self, original: object, variable: str, path: Path, problem: str) -> None:
        """Add an error about an environment variable that is not set or has the wrong content."""
        message = f"Post processing {where(path)} of original value {repr_of(original)} failed: {problem}"
        from dagflow.config.evaluation_errors import lookup_error  # loaded for the first mistake

        self.errors.append(lookup_error(original, variable, path, message))


def parse(
    schema: Readable, value: Any, *, path: Path = (), environ: Mapping[str, str] | None = None
) -> Parsed:
    """Read a value against a schema.

    Args:
        schema: A schema node or a Field.
        value: The value; UNSET if none was given.
        path: The path of the value, for messages.
        environ: The environment for `{"env": "NAME"}`. Default: no variable is set.

    Returns:
        The value, or all mistakes in it. The order at each level: unknown fields, missing fields, then the
        mistakes inside the fields by name.

    Raises:
        DagflowConfigMappingFunctionError: The function of a config mapping in the schema raised.
        DagflowInvalidConfigError: The result of such a function is invalid.

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
