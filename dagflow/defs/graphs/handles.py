"""The values in the body of a graph or job: stand-ins for outputs and inputs that exist only when it runs.

An op that is called in a body returns one of them. They can be passed to other ops, mapped, collected and
returned. Every other operation is refused, because it would be decided once, while the body is read, and not
by the value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from dagflow._util import nearest
from dagflow.defs.ops.node import GraphBody
from dagflow.errors import (
    CheckError,
    DagflowInvariantViolationError,
    DagflowOutputAttributeError,
    repr_of,
)

_BINARY = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "matmul": "@",
    "truediv": "/",
    "floordiv": "//",
    "mod": "%",
    "divmod": "divmod()",
    "pow": "**",
    "lshift": "<<",
    "rshift": ">>",
    "and": "&",
    "xor": "^",
    "or": "|",
}
_COMPARED = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_ARITHMETIC = {
    f"__{prefix}{name}__": f"calculate with ('{sign}')"
    for name, sign in _BINARY.items()
    for prefix in ("", "r", "i")
    if (prefix, name) != ("i", "divmod")
}
_COMPARISONS = {f"__{name}__": f"compare ('{sign}')" for name, sign in _COMPARED.items()}
_OTHERS = {
    "__abs__": "calculate with (abs)",
    "__aenter__": "enter (async with)",
    "__aexit__": "leave (async with)",
    "__aiter__": "iterate over (async for)",
    "__array__": "make an array of",
    "__await__": "await",
    "__bool__": "decide by the truth of",
    "__bytes__": "make bytes of",
    "__call__": "call",
    "__ceil__": "round",
    "__complex__": "make a number of",
    "__contains__": "look for something in ('in')",
    "__delitem__": "delete an item of",
    "__enter__": "enter (with)",
    "__exit__": "leave (with)",
    "__float__": "make a number of",
    "__floor__": "round",
    "__fspath__": "make a path of",
    "__getitem__": "index in to",
    "__index__": "make an index of",
    "__int__": "make a number of",
    "__invert__": "calculate with ('~')",
    "__iter__": "iterate over",
    "__len__": "take the length of",
    "__neg__": "calculate with ('-')",
    "__next__": "iterate over",
    "__pos__": "calculate with ('+')",
    "__reversed__": "iterate over",
    "__round__": "round",
    "__setitem__": "set an item of",
    "__trunc__": "round",
}
_OPERATIONS = {**_ARITHMETIC, **_COMPARISONS, **_OTHERS}
"""The operations that need the value: the method that Python calls, and the operation in words."""
_OF_TUPLES = {"__add__", "__iadd__", "__contains__", "__getitem__", "__iter__", "__len__", "__reversed__"}
_NO_HINT = "Do that in an op, which takes it as an input."


def _refusing(operation: str) -> Callable[..., Any]:
    def refuse(self: Any, *_: object, **__: object) -> Any:
        raise DagflowInvariantViolationError(self.refusal(f"attempted to {operation} {self!r}"))

    return refuse


class _StandIn:
    """The base of the values in the body of a graph. Operations that need the value are refused."""

    __slots__ = ()

    @property
    def graph_name(self) -> str:
        """The graph or job whose body has this value."""
        raise NotImplementedError

    def refusal(self, attempt: str, hint: str = "") -> str:
        """Return the message about an attempt to use the value while the body is read."""
        return (
            f"in the body of '{self.graph_name}': {attempt}, but the value exists only when the graph or job "
            f"runs, not while its body is read. {hint or _NO_HINT}"
        )

    __hash__ = object.__hash__

    def __format__(self, spec: str) -> str:
        if spec:
            raise DagflowInvariantViolationError(
                self.refusal(f"attempted to format ({repr_of(spec)}) {self!r}")
            )
        return repr(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in ("alias", "tag", "with_hooks", "with_retry_policy"):
            method = "hook" if name == "with_hooks" else name
            raise DagflowOutputAttributeError(
                f"in the body of '{self.graph_name}': attempted to call {method} method for {self!r} "
                "although it exists already. Consider checking the location of parentheses: "
                f"node.{name}(...)(...)."
            )
        raise DagflowOutputAttributeError(self.refusal(f"attempted to read '{name}' of {self!r}"))


for _name, _operation in _OPERATIONS.items():
    setattr(_StandIn, _name, _refusing(_operation))


class InvokedNodeOutputHandle(_StandIn):
    """One output of a node, in the body of a graph."""

    __slots__ = ("composition", "node_name", "output_name")

    def __init__(self, composition: GraphBody, node_name: str, output_name: str) -> None:
        self.composition: GraphBody = composition
        self.node_name: str = node_name
        self.output_name: str = output_name

    @property
    def graph_name(self) -> str:
        """The graph or job whose body has this output."""
        return self.composition.graph_name

    def __repr__(self) -> str:
        return f"output '{self.output_name}' of '{self.node_name}'"

    def __iter__(self) -> Any:
        raise self._misused("iterate over", "unpack them")

    def __getitem__(self, index: Any) -> Any:
        raise self._misused("index in to", "choose one")

    def _misused(self, operation: str, purpose: str) -> DagflowInvariantViolationError:
        hint = f"It is one output. Give the op several outputs with out={{...}} to {purpose}. {_NO_HINT}"
        return DagflowInvariantViolationError(self.refusal(f"attempted to {operation} {self!r}", hint))

    def __getattr__(self, name: str) -> Any:
        if name in ("map", "collect"):
            raise DagflowOutputAttributeError(
                f"in the body of '{self.graph_name}': {self!r} is not dynamic, so it has no {name}(). Give "
                "the op out=DynamicOut()."
            )
        return super().__getattr__(name)


class DynamicHandle(InvokedNodeOutputHandle):
    """A dynamic output of a node, in the body of a graph. Map it, or collect it."""

    __slots__ = ()

    def map(self, fn: Callable[[InvokedNodeOutputHandle], Any]) -> Any:
        """Call `fn` with the handle of one value; what it invokes runs once for each mapping key.

        Returns:
            The outputs that `fn` returned (one, several in a tuple, or None), to be mapped or collected.

        Raises:
            CheckError: `fn` returned any other value.
        """
        result = fn(InvokedNodeOutputHandle(self.composition, self.node_name, self.output_name))
        if isinstance(result, InvokedNodeOutputHandle):
            return _mapped(result)
        if isinstance(result, OutputHandles):
            return OutputHandles(map(_mapped, result))
        if isinstance(result, tuple) and all(isinstance(part, InvokedNodeOutputHandle) for part in result):
            return tuple(map(_mapped, result))
        if result is None:
            return None
        raise CheckError(
            f"in the body of '{self.graph_name}': the function given to map() over {self!r} must "
            f"return one output or a tuple of outputs of the nodes that it invoked, not {repr_of(result)}"
        )

    def collect(self) -> CollectHandle:
        """Return a handle of all values, as one list."""
        return CollectHandle(self)

    def _misused(self, operation: str, purpose: str) -> DagflowInvariantViolationError:
        return DagflowInvariantViolationError(
            self.refusal(
                f"attempted to {operation} {self!r}", "It is dynamic: call .map() or .collect() on it."
            )
        )


class CollectHandle(_StandIn):
    """All values of a dynamic output, in the body of a graph."""

    __slots__ = ("source",)

    def __init__(self, source: DynamicHandle) -> None:
        self.source: DynamicHandle = source

    @property
    def graph_name(self) -> str:
        """The graph or job whose body has these values."""
        return self.source.graph_name

    def __repr__(self) -> str:
        return f"all values of {self.source!r}"


class GraphInputHandle(_StandIn):
    """An input of the graph, in its body."""

    __slots__ = ("_graph_name", "input_name")

    def __init__(self, graph_name: str, input_name: str) -> None:
        self._graph_name = graph_name
        self.input_name: str = input_name

    @property
    def graph_name(self) -> str:
        """The graph or job that has this input."""
        return self._graph_name

    def __repr__(self) -> str:
        return f"input '{self.input_name}' of graph '{self.graph_name}'"

    def __bool__(self) -> bool:
        # existing suites write `x or default()`: the body always has the input, so it is true
        return True


class OutputHandles(tuple[InvokedNodeOutputHandle, ...]):
    """The outputs of a node with several, in the body of a graph: unpack them, or read one by its name."""

    def __init__(self, handles: Iterable[InvokedNodeOutputHandle]) -> None:
        # attributes of the instance, so that an output may be named like a method of tuples
        self.__dict__.update((handle.output_name, handle) for handle in self)

    @property
    def graph_name(self) -> str:
        """The graph or job whose body has these outputs."""
        return self[0].graph_name

    def __getattr__(self, name: str) -> InvokedNodeOutputHandle:
        if name.startswith("__"):
            raise AttributeError(name)
        names = list(self.__dict__)
        raise DagflowOutputAttributeError(
            f"in the body of '{self.graph_name}': node '{self[0].node_name}' has no output '{name}'; its "
            f"outputs are {names}.{nearest(name, names)}"
        )

    def __repr__(self) -> str:
        return f"the outputs {list(self.__dict__)} of '{self[0].node_name}'"

    def refusal(self, attempt: str) -> str:
        """Return the message about an attempt to use the values while the body is read."""
        hint = f"Unpack the outputs, or choose one by its name. {_NO_HINT}"
        return InvokedNodeOutputHandle.refusal(self[0], attempt, hint)

    def __add__(self, other: Any) -> Any:
        if isinstance(other, tuple):
            return super().__add__(other)
        raise DagflowInvariantViolationError(self.refusal(f"attempted to calculate with ('+') {self!r}"))

    __hash__ = object.__hash__


for _name, _operation in _OPERATIONS.items():
    if _name not in _OF_TUPLES:
        setattr(OutputHandles, _name, _refusing(_operation))


def _mapped(handle: InvokedNodeOutputHandle) -> DynamicHandle:
    return DynamicHandle(handle.composition, handle.node_name, handle.output_name)
