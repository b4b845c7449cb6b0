"""The types of inputs and outputs, which check values.

A `DagflowType` checks the inputs and outputs of a step. Users write annotations (`int`, `list[Cup]`,
`Cup | None`), which `dagflow.types.annotations` turns into types, or create a `DagflowType` if no annotation
fits. The `loader` of a type (`dagflow.types.loaders`) builds the value of an input from config, if the input
has no upstream output.

The engine runs the check, names the step that failed and wraps the error of a user's check function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from types import FunctionType
from typing import TYPE_CHECKING, Protocol, Union
from typing import Any as AnyValue

from dagflow._util import takes
from dagflow.config import scalar as config
from dagflow.config.scalar import ConfigType
from dagflow.copies import Copied
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvariantViolationError,
    DagflowUnknownResourceError,
    ParameterCheckError,
    check_optional,
    check_type,
    repr_of,
)
from dagflow.keys import resource_keys
from dagflow.metadata.normalize import normalize_metadata
from dagflow.metadata.value import MetadataValue
from dagflow.types.loaders import (
    AnyLoader,
    DagflowTypeLoader,
    ScalarLoader,
)
from dagflow.values import Constant

if TYPE_CHECKING:
    import logging


class TypeCheck(Constant):
    """The result of checking a value.

    Args:
        success: Whether the value is valid.
        description: The reason for a failure, or another remark.
        metadata: Further details, by label.

    Raises:
        ParameterCheckError: `success` is not a bool.
        DagflowInvalidMetadata: A metadata value has an unsupported type.

    Example:
        >>> TypeCheck(False, "too cold", {"degrees": 41}).metadata["degrees"].value
        41
    """

    __slots__ = ("success", "description", "metadata")  # noqa: RUF023 - as the parameters

    success: bool
    description: str | None
    metadata: Mapping[str, MetadataValue]

    def __init__(
        self, success: bool, description: str | None = None, metadata: Mapping[str, AnyValue] | None = None
    ) -> None:
        self._set(
            success=check_type(success, bool, "success"),
            description=check_optional(description, str, "description", "a TypeCheck"),
            metadata=normalize_metadata(metadata, "a TypeCheck"),
        )


PASSED = TypeCheck(True)
_FAILED = TypeCheck(False)


class ResourcesBuilder(Protocol):
    """An object that passes the resources of a run to a type check."""

    def build(self, required_resource_keys: frozenset[str]) -> AnyValue:
        """Return an object with the resources as attributes."""


class TypeCheckContext:
    """The context of a type check function: `log`, `run_id`, and the `resources` that the type requires."""

    __slots__ = ("__dict__", "__weakref__", "_builder", "_dagflow_type", "_log", "_resources", "run_id")

    def __init__(
        self,
        run_id: str,
        log_manager: logging.Logger | Callable[[], logging.Logger],
        scoped_resources_builder: ResourcesBuilder | None,
        dagflow_type: DagflowType,
    ) -> None:
        self.run_id: str = run_id
        self._log = log_manager
        self._builder = scoped_resources_builder
        self._dagflow_type = dagflow_type
        self._resources: AnyValue = None

    @property
    def log(self) -> logging.Logger:
        """The log of the step. If `log_manager` is a function, it is called on first use."""
        if callable(self._log):
            self._log = self._log()
        return self._log

    @property
    def resources(self) -> AnyValue:
        """The resources that the type names in `required_resource_keys`, as attributes."""
        if self._resources is None:
            builder = self._builder
            keys = self._dagflow_type.required_resource_keys
            self._resources = _NoResources() if builder is None else builder.build(keys)
        return self._resources


class _NoResources:
    """The resources outside a run: each access is an error."""

    def __getattr__(self, name: str) -> AnyValue:
        if name.startswith("__"):
            raise AttributeError(name)
        raise DagflowUnknownResourceError(name)


TypeCheckFn = Callable[[TypeCheckContext, AnyValue], bool | TypeCheck]


class DagflowType(Copied):
    """A type of inputs and outputs whose values a function checks.

    Args:
        type_check_fn: Called with a `TypeCheckContext` and the value; returns a bool or a `TypeCheck`.
        key: The identifier of the type. Default: the name.
        name: The name of the type. Default: the key.
        is_builtin: Whether the type belongs to the library.
        description: The meaning of the values.
        loader: A loader that builds a value from config, for inputs without an upstream output.
        required_resource_keys: The resources that the function reads from its context.
        typing_type: The most similar annotation.
        metadata: Further details, by label.

    Raises:
        CheckError: Neither a key nor a name is given.
        ParameterCheckError: An argument has the wrong type.
        DagflowInvalidDefinitionError: The function does not take two arguments.

    Example:
        >>> from dagflow import check_dagflow_type
        >>> warm = DagflowType(lambda context, value: value > 50, name="Warm")
        >>> check_dagflow_type(warm, 41).success
        False
    """

    __slots__ = (
        "_check",
        "_loader",
        "_typing_type",
        "description",
        "display_name",
        "has_unique_name",
        "is_builtin",
        "key",
        "metadata",
        "required_resource_keys",
    )
    __dagflow_config_type__: ConfigType | None = None
    """The config type that replaces this type in a config schema; None if the type is not allowed there."""
    is_any = False
    is_nothing = False
    checks_at_definition = False
    """True if a default is checked at definition time: the check needs neither a run nor user code."""
    inner_types: tuple[DagflowType, ...] = ()

    def __init__(
        self,
        type_check_fn: TypeCheckFn,
        key: str | None = None,
        name: str | None = None,
        is_builtin: bool = False,
        description: str | None = None,
        loader: DagflowTypeLoader | None = None,
        required_resource_keys: Iterable[str] | None = None,
        typing_type: AnyValue = AnyValue,
        metadata: Mapping[str, AnyValue] | None = None,
    ) -> None:
        chosen = name if name is not None else key
        if chosen is None:
            raise CheckError("a DagflowType must have a 'key' or a 'name'")
        self.display_name: str = check_type(chosen, str, "name")
        self.key: str = check_type(key, str, "key") if key is not None else chosen
        self.has_unique_name: bool = name is not None
        self.is_builtin: bool = check_type(is_builtin, bool, "is_builtin")
        self._typing_type = typing_type
        self._describe(description, loader, required_resource_keys, metadata)
        _check_takes_two(type_check_fn, chosen)
        self._check = type_check_fn

    def _describe(
        self,
        description: str | None,
        loader: DagflowTypeLoader | None,
        required_resource_keys: Iterable[str] | None,
        metadata: Mapping[str, AnyValue] | None,
    ) -> None:
        owner = f"type '{self.display_name}'"
        self.description: str | None = check_optional(description, str, "description", owner)
        self._loader = check_optional(loader, DagflowTypeLoader, "loader", owner)
        self.required_resource_keys: frozenset[str] = resource_keys(required_resource_keys, owner)
        self.metadata: dict[str, MetadataValue] = normalize_metadata(metadata, owner)

    def type_check(self, context: TypeCheckContext | None, value: AnyValue) -> TypeCheck:
        """Check a value.

        Args:
            context: The context of a user's check function; None is enough for types of the library.
            value: The value.

        Returns:
            The result. A bool from the check function becomes a `TypeCheck`.

        Raises:
            DagflowInvariantViolationError: The check function returned neither a bool nor a TypeCheck.
            BaseException: Any error of the check function.
        """
        outcome = self._check(context, value)  # type: ignore[arg-type]
        if outcome is True:
            return PASSED
        if outcome is False:
            return _FAILED
        if isinstance(outcome, TypeCheck):
            return outcome
        raise DagflowInvariantViolationError(
            f"the type check function of type '{self.display_name}' returned {repr_of(outcome)} of type "
            f"'{type(outcome).__name__}': it must return a bool or a TypeCheck"
        )

    @property
    def loader(self) -> DagflowTypeLoader | None:
        """The loader that builds a value from config, or None."""
        return self._loader

    @property
    def typing_type(self) -> AnyValue:
        """The most similar annotation."""
        return self._typing_type

    @property
    def unique_name(self) -> str:
        """The name that the definition gave.

        Raises:
            CheckError: The type has only a key, or inner types.
        """
        if not self.has_unique_name:
            raise CheckError(
                f"type '{self.display_name}' has no 'unique_name': it was created without a name"
            )
        return self.display_name

    def references(self) -> Iterator[tuple[str, str]]:
        """Yield the place where the type may be found: under its name, in the module of its function."""
        check = getattr(self, "_check", None)
        if isinstance(check, FunctionType):
            yield check.__module__, self.display_name

    @property
    def supports_fan_in(self) -> bool:
        """True if an input of this type can have several upstream outputs."""
        return self.is_any or self.is_nothing

    def __repr__(self) -> str:
        return f"<{type(self).__name__.lstrip('_')} {self.display_name}>"


def _check_takes_two(function: AnyValue, name: str) -> None:
    if not callable(function):
        raise ParameterCheckError(
            f"parameter 'type_check_fn' of type '{name}' must be a function of a context and a value, "
            f"not {repr_of(function)}"
        )
    if not takes(function, 2):
        raise DagflowInvalidDefinitionError(
            f"the type_check_fn of type '{name}' must take 2 arguments, a context and a value, but "
            f"{repr_of(function)} does not"
        )


class LibraryType(DagflowType):
    """The base of the types of the library, whose `type_check` needs neither a context nor a function."""

    __slots__ = ()

    def references(self) -> Iterator[tuple[str, str]]:
        """Yield the place of the types of the library."""
        yield __name__, self.key

    def __init__(self, key: str, display_name: str | None = None) -> None:
        self.key = key
        self.display_name: str = display_name or key
        self.has_unique_name = False
        self.is_builtin = False
        self.description: str | None = None
        self.required_resource_keys: frozenset[str] = frozenset()
        self.metadata: dict[str, MetadataValue] = {}
        self._loader = None
        self._typing_type = AnyValue


class _Any(LibraryType):
    """The type of every value."""

    __slots__ = ("__dagflow_config_type__",)
    is_any = True
    checks_at_definition = True

    def __init__(self) -> None:
        super().__init__("Any")
        self.is_builtin = self.has_unique_name = True
        self._loader = AnyLoader()
        self.__dagflow_config_type__: ConfigType = config.Any

    def type_check(self, context: TypeCheckContext | None, value: AnyValue) -> TypeCheck:
        return PASSED


class _Nothing(LibraryType):
    """The type of an input or output without a value, which only orders steps."""

    __slots__ = ()
    is_nothing = True

    def __init__(self) -> None:
        super().__init__("Nothing")
        self.is_builtin = self.has_unique_name = True
        self._typing_type = type(None)

    def type_check(self, context: TypeCheckContext | None, value: AnyValue) -> TypeCheck:
        if value is None:
            return PASSED
        return TypeCheck(False, f"Value must be None or not given, got one of type '{type(value).__name__}'.")


class ScalarType(LibraryType):
    """A type of numbers, bools or strings."""

    __slots__ = ("__dagflow_config_type__", "_noun", "_python_type")
    checks_at_definition = True

    def __init__(self, name: str, python_type: type, noun: str, config_type: ConfigType) -> None:
        super().__init__(name)
        self.is_builtin = self.has_unique_name = True
        self._python_type = self._typing_type = python_type
        self._noun = noun
        self._loader = ScalarLoader(config_type)
        self.__dagflow_config_type__: ConfigType = config_type

    def type_check(self, context: TypeCheckContext | None, value: AnyValue) -> TypeCheck:
        if isinstance(value, self._python_type):
            return PASSED
        return TypeCheck(False, must_be(value, self._noun))


def must_be(value: AnyValue, noun: str) -> str:
    """Return the description of a failed check: the value is not a `noun`.

    The value is shown only if that is short.
    """
    shown = "A value"
    if value is None or isinstance(value, (int, float, str, bytes)):
        with suppress(Exception):  # of an int with too many digits, and of a subclass
            shown = f'Value "{value!s:.200}"'
    return f'{shown} of python type "{type(value).__name__}" must be a {noun}.'


class ClassType(LibraryType):
    """The type of the instances of a class, or of one of several classes."""

    __slots__ = ("_classes",)

    def __init__(self, classes: type | tuple[type, ...], key: str, name: str) -> None:
        super().__init__(key, name)
        self._classes = classes
        self._typing_type = classes if isinstance(classes, type) else Union[classes]  # noqa: UP007

    def __eq__(self, other: object) -> bool:
        if type(self) is ClassType and type(other) is ClassType:
            return self._classes == other._classes
        return self is other

    def __hash__(self) -> int:
        return hash(self._classes)

    def type_check(self, context: TypeCheckContext | None, value: AnyValue) -> TypeCheck:
        if isinstance(value, self._classes):
            return PASSED
        return TypeCheck(
            False,
            f"Value of Python type '{type(value).__name__}' failed type check for type "
            f"'{self.display_name}': expected a value of Python type '{_class_names(self._classes)}'.",
        )


def _class_names(classes: type | tuple[type, ...]) -> str:
    if isinstance(classes, type):
        return classes.__name__
    return f"Union[{', '.join(cls.__name__ for cls in classes)}]"


class PythonObjectDagflowType(ClassType):
    """The type of the instances of a class, or of one of several, with all options of a `DagflowType`.

    Args:
        python_type: The class, or a tuple of classes.
        key: The identifier of the type. Default: the name.
        name: The name of the type. Default: the name of the class.
        description: The meaning of the values.
        loader: A loader that builds a value from config, for inputs without an upstream output.
        required_resource_keys: The resources that a subclass reads in its check.
        metadata: Further details, by label.

    Raises:
        ParameterCheckError: An argument has the wrong type.

    Example:
        >>> from dagflow import check_dagflow_type
        >>> check_dagflow_type(PythonObjectDagflowType((int, str), name="Mark"), "a").success
        True
    """

    __slots__ = ("python_type",)

    def __init__(
        self,
        python_type: type | tuple[type, ...],
        key: str | None = None,
        name: str | None = None,
        *,
        description: str | None = None,
        loader: DagflowTypeLoader | None = None,
        required_resource_keys: Iterable[str] | None = None,
        metadata: Mapping[str, AnyValue] | None = None,
    ) -> None:
        classes = python_type if isinstance(python_type, tuple) else (python_type,)
        for cls in classes:
            if not isinstance(cls, type):
                raise ParameterCheckError(
                    f"parameter 'python_type' must be a class or a tuple of classes, not {repr_of(cls)}"
                )
        chosen = _class_names(python_type) if name is None else check_type(name, str, "name")
        super().__init__(python_type, chosen if key is None else check_type(key, str, "key"), chosen)
        self.python_type: tuple[type, ...] | type = python_type
        self.has_unique_name = True
        self._describe(description, loader, required_resource_keys, metadata)


Any: _Any = _Any()
Nothing: _Nothing = _Nothing()
Int: ScalarType = ScalarType("Int", int, "int", config.Int)
Float: ScalarType = ScalarType("Float", float, "float", config.Float)
String: ScalarType = ScalarType("String", str, "string", config.String)
Bool: ScalarType = ScalarType("Bool", bool, "bool", config.Bool)
BUILTIN_TYPES = (Any, Nothing, Int, Float, String, Bool)
