"""I/O managers as classes whose fields are their config. `dagflow.defs.resource_model` has what they share
with other resources.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from dagflow.defs.resource import ResourceDefinition
from dagflow.defs.resource_model import ConfigurableResource, ConfigurableResourceFactory
from dagflow.io.manager import IOManager

T = TypeVar("T", bound=IOManager)


class ConfigurableIOManagerFactory(ConfigurableResourceFactory[T]):
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


class ConfigurableIOManager(ConfigurableResource[Any], IOManager):
    """The base of I/O managers as classes: fields are config; write `handle_output` and `load_input`.

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
