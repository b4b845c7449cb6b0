"""Config classes in the fields of Config classes, also those that contain themselves.

A class that contains itself, through other classes too, has an endless schema. So a field that leads back to
its own class is a `ClassReference`, which finds the schema of the class when it reads a value.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from functools import cached_property
from typing import Any, ForwardRef, get_args, get_type_hints

from dagflow._util import MAX_DEPTH, UNSET, with_forward_refs
from dagflow.config.parse import Reading
from dagflow.config.paths import Path
from dagflow.config.scalar import ConfigType
from dagflow.errors import DagflowInvalidPythonicConfigDefinitionError


class ClassReference(ConfigType):
    """The schema of a Config class that contains the field with this schema.

    Args:
        config_class: The class. Its name stands for its fields in messages.
        without: The names of fields to leave out.
    """

    def __init__(self, config_class: Any, without: Collection[str] = ()) -> None:
        super().__init__()
        self._config_class = config_class
        self._without = without

    @cached_property
    def node(self) -> ConfigType:
        """The schema of the class."""
        node: ConfigType = self._config_class.config_node(without=self._without)
        return node

    def describe(self) -> str:
        name: str = self._config_class.__name__
        return name

    def example(self) -> str:
        return f"<{self.describe()}>"

    def read(self, value: Any, path: Path, reading: Reading) -> Any:
        if len(path) > MAX_DEPTH:
            reading.too_deep(self, value, path)
            return None
        return self.node.read(value, path, reading)


def class_node(
    config_class: Any, owner: type | None, default: Any = UNSET, without: Collection[str] = ()
) -> ConfigType:
    """Return the schema of a Config class as the type of a field.

    Args:
        config_class: The class.
        owner: The Config class with the field; None outside of Config classes.
        default: Plain config with the default of each field. It ends, so the schema ends too.
        without: The names of the fields to leave out.
    """
    if default is UNSET and owner is not None and owner in _contained(config_class):
        return ClassReference(config_class, without)
    node: ConfigType = config_class.config_node(default, without)
    return node


def complete(config_class: Any) -> None:
    """Resolve the annotations of a Config class that name classes which were defined after it."""
    if not config_class.__pydantic_complete__:
        try:
            config_class.model_rebuild()
        except NameError as error:  # the error of pydantic is one
            raise DagflowInvalidPythonicConfigDefinitionError(
                f"an annotation in {config_class.__dagflow_what__} '{config_class.__name__}' "
                f"({config_class.__module__}) cannot be evaluated: the name '{error.name}' is not defined. "
                "Define or import it before the class is used, and not only under 'if TYPE_CHECKING'."
            ) from error
    for name, info in config_class.model_fields.items():
        if isinstance(info.annotation, ForwardRef):  # pydantic 2.0 resolves it in the validator only
            info.annotation = get_type_hints(config_class, include_extras=True)[name]
        elif sys.version_info < (3, 11) and with_forward_refs(info.annotation) != info.annotation:
            info.annotation = _evaluated(config_class, info.annotation)


def _evaluated(config_class: Any, annotation: Any) -> Any:
    def annotated() -> None: ...

    annotated.__annotations__ = {"it": with_forward_refs(annotation)}
    names = {config_class.__name__: config_class}
    module = vars(sys.modules[config_class.__module__])
    return get_type_hints(annotated, module, names, include_extras=True)["it"]


def _contained(config_class: Any) -> set[Any]:
    """Return a Config class and all Config classes in its fields, at every depth."""
    found: set[Any] = set()
    waiting = [config_class]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            complete(current)
            for info in current.model_fields.values():
                waiting += _classes_in(info.annotation)
    return found


def _classes_in(annotation: Any) -> Iterator[Any]:
    if isinstance(annotation, type) and hasattr(annotation, "__dagflow_config__"):
        yield annotation
    for argument in get_args(annotation):
        yield from _classes_in(argument)
