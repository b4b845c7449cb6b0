"""Resource requirements: which definition needs which resource.

Each definition returns its own requirements: `own_requirements()`. `requirements_of` merges requirements.
`needs.py` sorts the resources in start order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from dagflow._util import has_class, nearest
from dagflow.defs.parts.function import location, parameters_of
from dagflow.errors import DagflowInvalidDefinitionError, repr_of
from dagflow.types.kinds import DagflowType
from dagflow.types.loaders import DagflowTypeLoader

RESOURCE = "resource"
IO_MANAGER = "io manager"
INPUT_MANAGER = "input manager"

_ARGUMENTS = {"job": "resource_defs", "materialize": "resources", "with_resources": "resource_defs"}

Place = str | Callable[..., Any]
"""A file and line, or a function: its file and line are looked up for a message only."""


class Requirement(NamedTuple):
    """One resource key that a definition needs.

    Attributes:
        key: The key.
        by: The definition that needs it, as "op 'brew'".
        at: The file and line of that definition; empty if unknown.
        role: The role of the resource: RESOURCE, IO_MANAGER or INPUT_MANAGER.
        is_optional: Whether the definition works without it, as with a parameter `db: Database | None`.
    """

    key: str
    by: str
    at: Place = ""
    role: str = RESOURCE
    is_optional: bool = False

    @property
    def place(self) -> str:
        """The file and line of the definition that needs the key, empty if unknown."""
        return self.at if isinstance(self.at, str) else location(self.at)


def requirements_of(*parts: Iterable[Requirement]) -> dict[str, Requirement]:
    """Merge requirements into one for each key: the first one that names the key and is not optional.

    Example:
        >>> list(requirements_of([Requirement("mill", "op 'grind'")], [Requirement("mill", "op 'brew'")]))
        ['mill']
    """
    found: dict[str, Requirement] = {}
    for part in parts:
        for requirement in part:
            known = found.get(requirement.key)
            if known is None or (known.is_optional and not requirement.is_optional):
                found[requirement.key] = requirement
    return found


def required_by(keys: Iterable[str], by: str, at: Place = "") -> list[Requirement]:
    """Return a requirement for each key, sorted by key."""
    return [Requirement(key, by, at) for key in sorted(keys)]


def type_requirements(value_type: DagflowType, port: str, at: Place = "") -> list[Requirement]:
    """Return the resources that the check of a type reads.

    Args:
        value_type: The type.
        port: The input or output of this type, as "input 'beans' of op 'grind'".
        at: The place of the op.
    """
    return required_by(value_type.required_resource_keys, f"the type of {port}", at)


def loader_requirements(loader: DagflowTypeLoader, port: str, at: Place = "") -> list[Requirement]:
    """Return the resources that a type loader reads. Other arguments as `type_requirements`."""
    keys = loader.required_resource_keys()
    if not keys:
        return []
    return required_by(keys, f"the loader of {port}", at)


def not_provided(
    requirement: Requirement,
    known: Iterable[str],
    place: str,
    *,
    remedy: str | None = None,
    asset: str = "",
) -> DagflowInvalidDefinitionError:
    """Return the error for a key that no resource has.

    Args:
        requirement: The requirement.
        known: The keys that are provided, or resource definitions by key.
        place: The owner of the resources, as "job 'brew'", or the function that takes them.
        remedy: A sentence with the remedy; default: to give the resource to `place`.
        asset: The asset or check with this requirement, as "asset 'tea'", if there is one.
    """
    key = requirement.key
    return DagflowInvalidDefinitionError(
        f"{requirement.role} with key '{key}' required by {requirement.by} was not provided."
        + lack(key, known, remedy or remedy_at(place, key), needed_at(requirement, asset))
    )


def check_role(requirement: Requirement, definition: Any) -> None:
    """Raise if the value of a resource cannot have its role. The result of a function is not known yet.

    Args:
        requirement: The requirement.
        definition: The resource with its key.

    Raises:
        DagflowInvalidDefinitionError: The value is required as I/O manager or input manager, and is none.
    """
    if requirement.role == RESOURCE or getattr(definition, "resource_type", "") != "value":
        return
    value, role = definition.value, requirement.role
    is_class = has_class(value, type)
    with suppress(Exception):  # the value may have a `__getattr__` of its own, which fails
        if hasattr(value, "handle_output") and hasattr(value, "load_input") and not is_class:
            return
    remedy = "Give it an IOManager."
    if is_class:
        remedy = f"Give it an object of the class: {value.__name__}(...)."
    elif role == INPUT_MANAGER:
        remedy = "Give it an IOManager, or a function with @input_manager, which may return an InputManager."
    raise DagflowInvalidDefinitionError(
        f"{role} with key '{requirement.key}' required by {requirement.by}, but received {repr_of(value)} of "
        f"type '{type(value).__name__}'. {remedy}"
    )


def lack(key: str, known: Iterable[str], *sentences: str) -> str:
    """Return sentences about a missing resource: a similar key, the given keys, and those of the caller."""
    given = given_keys(known)
    hint = nearest(key, given)
    all_given = f"The given keys are {given}." if given else "No resource was given."
    return hint + "".join(f" {sentence}" for sentence in (all_given, *sentences) if sentence)


def remedy_at(place: str, key: str) -> str:
    """Return the sentence that asks for a resource at a place."""
    argument = _ARGUMENTS.get(place.partition(" ")[0])
    how = "" if argument is None else f": {argument}={{'{key}': ...}}"
    return f"Give {place} a resource with this key{how}."


def needed_at(requirement: Requirement, asset: str = "") -> str:
    """Return the sentence with the asset or check that needs a resource and its location, if one is known."""
    by = f" by {asset}" if asset else ""
    at = f" at {requirement.place}" if requirement.place else ""
    needed = f"It is needed{by}{at}." if by or at else ""
    default = "" if isinstance(requirement.at, str) else unused_default(requirement.at, requirement.key)
    return " ".join(filter(None, (needed, default)))


def unused_default(fn: Callable[..., Any], key: str) -> str:
    """Return a sentence about the default of a parameter that takes a resource, which is not used unless it
    is None: the life cycle of a resource belongs to a run.

    Example:
        >>> unused_default(lambda context, db="sqlite": None, "db")
        "The default of the parameter 'db' is not used; only None makes a resource optional."
    """
    try:
        parameters = parameters_of(fn)
    except (TypeError, ValueError):
        return ""
    if any(each.name == key and each.has_default and each.default is not None for each in parameters):
        return f"The default of the parameter '{key}' is not used; only None makes a resource optional."
    return ""


def given_keys(known: Iterable[str]) -> list[str]:
    """Return the keys of resources without the default I/O manager, which every job has."""
    if not isinstance(known, Mapping):
        return sorted(known)
    return sorted(key for key, value in known.items() if not _is_default(key, value))


def _is_default(key: str, definition: Any) -> bool:
    built_in = ("default_io_manager", "memory_io_manager", "filesystem_io_manager")
    return key == "io_manager" and getattr(definition, "resource_type", "") in built_in
