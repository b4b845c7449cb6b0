"""The function of a schedule or sensor: its context, its resources, and how they are passed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dagflow.copies import Copied
from dagflow.defs.parts.function import (
    POSITIONAL_ONLY,
    VAR_KEYWORD,
    VAR_POSITIONAL,
    annotations_of,
    is_resource_annotation,
    location,
    name_of,
    named_parameters,
    refuse_factory,
)
from dagflow.errors import ParameterCheckError, check_type, repr_of
from dagflow.keys import resource_keys


class EvaluationFunction(Copied):
    """A function of user code that a tick calls. Its parameters have any name, and all can be missing.

    Attributes:
        fn: The function.
        place: The schedule or sensor, for messages ("schedule 'daily'").
        parameters: The names of the parameters that take no resource: the context first, if there is one.
        by_position: The names among `parameters` that cannot be passed by keyword.
        resources: The names of the parameters that take a resource.
        optional_resources: The names among `resources` that have a default.

    Raises:
        ParameterCheckError: The value is not callable.
        DagflowInvalidDefinitionError: The signature cannot be read, or a parameter takes the factory of a
            resource.

    Example:
        >>> EvaluationFunction(lambda context: None, "schedule 'daily'").parameters
        ('context',)
    """

    __slots__ = ("by_position", "fn", "optional_resources", "parameters", "place", "resources")

    def __init__(self, fn: Callable[..., Any], place: str) -> None:
        if not callable(fn):
            raise ParameterCheckError(f"the function of {place} must be callable, not {repr_of(fn)}")
        self.fn: Callable[..., Any] = fn
        self.place: str = place
        given = named_parameters(fn, place)
        annotations = annotations_of(fn)
        plain, by_position, resources, optional = [], set(), [], set()
        for parameter in given:
            annotation = annotations.get(parameter.name, parameter.annotation)
            if parameter.role == VAR_KEYWORD:
                continue
            if is_resource_annotation(annotation):
                refuse_factory(annotation, parameter.name, place, fn)
                resources.append(parameter.name)
                if parameter.has_default:
                    optional.add(parameter.name)
            else:
                plain.append(parameter.name)
                if parameter.role in (POSITIONAL_ONLY, VAR_POSITIONAL):
                    by_position.add(parameter.name)
        self.parameters: tuple[str, ...] = tuple(plain)
        self.by_position: frozenset[str] = frozenset(by_position)
        self.resources: tuple[str, ...] = tuple(resources)
        self.optional_resources: frozenset[str] = frozenset(optional)

    @property
    def takes_context(self) -> bool:
        """Whether the function has a parameter for the context."""
        return bool(self.parameters)

    def call(self, values: Iterable[Any], resources: Mapping[str, Any]) -> Any:
        """Call the function. Exceptions of the function pass through.

        Args:
            values: The values of the first `parameters`.
            resources: The resources by the name of their parameter.
        """
        positional, keywords = [], dict(resources)
        for name, value in zip(self.parameters, values, strict=False):
            if name in self.by_position:
                positional.append(value)
            else:
                keywords[name] = value
        return self.fn(*positional, **keywords)

    def required_resource_keys(self, given: Iterable[str] | None) -> frozenset[str]:
        """Return the keys of the argument `required_resource_keys`, or those of the parameters.

        Raises:
            ParameterCheckError: Both name resources, or the argument is not a set of strings.
        """
        keys = resource_keys(given, self.place)
        if keys and self.resources:
            raise ParameterCheckError(
                f"Cannot specify resource requirements in both @{self.place.partition(' ')[0]} decorator and "
                f"as arguments to the decorated function: {self.place} ({location(self.fn)}) has "
                f"required_resource_keys={sorted(keys)} and the parameters {list(self.resources)}. Remove "
                "required_resource_keys."
            )
        return keys | frozenset(self.resources)

    def __repr__(self) -> str:
        return f"<function of {self.place} ({location(self.fn)})>"


def evaluation_function(fn: Any, place: str) -> EvaluationFunction:
    """Return a function as an EvaluationFunction. It may be one already."""
    return fn if isinstance(fn, EvaluationFunction) else EvaluationFunction(fn, place)


def automation_name(name: str | None, fn: Any) -> str:
    """Return the name of a schedule or sensor; default: the name of its function.

    Raises:
        ParameterCheckError: The name is not a string.
    """
    return name_of(fn) if name is None else check_type(name, str, "name")
