"""Jobs and assets of small texts: `build_job("a", "b(a)")`. The repr of a job is the call that builds it.

One text is one node:

    a                          an op without inputs
    b(a, x.left)               it reads the output of `a`, and the output `left` of `x`
    c([a, b])                  one input is a list (fan-in)
    x -> left, optional right  two outputs; `optional`: not required, and given
    y -> missing right         an output that is not required, and not given
    d -> dynamic part 2        a dynamic output with two mapping keys, "k1" and "k2"
    e(each d.part)             mapped over a dynamic output, or over a mapped node
    f(collect e)               reads all values of it in a list
    ["g(a)", "h(a)", "i(h)"]   a graph `g` with two ops. Its output is that of the last op

The value of a node is a string with all values that it read, as "b(a, x.left)".
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from dagflow import DagflowInvalidDefinitionError as InvalidDefinitionError
from dagflow import (
    DependencyDefinition,
    DynamicOut,
    DynamicOutput,
    GraphDefinition,
    In,
    InputMapping,
    JobDefinition,
    MultiDependencyDefinition,
    NodeInvocation,
    OpDefinition,
    Out,
    Output,
    OutputMapping,
    op,
)
from dagflow import DynamicCollectDependencyDefinition as CollectDependency

Nodes = Sequence["str | Nodes"]
_MAX_VALUE = 200
_NODE = re.compile(r"(\w+)(?:\((.*)\))?(?: -> (.+))?")
_SOURCE = re.compile(r"(?:(each|collect) )?(\w+(?:\.\w+)?)|\[(.*)\]")
_OUTPUT = re.compile(r"(?:(optional|missing) )?([a-zA-Z_]\w*)|dynamic (\w+) (\d+)")


class Source(NamedTuple):
    """An input of a node.

    Attributes:
        refs: The outputs that it reads, as "a" or "x.left".
        how: How it reads them: "" for one value, "list" for a fan-in, "each" or "collect".
    """

    refs: tuple[str, ...]
    how: str = ""

    def __str__(self) -> str:
        if self.how == "list":
            return f"[{', '.join(self.refs)}]"
        return f"{self.how} {self.refs[0]}".strip()


class Given(NamedTuple):
    """An output of a node.

    Attributes:
        name: Its name.
        how: "" for one value, "optional", "missing" or "dynamic".
        values: The number of values of a dynamic output.
    """

    name: str = "result"
    how: str = ""
    values: int = 1

    def __str__(self) -> str:
        number = f" {self.values}" if self.how == "dynamic" else ""
        return f"{self.how} {self.name}{number}".strip()


class NodeText(NamedTuple):
    """One node: a name, its inputs and its outputs."""

    name: str
    sources: tuple[Source, ...] = ()
    outputs: tuple[Given, ...] = (Given(),)

    def __str__(self) -> str:
        read = f"({', '.join(map(str, self.sources))})" if self.sources else ""
        plain = self.outputs == (Given(),)
        return f"{self.name}{read}{'' if plain else ' -> ' + ', '.join(map(str, self.outputs))}"


class BuiltJob(JobDefinition):
    """A job of `build_job`, whose repr is the call that builds it. A pickle has the texts alone.

    Attributes:
        texts: The texts of the nodes.
    """

    texts: tuple[Any, ...] = ()

    def __repr__(self) -> str:
        return f"build_job({', '.join(map(repr, self.texts))})"

    def __reduce__(self) -> tuple[Any, ...]:
        return build_job, self.texts


def build_job(*nodes: str | Nodes) -> BuiltJob:
    """Build a job of texts, as an example of `jobs` shows it.

    Args:
        *nodes: A text for each op, and a list for each graph: its name and inputs, then the texts of its ops.

    Raises:
        DagflowInvalidDefinitionError: A text is not a node, or names an unknown one.

    Example:
        >>> job = build_job("a", "b -> dynamic part 2", "c(each b.part, a)", "d(collect c)")
        >>> job.execute_in_process().output_for_node("d")
        'd([c(b.part[k1], a), c(b.part[k2], a)])'
    """
    if not nodes:
        raise InvalidDefinitionError('build_job needs at least one node, as in build_job("a", "b(a)")')
    job = BuiltJob(graph_def=build_graph("drawn", nodes, (), at_top=True))
    job.texts = nodes
    return job


def build_graph(name: str, nodes: Nodes, inputs: Iterable[str], *, at_top: bool = False) -> GraphDefinition:
    """Return a graph of texts.

    Args:
        name: Its name.
        nodes: The texts.
        inputs: The outputs outside of it that its nodes may read.
        at_top: Whether it has no output.
    """
    definitions: list[OpDefinition | GraphDefinition] = []
    dependencies: dict[str | NodeInvocation, dict[str, Any]] = {}
    mappings: list[InputMapping] = []
    known: dict[str, tuple[str, str]] = {}  # the node and the output that a text means
    outer = {ref: input_name(ref) for ref in inputs}
    for one in nodes:
        header, inner = (one, None) if isinstance(one, str) else (str(one[0]), one[1:])
        node = parse_node(header)
        if node.name in {definition.name for definition in definitions}:
            raise InvalidDefinitionError(f"two nodes are called '{node.name}'; give each another name")
        if inner is None:
            definitions.append(_op_of(node))
            names = [f"in{number}" for number in range(1, len(node.sources) + 1)]
        else:
            refs = [ref for source in node.sources for ref in source.refs]
            names = [input_name(ref) for ref in refs]
            definitions.append(build_graph(node.name, inner, refs))
        dependencies[node.name] = {}
        for source, port in zip(node.sources, names, strict=True):
            if source.how == "" and source.refs[0] in outer:
                mappings.append(InputMapping(outer[source.refs[0]], node.name, port))
            else:
                dependencies[node.name][port] = _dependency(source, known, node)
        for output in node.outputs:
            known[f"{node.name}.{output.name}"] = (node.name, output.name)
        known[node.name] = (node.name, node.outputs[0].name)
    return GraphDefinition(
        name=name,
        node_defs=definitions,
        dependencies=dependencies,
        input_mappings=mappings,
        output_mappings=[] if at_top else [OutputMapping("result", *known[definitions[-1].name])],
    )


def input_name(ref: str) -> str:
    """Return the name of the input of a graph that reads an output."""
    return ref.replace(".", "_")


def parse_node(text: str) -> NodeText:
    """Return the node of a text.

    Raises:
        DagflowInvalidDefinitionError: The text is not a node.

    Example:
        >>> str(parse_node("b([a, x.left]) -> y, missing z"))
        'b([a, x.left]) -> y, missing z'
    """
    found = _NODE.fullmatch(text.strip())
    if found is None:
        raise _no_node(text, "write a name, inputs and outputs, as in 'b(a, [c, d]) -> left, right'")
    name, read, given = found.groups()
    sources = tuple(_source(part, text) for part in _parts(read or ""))
    outputs = tuple(_output(part, text) for part in _parts(given or "")) or (Given(),)
    if sum(source.how == "each" for source in sources) > 1:
        raise _no_node(text, "a node is mapped over one output: write 'each' once")
    return NodeText(name, sources, outputs)


def _parts(text: str) -> Iterator[str]:
    """Yield the parts between the commas outside of brackets."""
    yield from (part.strip() for part in re.findall(r"(?:\[[^\]]*\]|[^,\[])+", text) if part.strip())


def _source(part: str, text: str) -> Source:
    found = _SOURCE.fullmatch(part)
    if found is None:
        raise _no_node(text, f"'{part}' is not an input: use 'a', 'a.x', '[a, b]', 'each a' or 'collect a'")
    how, ref, listed = found.groups()
    if ref is not None:
        return Source((ref,), how or "")
    refs = tuple(one.strip() for one in listed.split(",") if one.strip())
    return Source(refs, "list")


def _output(part: str, text: str) -> Given:
    found = _OUTPUT.fullmatch(part)
    if found is None:
        raise _no_node(
            text, f"'{part}' is not an output: use 'x', 'optional x', 'missing x' or 'dynamic x 2'"
        )
    how, name, dynamic, count = found.groups()
    return Given(dynamic, "dynamic", int(count)) if dynamic else Given(name, how or "")


def _no_node(text: str, problem: str) -> InvalidDefinitionError:
    return InvalidDefinitionError(f"the text {text!r} is not a node: {problem}")


def _dependency(source: Source, known: Mapping[str, tuple[str, str]], node: NodeText) -> Any:
    for ref in source.refs:
        if ref not in known:
            raise InvalidDefinitionError(
                f"node '{node.name}' reads '{ref}', which no node before it gives. Those before it give "
                f"{', '.join(map(repr, known)) or 'nothing'}."
            )
    if source.how == "list":
        return MultiDependencyDefinition([DependencyDefinition(*known[ref]) for ref in source.refs])
    place = known[source.refs[0]]
    return CollectDependency(*place) if source.how == "collect" else DependencyDefinition(*place)


def _op_of(node: NodeText) -> OpDefinition:
    """Return the op of a node. Its function returns a string, or yields several."""
    ins = {f"in{number}": In() for number in range(1, len(node.sources) + 1)}
    outs = {
        output.name: DynamicOut(str)
        if output.how == "dynamic"
        else Out(str, is_required=output.how not in ("optional", "missing"))
        for output in node.outputs
    }
    if node.outputs == (Given(),):

        def return_one(**inputs: Any) -> Any:
            return value_of(node.name, inputs)

        return op(name=node.name, ins=ins, out=outs)(return_one)

    def yield_each(**inputs: Any) -> Iterator[Any]:
        value = value_of(node.name, inputs)
        for output in node.outputs:
            own = value if output.name == "result" else value_of(f"{node.name}.{output.name}", inputs)
            if output.how == "dynamic":
                for number in range(1, output.values + 1):
                    yield DynamicOutput(f"{own}[k{number}]", f"k{number}", output.name)
            elif output.how != "missing":
                yield Output(own, output.name)

    return op(name=node.name, ins=ins, out=outs)(yield_each)


def value_of(name: str, inputs: Mapping[str, Any]) -> str:
    """Return the value of a node: its name and all values that it read. A long one is shortened.

    Example:
        >>> value_of("b", {"in1": "a", "in2": ["c", "d"]})
        'b(a, [c, d])'
    """
    read = [f"[{', '.join(value)}]" if isinstance(value, list) else str(value) for value in inputs.values()]
    text = f"{name}({', '.join(read)})" if read else name
    if len(text) <= _MAX_VALUE:
        return text
    return f"{text[:40]}...{zlib.crc32(text.encode()):08x}"  # equal only if the whole texts are
