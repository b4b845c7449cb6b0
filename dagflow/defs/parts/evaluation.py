"""The evaluation of annotations that are strings, or hold strings, or are evaluated late (Python 3.14)."""

from __future__ import annotations

import sys
import typing
from collections.abc import Callable, Container
from functools import partial
from types import CellType, CodeType, FunctionType, MappingProxyType, MethodType
from typing import Any

from dagflow._util import UNSET, class_has, with_forward_refs

_EMPTY_CELL = CellType()


def unwrapped(fn: Any) -> Any:
    """Return the function behind decorators that set `__wrapped__`."""
    seen = {id(fn)}
    while class_has(fn, "__wrapped__") or "__wrapped__" in _attributes_of(fn):
        fn = fn.__wrapped__
        if id(fn) in seen:
            break  # it wraps itself, so that its signature cannot be read
        seen.add(id(fn))
    return fn


def _attributes_of(fn: Any) -> Container[str]:
    """Return the attributes of a function itself. A double answers to `__wrapped__` without having it."""
    found = getattr(fn, "__dict__", ())
    return found if isinstance(found, (dict, MappingProxyType)) else ()


def code_of(fn: Any) -> CodeType | None:
    """Return the code of a function; None for a callable object without code, such as a double."""
    code = getattr(fn, "__code__", None)
    return code if isinstance(code, CodeType) else None


def own_annotations(fn: Any) -> dict[str, Any]:
    """Return the annotations of a function, as they were written."""
    try:
        return getattr(fn, "__annotations__", None) or {}
    except NameError:
        if sys.version_info >= (3, 14):
            # annotations are evaluated when they are read: here an unknown name becomes a ForwardRef
            import annotationlib

            return annotationlib.get_annotations(fn, format=annotationlib.Format.FORWARDREF)
        raise


def evaluated(raw: dict[str, Any], fn: Callable[..., Any]) -> dict[str, Any]:
    """Return annotations as objects, with NoneType for None.

    Names are looked up where the function was written: in its module, and in the functions around it. An
    annotation with an unknown name becomes an `Unresolved`.

    Args:
        raw: The annotations as they were written, by name.
        fn: The callable that they belong to.
    """
    try:
        has_strings = any(_holds_string(value) for value in raw.values())
    except Exception:  # an object with its own `__getattr__`
        return {name: _guarded(value, fn) for name, value in raw.items()}
    if not has_strings:
        return {name: type(None) if value is None else value for name, value in raw.items()}
    origin = _origin_of(fn)
    module = getattr(origin, "__globals__", None) or vars(sys.modules.get(origin.__module__, typing))
    names = {**_names_around(origin, module), **_closure(origin)}
    try:
        return _evaluated(raw, module, names)
    except Exception:
        return {name: _evaluate(value, module, names) for name, value in raw.items()}


def _guarded(annotation: Any, fn: Callable[..., Any]) -> Any:
    """Return one annotation as an object, or as an `Unresolved` if its attributes cannot be read."""
    try:
        _holds_string(annotation)
    except Exception as error:
        return Unresolved(object.__repr__(annotation), error)
    return evaluated({"it": annotation}, fn)["it"]


def _origin_of(fn: Any) -> Any:
    """Return the function, or the class, where the annotations of a callable were written."""
    while True:
        inner = unwrapped(fn)
        if isinstance(inner, partial):
            inner = inner.func
        elif isinstance(inner, MethodType):
            inner = inner.__func__
        if inner is fn:
            break
        fn = inner
    if isinstance(fn, (FunctionType, type)):
        return fn
    call = type(fn).__call__
    return call if isinstance(call, FunctionType) else type(fn)


def _holds_string(annotation: Any) -> bool:
    parts = getattr(annotation, "__args__", ())
    return isinstance(annotation, (str, typing.ForwardRef)) or (
        isinstance(parts, tuple) and any(_holds_string(part) for part in parts)
    )


def _closure(function: Any) -> dict[str, Any]:
    """Return the values of the variables that a function closes over; empty ones are left out."""
    names = getattr(code_of(function), "co_freevars", ())
    cells = getattr(function, "__closure__", None) or ()
    return {
        name: cell.cell_contents
        for name, cell in zip(names, cells, strict=False)
        if cell != _EMPTY_CELL  # its variable is not assigned yet
    }


def _names_around(origin: Any, module: dict[str, Any]) -> dict[str, Any]:
    """Return the local names of the functions and classes around a function or class.

    An annotation in a string does not close over them, but their frames are alive while the function is
    decorated.
    """
    around = [name for name in origin.__qualname__.split(".")[:-1] if name != "<locals>"]
    names = {each.__name__: each for each in getattr(origin, "__type_params__", ())}
    frame = sys._getframe(1) if around else None  # noqa: SLF001 - the public functions are slower
    while frame is not None and around:
        if frame.f_globals is module and frame.f_code.co_name in around:
            names = {**frame.f_locals, **names}
            del around[around.index(frame.f_code.co_name) :]
        frame = frame.f_back
    return names


def _evaluated(raw: dict[str, Any], module: dict[str, Any], names: dict[str, Any]) -> dict[str, Any]:
    def annotated() -> None: ...

    annotated.__annotations__ = raw
    found = typing.get_type_hints(annotated, module, names, include_extras=True)
    whole = {name: with_forward_refs(value) for name, value in found.items()}
    if whole != found:  # by Python 3.10 only
        annotated.__annotations__ = whole
        return typing.get_type_hints(annotated, module, names, include_extras=True)
    return found


def _evaluate(annotation: Any, module: dict[str, Any], names: dict[str, Any]) -> Any:
    """Return one annotation as an object, or as an `Unresolved`."""
    try:
        return _evaluated({"it": annotation}, module, names)["it"]
    except Exception as error:
        if not isinstance(annotation, str):
            return Unresolved(getattr(annotation, "__forward_arg__", repr(annotation)), error)
    try:
        value = eval(annotation, module, names)  # `get_type_hints` refuses what is no type for `typing`
    except Exception as error:
        return Unresolved(annotation, error)
    return type(None) if value is None else value


class Unresolved:
    """An annotation that cannot be read, as a string: mostly, one of its names is unknown at run time."""

    def __init__(self, text: str, error: Exception) -> None:
        self.text = text
        self.reason = f"{type(error).__name__}: {error}"

    def __repr__(self) -> str:
        return f"'{self.text}' (a name that is unknown at run time)"


def is_resolved(annotation: Any) -> bool:
    """Return whether there is an annotation, and all of its names are known at run time."""
    return annotation is not UNSET and not isinstance(annotation, Unresolved)
