"""The assertion about the value of an output."""

from __future__ import annotations

from collections.abc import Sequence

from dagflow import DagflowError
from pytest_dagflow.sequence.compared import check_node_name
from pytest_dagflow.session import is_verbose
from pytest_dagflow.values.difference import explain
from pytest_dagflow.values.equality import Options

_MAX_SHOWN_VERBOSELY = 50


def assert_output(
    result: object,
    node: object,
    value: object,
    *,
    name: str = "result",
    rel: float | None = None,
    abs: float | None = None,
    ignore_order: bool = False,
    keys: Sequence[str] = (),
) -> None:
    """Assert the value of an output.

    The message shows what differs, not the values: the place in a dict or list, the rows and columns of a
    table of pandas, polars or pyarrow.

    Args:
        result: The result of a run.
        node: The node, as in `output_for_node`, or the key of an asset.
        value: The expected value; it may be a matcher, an array or a table.
        name: The name of the output.
        rel: The allowed difference of two numbers, relative to the expected one.
        abs: The allowed absolute difference of two numbers.
        ignore_order: Whether the order of rows and of list elements is ignored.
        keys: The columns that identify a row of a table, or of a list of dicts. The order of rows is then
            ignored. Default: the index of a pandas table, or else the position.

    Raises:
        AssertionError: The value is different.
        DagflowError: The argument is not a result, a node or output is unknown, or the comparison fails.

    Example:
        >>> from dagflow import asset, materialize_to_memory
        >>> @asset
        ... def water():
        ...     return {"litres": 1, "hot": False}
        >>> result = materialize_to_memory([water])
        >>> assert_output(result, "water", {"litres": 1, "hot": False})
        >>> assert_output(result, "water", {"litres": 2, "hot": False})
        Traceback (most recent call last):
            ...
        AssertionError: output of 'water': ['litres'] is 1, expected 2...
    """
    __tracebackhide__ = True
    if not hasattr(result, "output_for_node"):
        raise DagflowError(
            "assert_output needs the result of a run, because events have no values. "
            f"It got an object of type '{type(result).__name__}'"
        )
    path = check_node_name(node, ())
    if isinstance(keys, str):
        raise DagflowError(f"keys must be a list of columns, not a string: write keys=[{keys!r}]")
    for option, given in (("rel", rel), ("abs", abs)):
        is_number = isinstance(given, int | float) and not isinstance(given, bool)
        if given is not None and not (is_number and given >= 0):
            raise DagflowError(f"{option} must be a number of at least 0, not {given!r}")
    options = Options(rel, abs, ignore_order, tuple(keys), _MAX_SHOWN_VERBOSELY if is_verbose() else 5)
    lines = explain(value, result.output_for_node(path, name), options)
    if lines:
        output = f"output of '{path}'" if name == "result" else f"output '{name}' of '{path}'"
        raise AssertionError("\n".join([f"{output}{lines[0]}", *lines[1:]]))
