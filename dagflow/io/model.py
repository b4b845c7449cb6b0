"""I/O managers as classes whose fields are config. Their bases are in `dagflow.defs.resources`."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from dagflow.config.field import Field, resolve_field
from dagflow.context.init import InitResourceContext
from dagflow.defs.resources.classes import ConfigurableResource, ConfigurableResourceFactory
from dagflow.defs.resources.definition import ResourceDefinition
from dagflow.defs.resources.io_managers import IOManagerDefinition
from dagflow.defs.resources.model import ModelResource
from dagflow.errors import CheckError, repr_of
from dagflow.io.filesystem import PickleFiles
from dagflow.io.manager import IOManager

T = TypeVar("T", bound=IOManager)


class ModelIOManager(ModelResource, IOManagerDefinition):
    """The definition of an I/O manager that is an object of a class, or is configured by the run config."""

    def __init__(self, resource_cls: type[Any], source: Any, nested: dict[str, Any]) -> None:
        super().__init__(resource_cls, source, nested)
        self.input_config_field: Field | None = _field(resource_cls.input_config_schema())
        self.output_config_field: Field | None = _field(resource_cls.output_config_schema())


def _field(schema: Any) -> Field | None:
    if schema is None:
        return None
    return resolve_field(schema.to_config_schema() if hasattr(schema, "to_config_schema") else schema)


class _IOManagerClass:
    """The methods that only the classes of I/O managers have, and other resource classes do not."""

    @classmethod
    def input_config_schema(cls) -> Any:
        """Return the schema or Config class for the config of each input that this I/O manager loads."""
        return None

    @classmethod
    def output_config_schema(cls) -> Any:
        """Return the schema or Config class for the config of each output that this I/O manager stores."""
        return None

    @classmethod
    def definition_class(cls) -> type[ModelResource]:
        """Return the class of the definitions of this class's objects."""
        return ModelIOManager


class ConfigurableIOManagerFactory(_IOManagerClass, ConfigurableResourceFactory[T], Generic[T]):
    """The base of classes that create an I/O manager from their config.

    Example:
        >>> from dagflow import InMemoryIOManager
        >>> class Shelf(ConfigurableIOManagerFactory[InMemoryIOManager]):
        ...     def create_io_manager(self, context):
        ...         return InMemoryIOManager()
        >>> type(Shelf().process_config_and_initialize()).__name__
        'InMemoryIOManager'
    """

    @abstractmethod
    def create_io_manager(self, context: InitResourceContext) -> T:
        """Create the I/O manager. The method may be a generator that cleans up after its yield."""

    def create_resource(self, context: InitResourceContext) -> T:
        """Return the result of `create_io_manager`."""
        return self.create_io_manager(context)


class ConfigurableIOManager(_IOManagerClass, ConfigurableResource[Any], IOManager):
    """The base of I/O managers whose fields are the config.

    A subclass defines `handle_output` and `load_input`. The class methods `input_config_schema` and
    `output_config_schema` return the schemas for the config of single inputs and outputs.

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
    """The base of classes that wrap the definition of an I/O manager. The fields are its config."""

    @property
    @abstractmethod
    def wrapped_io_manager(self) -> ResourceDefinition:
        """The definition that creates the I/O manager."""

    def create_io_manager(self, context: InitResourceContext) -> IOManager:
        """Create the I/O manager of the wrapped definition, with the fields as config."""
        wrapped = self.wrapped_io_manager
        if not isinstance(wrapped, ResourceDefinition):
            raise CheckError(
                f"wrapped_io_manager of {type(self).__name__} must be the definition of an I/O manager, as "
                f"@io_manager makes it, not {repr_of(wrapped)}"
            )
        value, close = wrapped.open(context.with_config(self.to_config_value(), wrapped))
        made: IOManager = value if close is None else _until_closed(value, close)
        return made


def _until_closed(value: Any, close: Callable[[], None]) -> Any:
    try:
        yield value
    finally:
        close()


class FilesystemIOManager(ConfigurableIOManagerFactory[PickleFiles]):
    """The I/O manager that stores each value as a pickle file.

    Args:
        base_dir: The folder of the files; default: the storage folder of the instance.

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

    def create_io_manager(self, context: InitResourceContext) -> PickleFiles:
        """Create the I/O manager for the folder."""
        return PickleFiles(self.base_dir or context.instance.storage_directory())
