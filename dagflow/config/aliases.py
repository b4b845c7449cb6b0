"""The names of the fields of Config classes in config, from pydantic's aliases."""

from __future__ import annotations

from typing import Any

from dagflow.errors import DagflowInvalidPythonicConfigDefinitionError, repr_of


def input_keys(config_class: Any, name: str, info: Any) -> tuple[str, ...]:
    """Return the names under which config and the constructor give a field; the first one is in the schema.

    Args:
        config_class: The Config class.
        name: The name of the attribute.
        info: The FieldInfo of pydantic.

    Raises:
        DagflowInvalidPythonicConfigDefinitionError: The only aliases are paths into other values.
    """
    options = config_class.model_config
    alias = info.alias if info.validation_alias is None else info.validation_alias
    if alias is None or options.get("validate_by_alias") is False:
        return (name,)
    by_name = options.get("populate_by_name") or options.get("validate_by_name")
    choices = getattr(alias, "choices", (alias,))
    keys = [key for choice in choices if (key := _key_of(choice)) is not None]
    if by_name:
        keys.append(name)
    if not keys:
        raise DagflowInvalidPythonicConfigDefinitionError(
            f"field '{name}' of {config_class.__dagflow_what__} '{config_class.__name__}' has the alias "
            f"{repr_of(alias)}, a path into another value, which a config schema cannot describe. Use a "
            f"string as "
            "its alias."
        )
    return tuple(dict.fromkeys(keys))


def _key_of(choice: Any) -> str | None:
    """Return the key of a string, or of an AliasPath with a single key; None for a longer path."""
    path = getattr(choice, "path", (choice,))
    return path[0] if len(path) == 1 and isinstance(path[0], str) else None
