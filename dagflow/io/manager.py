"""The base classes of I/O managers and input managers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from dagflow.context.io import InputContext, OutputContext


class IOManager(ABC):
    """The base of objects that store outputs and load them as inputs. A subclass defines both methods.

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
        """Store `obj`. The method may be a generator of AssetMaterializations and metadata."""

    @abstractmethod
    def load_input(self, context: InputContext) -> Any:
        """Return the value of an input."""


class InputManager(ABC):
    """The base of objects that load inputs."""

    @abstractmethod
    def load_input(self, context: InputContext) -> Any:
        """Return the value of an input."""


def value_name(context: InputContext | OutputContext) -> str:
    """Return the name of an output or of the output that an input reads, for messages."""
    if context.has_asset_key:
        return f"asset '{context.asset_key.to_user_string()}'"
    step = f" of step '{context.step_key}'" if isinstance(context, OutputContext) else ""
    return f"output '{context.name}'{step}"
