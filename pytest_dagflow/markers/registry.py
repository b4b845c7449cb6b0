"""The table of the markers: their names, their signatures, and the check of their arguments.

A marker has the name of the function that checks its arguments and documents it. The modules beside this one
hold the effect of each marker on the collected tests.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType
from typing import Any, NamedTuple

import pytest


class PartitionChoice(NamedTuple):
    """The arguments of `dag_partitions`. The chosen keys are the union of all arguments, or all keys.

    Attributes:
        target: A partitions definition, or an asset or job that has one.
        keys: Keys to choose.
        first: The number of keys to choose from the start.
        last: The number of keys to choose from the end.
        sample: The number of keys to choose at random.
        boundaries: Whether to choose the keys at which pipelines often fail.
        dynamic: The keys of a dynamic definition, or a list of keys for each name of a dynamic definition.
    """

    target: Any
    keys: Sequence[str] | None
    first: int | None
    last: int | None
    sample: int | None
    boundaries: bool
    dynamic: Sequence[str] | Mapping[str, Sequence[str]] | None


def dag_partitions(
    partitions_def_or_asset_or_job: Any,
    *,
    keys: Sequence[str] | None = None,
    first: int | None = None,
    last: int | None = None,
    sample: int | None = None,
    boundaries: bool = False,
    dynamic: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
) -> PartitionChoice:
    """Run the test once for each partition key, which is its argument 'partition_key'.

    The chosen keys are the union of: 'keys', the 'first' n keys, the 'last' n keys, a random but repeatable
    'sample' of n keys, and 'boundaries': first and last key, ends of months and years, leap days and
    daylight-saving days. Without any of them all keys are chosen. 'dynamic' defines the keys of dynamic
    partitions.
    """
    return PartitionChoice(partitions_def_or_asset_or_job, keys, first, last, sample, boundaries, dynamic)


def dag_nodes(*names_or_definitions_or_expressions: Any) -> tuple[Any, ...]:
    """Link the test to these nodes, for --dag-select.

    Each node is a definition, or a string in the syntax of --dag-select.
    """
    if not names_or_definitions_or_expressions:
        raise TypeError("missing a node: pass a name, an expression or a definition")
    return names_or_definitions_or_expressions


def dag_real_time() -> None:
    """Wait in real time for the retries of the runs of this test, instead of skipping the waits.

    For retries that wait for a real thread, process or server. The ini key of this name applies to all
    tests.
    """


MARKERS = (dag_partitions, dag_nodes, dag_real_time)


class _MarkFactory:
    """The attribute of `pytest.mark` for a marker whose only argument may be a callable definition.

    pytest treats a marker with one callable argument as a decorator of that argument. `dag_nodes(brew)` would
    decorate the op `brew`.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        mark: pytest.MarkDecorator = pytest.mark.__getattr__(self.name)
        is_decorator = len(args) == 1 and not kwargs and isinstance(args[0], FunctionType | type)
        return mark(*args) if is_decorator else mark.with_args(*args, **kwargs)


def install_markers() -> None:
    """Set the markers that take arguments as attributes of `pytest.mark`."""
    names = [marker.__name__ for marker in MARKERS if inspect.signature(marker).parameters]
    vars(pytest.mark).update({name: _MarkFactory(name) for name in names})


def register_markers(config: pytest.Config) -> None:
    """Register the markers with their signatures, for `--markers` and `--strict-markers`."""
    for marker in MARKERS:
        explanation = " ".join((marker.__doc__ or "").split())
        config.addinivalue_line("markers", f"{_usage(marker)}: {explanation}")


def _usage(marker: Callable[..., Any]) -> str:
    signature = inspect.signature(marker)
    bare = [parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values()]
    return f"{marker.__name__}{signature.replace(parameters=bare, return_annotation=signature.empty)}"


def check_arguments(mark: pytest.Mark, where: str) -> Any:
    """Check the arguments of a marker.

    Args:
        mark: The marker of a test.
        where: The id of the test, for the message.

    Returns:
        The value that the function of the marker returns for the arguments.

    Raises:
        pytest.fail.Exception: The arguments do not match the signature.
    """
    (marker,) = (function for function in MARKERS if function.__name__ == mark.name)
    try:
        return marker(*mark.args, **mark.kwargs)
    except TypeError as error:
        message = str(error)
    pytest.fail(f"{where}: marker {mark.name}: {message}\nusage: {_usage(marker)}", pytrace=False)
