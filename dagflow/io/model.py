"""I/O managers as classes whose fields are their config. `dagflow.defs.resources.classes` has what they share
with other resources.
"""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from dagflow.config.field import Field, resolve_field
from dagflow.defs.resources.classes import ConfigurableResource, ConfigurableResourceFactory, ModelResource
from dagflow.defs.resources.definition import ResourceDefinition
from dagflow.defs.resources.io_managers import IOManagerDefinition
from dagflow.io.filesystem import PickleFiles
from dagflow.io.manager import IOManager

T = TypeVar("T", bound=IOManager)


class ModelIOManager(ModelResource, IOManagerDefinition):
    """The definition of an I/O manager that is an object of a class, or is configured at launch."""

    def __init__(self, resource_cls: type[Any], source: Any, nested: dict[str, Any]) -> None:
        super().__init__(resource_cls, source, nested)
        self.input_config_field = _field(resource_cls.input_config_schema())
        self.output_config_field = _field(resource_cls.output_config_schema())


def _field(schema: Any) -> Field | None:
    if schema is None:
        return None
    return resolve_field(schema.to_config_schema() if hasattr(schema, "to_config_schema") else schema)


class _IOManagerClass:
    """What classes of I/O managers have beside those of other resources."""

    @classmethod
    def input_config_schema(cls) -> Any:
        """What config an input takes that names it as its input manager: a schema or Config class."""
        return None

    @classmethod
    def output_config_schema(cls) -> Any:
        """What config each output takes that it stores: a schema or Config class."""
        return None

    @classmethod
    def definition_class(cls) -> type[ModelResource]:
        """What the definitions of its objects are, for the engine."""
        return ModelIOManager


class ConfigurableIOManagerFactory(_IOManagerClass, ConfigurableResourceFactory[T], Generic[T]):
    """The base of classes that make an I/O manager of their config.

    Example:
        >>> from dagflow import InMemoryIOManager
        >>> class Shelf(ConfigurableIOManagerFactory[InMemoryIOManager]):
        ...     def create_io_manager(self, context):
        ...         return InMemoryIOManager()
        >>> type(Shelf().process_config_and_initialize()).__name__
        'InMemoryIOManager'
    """

    @abstractmethod
    def create_io_manager(self, context: Any) -> T:
        """Make the I/O manager; may be a generator that cleans up behind its yield."""

    def create_resource(self, context: Any) -> T:
        """What `create_io_manager` makes."""
        return self.create_io_manager(context)


class ConfigurableIOManager(_IOManagerClass, ConfigurableResource[Any], IOManager):
    """The base of I/O managers as classes: fields are config; write `handle_output` and `load_input`. Class
    methods `input_config_schema` and `output_config_schema` say which config single inputs and outputs take.

    Example:
        >>> class Shelf(ConfigurableIOManager):
        ...     room: str = "cellar"
        ...     def handle_output(self, context, obj):
        ...         print(f"{obj} to the {self.room}")
        ...     def load_input(self, context):
        ...         return None
        >>> from dagflow import asset, materialize_to_memory
        >>> @asset
        ... def jam():
        ...     return "jam"
        >>> materialize_to_memory([jam], resources={"io_manager": Shelf()}).success
        jam to the cellar
        True
    """


class ConfigurableLegacyIOManagerAdapter(ConfigurableIOManagerFactory[IOManager]):
    """Gives an I/O manager that is made by a function the form of a class: fields become its config."""

    @property
    @abstractmethod
    def wrapped_io_manager(self) -> ResourceDefinition:
        """The definition whose I/O manager it is."""

    def create_io_manager(self, context: Any) -> Any:
        """What the wrapped definition makes of the fields."""
        wrapped = self.wrapped_io_manager
        value, close = wrapped.open(context.with_config(self.to_config_value(), wrapped))
        return value if close is None else _until_closed(value, close)


def _until_closed(value: Any, close: Callable[[], None]) -> Iterator[Any]:
    try:
        yield value
    finally:
        close()


class FilesystemIOManager(ConfigurableIOManagerFactory[PickleFiles]):
    """Keeps each value as a pickle file.

    Args:
        base_dir: The folder below which all files lie; default: that of the instance.

    Example:
        >>> import tempfile
        >>> from dagflow import asset, materialize
        >>> @asset
        ... def jam():
        ...     return "jam"
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     materialize([jam], resources={"io_manager": FilesystemIOManager(base_dir=folder)}).success
        True
    """

    base_dir: str | None = None

    def __init__(self, base_dir: str | os.PathLike[str] | None = None) -> None:
        super().__init__(
            **{"base_dir": os.fspath(base_dir) if isinstance(base_dir, os.PathLike) else base_dir}
        )

    def create_io_manager(self, context: Any) -> PickleFiles:
        """An I/O manager for the folder."""
        return PickleFiles(self.base_dir or context.instance.storage_directory())
