"""The difference of two arrays of numpy, or of a library whose arrays numpy reads."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from pytest_dagflow.against.columns.operations import SHOWN, top
from pytest_dagflow.against.columns.plain import change_of
from pytest_dagflow.against.tolerance import Tolerance
from pytest_dagflow.sequence.matchers import count
from pytest_dagflow.values.equality import short_cell


def is_array(value: object) -> bool:
    """Return whether a value is an array with at least one dimension.

    Example:
        >>> is_array([1, 2])
        False
    """
    return hasattr(type(value), "__array__") and bool(getattr(value, "shape", ()))


def compare_arrays(old: Any, new: Any, tolerance: Tolerance) -> list[str]:
    """Return the lines about the differences, the summary first; an empty list if the arrays are equal.

    Args:
        old: The old array.
        new: The new array.
        tolerance: The allowed difference of numbers.
    """
    one, other = _as_numpy(old), _as_numpy(new)
    problems = [
        f"{what} {before} -> {after}"
        for what, before, after in (
            ("the class", type(old).__qualname__, type(new).__qualname__),
            ("the type", one.dtype, other.dtype),
            ("the shape", one.shape, other.shape),
        )
        if before != after
    ]
    if one.shape != other.shape:
        return ["; ".join(problems)]
    flat, flat_other = one.ravel(), other.ravel()
    positions = _unequal(flat, flat_other, tolerance)
    if not positions:
        return ["; ".join(problems)] if problems else []
    largest = top((at, change_of(_cell(flat, at), _cell(flat_other, at))) for at in positions)
    change = f", by up to {short_cell(largest[0])}" if largest else ""
    problems.insert(0, f"{len(positions):,} of {count(one.size, 'element')} changed{change}")
    shown = largest[1] if largest else []
    shown = [*shown, *(at for at in positions[: 2 * SHOWN] if at not in shown)][:SHOWN]
    numpy: Any = import_module("numpy")
    lines = [
        f"{[int(index) for index in numpy.unravel_index(at, one.shape)]}: "
        f"{short_cell(_cell(flat, at))} -> {short_cell(_cell(flat_other, at))}"
        for at in shown
    ]
    return ["; ".join(problems), *lines]


def _as_numpy(value: Any) -> Any:
    """Return an array of numpy. The masked elements of a masked array become None."""
    numpy: Any = import_module("numpy")
    if isinstance(value, numpy.ma.MaskedArray):
        return value.astype(object).filled(None)
    return numpy.asarray(value)


def _cell(flat: Any, at: int) -> Any:
    """Return an element as a value of Python."""
    cell = flat[at]
    return cell.item() if hasattr(cell, "item") else cell


def _unequal(old: Any, new: Any, tolerance: Tolerance) -> list[int]:
    """Return the positions of the elements that differ."""
    numpy: Any = import_module("numpy")
    with numpy.errstate(all="ignore"):
        if old.dtype.kind in "biufcmM" and new.dtype.kind in "biufcmM":
            try:
                mask = (old != new) & ~((old != old) & (new != new))  # NaN differs from itself
            except TypeError:  # a time and a number
                return list(range(len(old)))
            doubtful = numpy.flatnonzero(mask)
            if not tolerance.has_margin or not {old.dtype.kind, new.dtype.kind} <= set("iuf"):
                found: list[int] = doubtful.tolist()
                return found
            one, other = old[doubtful].astype(float), new[doubtful].astype(float)
            margin = numpy.maximum(numpy.abs(one) * (tolerance.rel or 0), tolerance.abs or 0)
            is_near = numpy.isfinite(one) & numpy.isfinite(other) & (numpy.abs(other - one) <= margin)
            near: list[int] = doubtful[~is_near].tolist()
            return near
    pairs = zip(old.tolist(), new.tolist(), strict=True)
    return [at for at, (one, other) in enumerate(pairs) if not tolerance.are_same(one, other)]
