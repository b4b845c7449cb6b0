"""A mutation as plain data, the names of its kinds, and the test that would detect each kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.parts.evaluation import code_of, unwrapped

CONSTANT, COMPARISON = "constant", "comparison"
SWAP_INPUTS, RETURN_INPUT, DROP_OUTPUT = "swap-inputs", "return-input", "drop-output"
SKIP_CHECK, DEFAULT_CONFIG = "skip-check", "default-config"
DROP_EDGE, DROP_GATE = "drop-edge", "drop-gate"
IGNORE_RETRY, SHIFT_PARTITIONS = "ignore-retry", "shift-partitions"

_KINDS = {
    CONSTANT: "a constant in the body of a function is replaced",
    COMPARISON: "a comparison in the body of a function is replaced",
    SWAP_INPUTS: "two inputs are swapped",
    RETURN_INPUT: "a function returns one of its inputs unchanged",
    DROP_OUTPUT: "an optional output is dropped",
    SKIP_CHECK: "an asset check always passes",
    DEFAULT_CONFIG: "a config field always has its default",
    DROP_EDGE: "a step does not wait for an upstream step and does not get its value",
    DROP_GATE: "a step runs although a blocking check did not pass",
    IGNORE_RETRY: "a step is never retried",
    SHIFT_PARTITIONS: "an input reads the partitions before those of its mapping",
}


def mutation_kinds() -> dict[str, str]:
    """Return the effect of each kind of mutation, by the name of the kind.

    Example:
        >>> mutation_kinds()["swap-inputs"]
        'two inputs are swapped'
    """
    return dict(_KINDS)


class Mutation(NamedTuple):
    """One fault of a pipeline, made on purpose. Plain and picklable.

    Attributes:
        kind: One of `mutation_kinds()`.
        name: The name of the node.
        nodes: The ids of the nodes that have the fault, in a graph of `graph_of`.
        op: The name of the op.
        function: The module, the qualified name and the line of the op's function.
        place: The file and line of the changed code, as "pipeline.py:7"; empty if unknown.
        before: The code, or a line about the behaviour, without the fault.
        after: The same with the fault.
        remedy: The test that would detect the fault, in a few words.
        target: The input, output, check, field or upstream node that it is about.
        other: The second input, or the key of the asset that the input reads or the output stores.
        position: The position among the constants and comparisons of the body, or in the list of an input.
        step: The name of the node in its graph; empty for an asset or check.
    """

    kind: str
    name: str
    nodes: tuple[str, ...]
    op: str
    function: str
    place: str
    before: str
    after: str
    remedy: str
    target: str = ""
    other: str = ""
    position: int = 0
    step: str = ""


def op_in(definition: object) -> OpDefinition | None:
    """Return the op of a node: the definition itself, or the op that computes an asset; None for others."""
    if isinstance(definition, OpDefinition):
        return definition
    if isinstance(definition, AssetsDefinition) and not definition.is_declaration:
        node_def = definition.node_def
        return node_def if isinstance(node_def, OpDefinition) else None
    return None


def function_name(fn: Callable[..., Any]) -> str:
    """Return a name of a function that is the same in every process: module, qualified name and line.

    Example:
        >>> import colorsys
        >>> function_name(colorsys.rgb_to_hls).rpartition(":")[0]
        'colorsys:rgb_to_hls'
    """
    inner = unwrapped(fn)
    code = code_of(inner)
    name = getattr(inner, "__qualname__", type(inner).__qualname__)
    return f"{getattr(inner, '__module__', '')}:{name}:{0 if code is None else code.co_firstlineno}"


def is_about(mutation: Mutation, op: OpDefinition, path: tuple[str, ...]) -> bool:
    """Return whether a mutation is about the op at a path of a job."""
    if mutation.op != op.name or (mutation.step and mutation.step != path[-1]):
        return False
    return mutation.function == function_name(op.body.fn)
