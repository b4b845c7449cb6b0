"""The base classes of I/O managers and input managers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from dagflow.context.io import InputContext, OutputContext


class IOManager(ABC):
    """Stores outputs and loads them as inputs. A subclass has two methods.

    Example:
        >>> class Shelf(IOManager):
        ...     def __init__(self):
        ...         self.things = {}
        ...     def handle_output(self, context, obj):
        ...         self.things[tuple(context.get_identifier())] = obj
        ...     def load_input(self, context):
        ...         return self.things[tuple(context.upstream_output.get_identifier())]
    """

    @abstractmethod
    def handle_output(self, context: OutputContext, obj: Any) -> Any:
        """Store `obj`. It may be a generator of AssetMaterializations and metadata."""

    @abstractmethod
    def load_input(self, context: InputContext) -> Any:
        """Return the value of an input."""


class InputManager(ABC):
    """Loads inputs that another object may have stored."""

    @abstractmethod
    def load_input(self, context: InputContext) -> Any:
        """Return the value of an input."""
