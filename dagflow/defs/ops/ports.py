"""Inputs and outputs of ops and graphs: `In` and `Out`, as users write them, and their definitions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from dagflow._util import UNSET
from dagflow.copies import Copied
from dagflow.defs.resources.requirements import (
    INPUT_MANAGER,
    IO_MANAGER,
    Place,
    Requirement,
    loader_requirements,
    type_requirements,
)
from dagflow.errors import DagflowInvalidDefinitionError, check_texts, check_type
from dagflow.keys import AssetKey, CoercibleToAssetKey
from dagflow.metadata.normalize import normalize_metadata
from dagflow.types.annotations import resolve_type
from dagflow.types.kinds import DagflowType

DEFAULT_IO_MANAGER_KEY = "io_manager"
DEFAULT_OUTPUT = "result"


class _Port(Copied):
    """An immutable input or output, compared by its fields."""

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Port) or self._fields != other._fields:
            return NotImplemented
        names = {getattr(port, "name", None) for port in (self, other)}  # an In has no name, and equals any
        return len(names - {None}) < 2 and all(
            getattr(self, name) == getattr(other, name) for name in self._fields
        )

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _copy_from(self, name: str, given: _Port, replaced: Mapping[str, Any]) -> None:
        """Copy the fields of another port, and replace some of them."""
        put = object.__setattr__
        put(self, "name", name)
        for field in self._fields:
            put(self, field, getattr(given, field))
        for field, value in replaced.items():
            put(self, field, value)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"'{name}' of {self!r} cannot be changed. Make a new one.")

    def __hash__(self) -> int:
        return hash(self._fields)  # metadata and defaults may be unhashable

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name in self._fields)
        return f"{type(self).__name__}({', '.join(shown)})"


class In(_Port):
    """An input of an op, as a user describes it.

    Args:
        dagflow_type: Its type; default: the annotation of the parameter.
        description: A sentence for people.
        default_value: The value if nothing is connected; default: the default of the parameter.
        metadata: Metadata for an I/O manager.
        asset_key: The asset that the input reads.
        asset_partitions: An older argument without effect; refused unless it is None.
        input_manager_key: The resource that loads it, instead of the I/O manager of the output that it reads.

    Raises:
        DagflowInvalidDefinitionError: The type is not a type, or `asset_partitions` is given.
        DagflowInvalidMetadata: A metadata value has an unsupported type.

    Example:
        >>> In(int).dagflow_type
        <ScalarType Int>
    """

    __slots__ = (
        "asset_key",
        "asset_partitions",
        "dagflow_type",
        "default_value",
        "description",
        "input_manager_key",
        "metadata",
    )
    _fields = __slots__
    dagflow_type: Any
    description: str | None
    default_value: Any
    metadata: Mapping[str, Any]
    asset_key: AssetKey | None
    asset_partitions: Any
    input_manager_key: str | None

    def __init__(
        self,
        dagflow_type: Any = UNSET,
        description: str | None = None,
        default_value: Any = UNSET,
        metadata: Mapping[str, Any] | None = None,
        asset_key: CoercibleToAssetKey | None = None,
        asset_partitions: Any = None,
        input_manager_key: str | None = None,
    ) -> None:
        check_texts("an In", description=description, input_manager_key=input_manager_key)
        if asset_partitions is not None:
            raise DagflowInvalidDefinitionError(
                "'asset_partitions' of an In has no effect: the partitions that an input reads come from its "
                "asset and its partition mapping. Remove it."
            )
        self._set(
            dagflow_type=dagflow_type if dagflow_type is UNSET else resolve_type(dagflow_type, "an In"),
            description=description,
            default_value=default_value,
            metadata=_checked(metadata, "an In"),
            asset_key=None if asset_key is None else AssetKey.from_coercible(asset_key),
            asset_partitions=asset_partitions,
            input_manager_key=input_manager_key,
        )


class Out(_Port):
    """An output of an op, as a user describes it.

    Args:
        dagflow_type: Its type; default: the return annotation.
        description: A sentence for people.
        is_required: Whether a step fails if it ends without this output.
        io_manager_key: The resource that stores it; None means "io_manager".
        metadata: Metadata for an I/O manager.
        code_version: The version of the code that produces it; default: the code version of the op.

    Raises:
        DagflowInvalidDefinitionError: The type is not a type.
        DagflowInvalidMetadata: A metadata value has an unsupported type.

    Example:
        >>> Out(is_required=False).io_manager_key
        'io_manager'
    """

    __slots__ = ("code_version", "dagflow_type", "description", "io_manager_key", "is_required", "metadata")
    _fields = (*__slots__, "is_dynamic")
    is_dynamic = False
    dagflow_type: Any
    description: str | None
    is_required: bool
    io_manager_key: str
    metadata: Mapping[str, Any]
    code_version: str | None

    def __init__(
        self,
        dagflow_type: Any = UNSET,
        description: str | None = None,
        is_required: bool = True,
        io_manager_key: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        code_version: str | None = None,
    ) -> None:
        check_texts(
            "an Out", description=description, io_manager_key=io_manager_key, code_version=code_version
        )
        check_type(is_required, bool, "is_required", "an Out")
        self._set(
            dagflow_type=dagflow_type if dagflow_type is UNSET else resolve_type(dagflow_type, "an Out"),
            description=description,
            is_required=is_required,
            io_manager_key=io_manager_key or DEFAULT_IO_MANAGER_KEY,
            metadata=_checked(metadata, "an Out"),
            code_version=code_version,
        )


class DynamicOut(Out):
    """An output with any number of values, each with a mapping key. Arguments as Out."""

    __slots__ = ()
    is_dynamic = True


class InputDefinition(In):
    """An input of an op or graph: an `In` with a name and a resolved type."""

    __slots__ = ("name",)
    name: str
    dagflow_type: DagflowType

    def __init__(self, name: str, given: In, **replaced: Any) -> None:
        self._copy_from(name, given, replaced)

    @property
    def has_default_value(self) -> bool:
        """True if the input may stay unconnected."""
        return self.default_value is not UNSET

    def own_requirements(self, owner: str, at: Place = "") -> list[Requirement]:
        """Return the resources that the input needs: its input manager, those of its type and loader.

        Args:
            owner: The definition that has the input, as "op 'brew'".
            at: The file and line of that definition.
        """
        port, found = f"input '{self.name}' of {owner}", []
        if self.dagflow_type.required_resource_keys:
            found += type_requirements(self.dagflow_type, port, at)
        if self.input_manager_key is not None:
            found.append(Requirement(self.input_manager_key, port, at, INPUT_MANAGER))
        loader = self.dagflow_type.loader
        if loader is not None:
            found += loader_requirements(loader, port, at)
        return found


class OutputDefinition(Out):
    """An output of an op or graph: an `Out` with a name and a resolved type."""

    __slots__ = ("is_dynamic", "name")
    name: str
    dagflow_type: DagflowType

    def __init__(self, name: str, given: Out, **replaced: Any) -> None:
        self._copy_from(name, given, replaced)

    def own_requirements(self, owner: str, at: Place = "") -> list[Requirement]:
        """Return the resources that the output needs: its I/O manager, and those of its type.

        Args:
            owner: The definition that has the output, as "op 'brew'".
            at: The file and line of that definition.
        """
        port = f"output '{self.name}' of {owner}"
        found = [Requirement(self.io_manager_key, port, at, IO_MANAGER)]
        if self.dagflow_type.required_resource_keys:
            found += type_requirements(self.dagflow_type, port, at)
        return found


def _checked(metadata: Mapping[str, Any] | None, what: str) -> Mapping[str, Any]:
    if metadata is None:
        return {}
    normalize_metadata(metadata, what)
    return metadata
