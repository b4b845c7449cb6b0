"""Resources that need other resources, and the start order."""

from __future__ import annotations

from collections.abc import Mapping

from dagflow.dag import levels
from dagflow.defs.resources.definition import ResourceDefinition
from dagflow.defs.resources.requirements import (
    Requirement,
    lack,
    needed_at,
    not_provided,
    remedy_at,
    required_by,
    requirements_of,
)
from dagflow.errors import DagflowInvalidDefinitionError, DagflowInvariantViolationError, repr_of


def needed_keys(
    definition: ResourceDefinition, definitions: Mapping[str, ResourceDefinition]
) -> frozenset[str]:
    """Return the keys of the resources that a resource and its nested resources need.

    Args:
        definition: The resource.
        definitions: All resources by key. A nested resource that is among them is shared.

    Raises:
        DagflowInvalidDefinitionError: A nested resource lacks config, and is not in `definitions`.
    """
    if not definition.nested:
        return definition.required_resource_keys
    keys = {id(known): key for key, known in definitions.items()}
    needed = set(definition.required_resource_keys)
    for inner in definition.nested:
        if id(inner) in keys and inner.is_shared:
            needed.add(keys[id(inner)])
            continue
        if inner.config_field is not None and inner.config_field.is_required:
            raise DagflowInvalidDefinitionError(
                f"{repr_of(inner)} is nested in {repr_of(definition)}, takes config from the run config, "
                f"but has no key "
                "there. Any partially configured, nested resources must be provided as a top level resource."
            )
        needed |= needed_keys(inner, definitions)
    return frozenset(needed)


def start_order(
    definitions: Mapping[str, ResourceDefinition], needed: Mapping[str, Requirement], place: str
) -> list[str]:
    """Return resource keys in start order: each resource comes after the resources that it needs.

    Resources of one level are sorted by key. An optional one without a definition is left out.

    Args:
        definitions: Resource definitions by key.
        needed: The requirements by key.
        place: The owner of the resources, for messages.

    Raises:
        DagflowInvalidDefinitionError: A required key has no definition.
        DagflowInvariantViolationError: A resource needs a key without a definition, or resources need each
            other in a cycle.
    """
    ordered: dict[str, None] = {}
    for key in sorted(needed):
        _put_in_order(definitions, key, needed[key], place, ordered, ())
    if len(ordered) < 2:
        return list(ordered)
    level = levels({key: needed_keys(definitions[key], definitions) for key in ordered})
    return sorted(ordered, key=lambda key: (level[key], key))


def check_needs(
    definitions: Mapping[str, ResourceDefinition], known: Mapping[str, ResourceDefinition], place: str
) -> None:
    """Raise if a resource needs a resource that is missing.

    Args:
        definitions: The resources to check, by key.
        known: All resources by key.
        place: The owner of the resources, for messages.

    Raises:
        DagflowInvalidDefinitionError: A resource needs a resource that is missing.
        DagflowInvariantViolationError: Resources need each other in a cycle.
    """
    for key, definition in definitions.items():
        if definition.required_resource_keys:
            start_order(known, requirements_of(_own_requirements(key, definition)), place)


def _own_requirements(key: str, definition: ResourceDefinition) -> list[Requirement]:
    by = f"resource with key '{key}'"
    return required_by(definition.required_resource_keys, by, definition.place)


def _put_in_order(
    definitions: Mapping[str, ResourceDefinition],
    key: str,
    wanted_by: Requirement,
    place: str,
    ordered: dict[str, None],
    dependents: tuple[str, ...],
) -> None:
    if key in ordered:
        return
    if key in dependents:
        path = " -> ".join(f"'{name}'" for name in [*dependents[dependents.index(key) :], key])
        raise DagflowInvariantViolationError(
            f'Resource key "{key}" transitively depends on itself: the resources of {place} need each '
            f"other in a cycle, {path}."
        )
    definition = definitions.get(key)
    if definition is None and wanted_by.is_optional:
        return
    if definition is None:
        if dependents:
            raise DagflowInvariantViolationError(
                f"Resource with key '{key}' required by {wanted_by.by}, but not provided."
                + lack(key, definitions, remedy_at(place, key), needed_at(wanted_by))
            )
        raise not_provided(wanted_by, definitions, place)
    for inner in sorted(needed_keys(definition, definitions)):
        _put_in_order(
            definitions,
            inner,
            Requirement(inner, f"resource with key '{key}'", definition.place),
            place,
            ordered,
            (*dependents, key),
        )
    ordered[key] = None
