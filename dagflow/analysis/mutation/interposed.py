"""Functions with changed arguments or results: the code of the live function calls the original inside it.

The code of a function is replaced, not the function, so that every reference to it has the change. A function
that yields still yields, and one that is awaited is still awaited.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from types import CodeType, FunctionType
from typing import Any, NamedTuple

DROPPED = object()
"""The result of `Change.result` for a yielded value that is dropped."""

_ASYNC_GENERATOR, _COROUTINE, _GENERATOR = (
    inspect.CO_ASYNC_GENERATOR,
    inspect.CO_COROUTINE,
    inspect.CO_GENERATOR,
)
_BODIES = {
    "plain": ("def", "return call({index}, args, kwargs)"),
    "generator": ("def", "yield from call({index}, args, kwargs)"),
    "async": ("async def", "return await call({index}, args, kwargs)"),
    "async_generator": (
        "async def",
        "async for item in call({index}, args, kwargs):\n            yield item",
    ),
}
_TEMPLATE = """
def outer({free}):
    {define} inner(*args, **kwargs):
        if 0:
            {free}
        from dagflow.analysis.mutation.interposed import call
        {body}
"""


class Change(NamedTuple):
    """A change of the calls of a function.

    Attributes:
        arguments: Changes the arguments in a dict, by parameter name.
        result: Returns the changed result, or the changed yielded value.
        instead: Returns the result from the arguments, instead of the function.
    """

    arguments: Callable[[dict[str, Any]], None] | None = None
    result: Callable[[Any], Any] | None = None
    instead: Callable[[dict[str, Any]], Any] | None = None


class _Call(NamedTuple):
    original: FunctionType
    change: Change
    call: Callable[[Callable[[], Any], Change], Any]


_calls: list[_Call] = []
"""The calls of interposed code, which knows its position. It only grows, because a frame may still run."""


def function_type(fn: FunctionType) -> str:
    """Return how a function is called: "plain", "generator", "async" or "async_generator".

    Example:
        >>> function_type(lambda: 1), function_type(lambda: (yield))
        ('plain', 'generator')
    """
    flags = fn.__code__.co_flags
    if flags & _ASYNC_GENERATOR:
        return "async_generator"
    if flags & _COROUTINE:
        return "async"
    return "generator" if flags & _GENERATOR else "plain"


def interposed_code(fn: FunctionType, change: Change) -> CodeType:
    """Return the code that calls a function with a change.

    Args:
        fn: The live function, with its own code.
        change: The change.
    """
    code = fn.__code__
    original = FunctionType(code, fn.__globals__, fn.__name__, fn.__defaults__, fn.__closure__)
    original.__kwdefaults__ = fn.__kwdefaults__
    kind = function_type(fn)
    _calls.append(_Call(original, change, _CALLS[kind]))
    define, body = _BODIES[kind]
    free = ", ".join(code.co_freevars)
    text = _TEMPLATE.format(free=free, define=define, body=body.format(index=len(_calls) - 1)).replace(
        "            \n", "            pass\n"
    )
    compiled = compile(text, __file__, "exec", dont_inherit=True)
    (outer,) = (one for one in compiled.co_consts if isinstance(one, CodeType))
    (inner,) = (one for one in outer.co_consts if isinstance(one, CodeType))
    return inner.replace(co_name=code.co_name)


def call(index: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call the original function of an interposed code."""
    original, change, how = _calls[index]
    bound = inspect.signature(original).bind(*args, **kwargs)
    bound.apply_defaults()
    if change.arguments is not None:
        change.arguments(bound.arguments)
    if change.instead is not None:
        return change.instead(bound.arguments)
    return how(lambda: original(*bound.args, **bound.kwargs), change)


def _plain(run: Callable[[], Any], change: Change) -> Any:
    return _changed(run(), change)


def _generator(run: Callable[[], Any], change: Change) -> Iterator[Any]:
    for item in run():
        changed = _changed(item, change)
        if changed is not DROPPED:
            yield changed


async def _async(run: Callable[[], Any], change: Change) -> Any:
    return _changed(await run(), change)


async def _async_generator(run: Callable[[], Any], change: Change) -> AsyncIterator[Any]:
    async for item in run():
        changed = _changed(item, change)
        if changed is not DROPPED:
            yield changed


def _changed(value: Any, change: Change) -> Any:
    return value if change.result is None else change.result(value)


_CALLS: dict[str, Callable[[Callable[[], Any], Change], Any]] = {
    "plain": _plain,
    "generator": _generator,
    "async": _async,
    "async_generator": _async_generator,
}
