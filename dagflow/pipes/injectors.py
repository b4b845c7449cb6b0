"""The ways in which an external process receives its context: `PipesContextInjector` and its subclasses."""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from tempfile import TemporaryDirectory
from typing import Any

from dagflow.errors import check_type
from dagflow.pipes.context_data import PipesContextData


class PipesContextInjector(ABC):
    """A way in which an external process receives its context. Subclass it for another one."""

    @abstractmethod
    def inject_context(self, context_data: PipesContextData) -> AbstractContextManager[Mapping[str, Any]]:
        """Return a context manager that provides the context while the process runs.

        Args:
            context_data: The facts about the step; JSON values by name.

        Returns:
            A context manager with the parameters with which the process finds the context.
        """

    @abstractmethod
    def no_messages_debug_text(self) -> str:
        """Return a sentence for the warning about a process that sent no message."""


class PipesEnvContextInjector(PipesContextInjector):
    """An injector that sends the whole context in an environment variable.

    Example:
        >>> with PipesEnvContextInjector().inject_context({"run_id": "EPHEMERAL"}) as params:
        ...     params
        {'data': {'run_id': 'EPHEMERAL'}}
    """

    @contextmanager
    def inject_context(self, context_data: PipesContextData) -> Iterator[Mapping[str, Any]]:
        """Yield the context itself as the parameters."""
        yield {"data": context_data}

    def no_messages_debug_text(self) -> str:
        """Return a sentence for the warning about a process that sent no message."""
        return "Attempted to inject context directly, typically as an environment variable."


class PipesFileContextInjector(PipesContextInjector):
    """An injector that writes the context to a file, which is removed at the end.

    Args:
        path: The path of the file. An existing file is replaced.

    Raises:
        ParameterCheckError: The path is not a string or a path.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.path.abspath(check_type(path, (str, os.PathLike), "path"))

    @contextmanager
    def inject_context(self, context_data: PipesContextData) -> Iterator[Mapping[str, Any]]:
        """Write the file, and yield its path as the parameters."""
        try:
            with open(self._path, "w", encoding="utf-8") as file:
                json.dump(context_data, file)
            yield {"path": self._path}
        finally:
            with suppress(FileNotFoundError):
                os.remove(self._path)

    def no_messages_debug_text(self) -> str:
        """Return a sentence for the warning about a process that sent no message."""
        return f"Attempted to inject context via file {self._path}"


class PipesTempFileContextInjector(PipesContextInjector):
    """An injector that writes the context to a temporary file. The default of `PipesSubprocessClient`."""

    @contextmanager
    def inject_context(self, context_data: PipesContextData) -> Iterator[Mapping[str, Any]]:
        """Write the file, and yield its path as the parameters."""
        with TemporaryDirectory(prefix="dagflow-pipes-") as folder:
            injector = PipesFileContextInjector(os.path.join(folder, "context"))
            with injector.inject_context(context_data) as params:
                yield params

    def no_messages_debug_text(self) -> str:
        """Return a sentence for the warning about a process that sent no message."""
        return "Attempted to inject context via a temporary file."
