"""Resource requirements: which definition needs which resource.

Each definition returns its own requirements: `own_requirements()`. `requirements_of` merges requirements.
`needs.py` sorts the resources in start order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from dagflow._util import nearest
from dagflow.defs.parts.function import location
from dagflow.errors import DagflowInvalidDefinitionError
from dagflow.types.kinds import DagflowType
from dagflow.types.loaders import DagflowTypeLoader

RESOURCE = "resource"
IO_MANAGER = "io manager"
INPUT_MANAGER = "input manager"

Place = str | Callable[..., Any]
"""A file and line, or a function: its file and line are looked up for a message only."""


class Requirement(NamedTuple):
    """One resource key that a definition needs.

    Attributes:
        key: The key.
        by: The definition that needs it, as "op 'brew'".
        at: The file and line of that definition; empty if unknown.
        role: The role of the resource: RESOURCE, IO_MANAGER or INPUT_MANAGER.
        is_for_config: Whether only an input whose value comes from config needs it: a type loader.
        is_optional: Whether the definition works without it, as with a parameter `db: Database | None`.
    """

    key: str
    by: str
    at: Place = ""
    role: str = RESOURCE
    is_for_config: bool = False
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
    return [Requirement(key, f"the loader of {port}", at, is_for_config=True) for key in sorted(keys)]


def not_provided(
    requirement: Requirement, known: Iterable[str], advice: str
) -> DagflowInvalidDefinitionError:
    """Return the error for a key that no resource has.

    Args:
        requirement: The requirement.
        known: The keys that are provided.
        advice: A sentence with the remedy, or the keys that are provided.
    """
    return DagflowInvalidDefinitionError(
        f"{requirement.role} with key '{requirement.key}' required by {requirement.by} was not provided."
        f"{nearest(requirement.key, known)} {advice}"
    )
