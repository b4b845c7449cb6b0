"""The preparations of the processes in which steps run, such as names that a module must have there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module

preparations: list[str] = []
"""The functions, as "module:function", that each process of a run calls before it imports a user's module."""


def prepare_process(functions: Sequence[str]) -> None:
    """Call the preparations of the parent process in this process.

    Args:
        functions: `preparations` of the parent.

    Example:
        >>> prepare_process(["gc:get_count"])
    """
    for function in functions:
        module, _, name = function.partition(":")
        getattr(import_module(module), name)()


@contextmanager
def preparing_processes(function: str) -> Iterator[None]:
    """Let each process of a run that starts in this block call a function before it imports a user's module.

    Args:
        function: The function, as "module:function".

    Example:
        >>> with preparing_processes("gc:collect"):
        ...     preparations[-1]
        'gc:collect'
    """
    preparations.append(function)
    try:
        yield
    finally:
        preparations.remove(function)
