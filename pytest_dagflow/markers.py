"""The markers: what they are called, which arguments they take, and what they do at collection."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType
from typing import Any

import pytest

from pytest_dagflow.session import session_of


def dag_partitions(
    partitions_def_or_asset_or_job: Any,
    *,
    keys: Sequence[str] | None = None,
    first: int | None = None,
    last: int | None = None,
    sample: int | None = None,
    boundaries: bool = False,
    dynamic: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """Run the test once for each partition key, which is its argument 'partition_key'.

    What is asked for unites; without a wish all keys are taken: these keys, so many from the start, from the
    end, at random but always the same; boundaries are the first, the last, month and year ends, leap day and
    daylight-saving days. dynamic gives the keys of dynamic partitions.
    """
    wishes = {"keys": keys, "first": first, "last": last, "sample": sample, "dynamic": dynamic}
    return {"target": partitions_def_or_asset_or_job, "boundaries": boundaries, **wishes}


def dag_nodes(*names_or_definitions_or_expressions: Any) -> tuple[Any, ...]:
    """Say that the test is about these nodes, for --dag-select.

    Each is a definition, or a text such as --dag-select takes.
    """
    if not names_or_definitions_or_expressions:
        raise TypeError("missing a node: give a name, an expression or a definition")
    return names_or_definitions_or_expressions


MARKERS = (dag_partitions, dag_nodes)
"""A marker is called like the function that checks its arguments and explains it."""


class _Marker:
    """Stands at `pytest.mark` for a marker that may be called with one definition.

    pytest takes a marker that is called with one thing that can be called for a decorator of that thing; so
    `dag_nodes(brew)` would decorate the op.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        mark: pytest.MarkDecorator = pytest.mark.__getattr__(self.name)
        is_bare = len(args) == 1 and not kwargs and isinstance(args[0], FunctionType | type)
        return mark(*args) if is_bare else mark.with_args(*args, **kwargs)


def install() -> None:
    """Put the markers where tests find them."""
    vars(pytest.mark).update({marker.__name__: _Marker(marker.__name__) for marker in MARKERS})


def register(config: pytest.Config) -> None:
    """Make the markers known, with their signatures, to `--markers` and `--strict-markers`."""
    for marker in MARKERS:
        explanation = " ".join((marker.__doc__ or "").split())
        config.addinivalue_line("markers", f"{_usage(marker)}: {explanation}")


def _usage(marker: Callable[..., Any]) -> str:
    signature = inspect.signature(marker)
    bare = [parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values()]
    return f"{marker.__name__}{signature.replace(parameters=bare, return_annotation=signature.empty)}"


def arguments_of(mark: pytest.Mark, where: str) -> Any:
    """Check the arguments of a marker.

    Args:
        mark: The marker at a test.
        where: The test, for the message.

    Returns:
        What the marker's function makes of them.

    Raises:
        pytest.fail.Exception: They do not fit the signature.
    """
    (marker,) = (function for function in MARKERS if function.__name__ == mark.name)
    try:
        return marker(*mark.args, **mark.kwargs)
    except TypeError as error:
        mistake = str(error)
    pytest.fail(f"{where}: marker {mark.name}: {mistake}\nusage: {_usage(marker)}", pytrace=False)


def check_nodes(metafunc: pytest.Metafunc) -> None:
    """Check the arguments of `dag_nodes`."""
    for mark in metafunc.definition.iter_markers("dag_nodes"):
        arguments_of(mark, metafunc.definition.nodeid)


def parametrize_partitions(metafunc: pytest.Metafunc) -> None:
    """Make one test for each partition key that `dag_partitions` asks for."""
    mark = metafunc.definition.get_closest_marker("dag_partitions")
    if mark is None:
        return
    where = metafunc.definition.nodeid
    wishes = arguments_of(mark, where)
    if "partition_key" not in metafunc.fixturenames:
        pytest.fail(f"{where}: marker dag_partitions: the test must take 'partition_key'", pytrace=False)
    from dagflow import DagflowError
    from pytest_dagflow.partitions import choose_keys, key_id, partitions_of

    try:
        definition = partitions_of(wishes.pop("target"))
        keys = choose_keys(definition, now=session_of(metafunc.config).now, seed=where, **wishes)
    except (ValueError, DagflowError) as error:
        mistake = str(error)
    else:
        metafunc.parametrize("partition_key", keys, ids=[key_id(key) for key in keys])
        return
    pytest.fail(f"{where}: marker dag_partitions: {mistake}", pytrace=False)
