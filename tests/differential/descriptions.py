"""Pipelines as plain data: `drawing` draws them, `program` writes them as Python code."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Input:
    """A parameter of an op, or an input of a graph."""

    name: str
    type: str | None = None  # an annotation; "Nothing" for an order without a value
    default: str | None = None  # as code


@dataclass(frozen=True)
class Output:
    """An output of an op."""

    name: str = "result"
    type: str | None = None
    required: bool = True
    dynamic: bool = False


@dataclass(frozen=True)
class Emit:
    """An act that emits the value of an output."""

    output: Output
    keys: tuple[str, ...] = ()  # the mapping keys of a dynamic output
    fits: bool = True  # whether the value has the type of the output


@dataclass(frozen=True)
class Fail:
    """An act that raises an error in the first attempts."""

    error: str  # as code
    attempts: int = 99


@dataclass(frozen=True)
class Report:
    """An act that reports an event of the user."""

    event: str  # as code
    logged: bool = False  # logged by the context; otherwise yielded


@dataclass(frozen=True)
class Op:
    """An op, and the acts of its body in order."""

    name: str
    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = (Output(),)
    acts: tuple[Emit | Fail | Report, ...] = (Emit(Output()),)
    manner: str = "return"  # or "yield", "async"
    config: str | None = None  # a schema, as code
    retries: int | None = None
    tags: tuple[tuple[str, str], ...] = ()
    resources: tuple[str, ...] = ()
    reads_partition: bool = False


@dataclass(frozen=True)
class Value:
    """An output of an earlier call of the same graph."""

    call: int
    output: str = "result"


@dataclass(frozen=True)
class GraphInput:
    """An input of the enclosing graph."""

    name: str


@dataclass(frozen=True)
class Each:
    """Each value of a dynamic output: the call is mapped."""

    value: Value


@dataclass(frozen=True)
class Collect:
    """All values of a dynamic output."""

    value: Value


@dataclass(frozen=True)
class FanIn:
    """Several values as the list for one input."""

    parts: tuple[Value | GraphInput, ...]


Source = Value | GraphInput | Each | Collect | FanIn


@dataclass(frozen=True)
class Call:
    """A node of a graph: an op or a graph, and the sources of its inputs."""

    definition: Op | Graph
    arguments: tuple[tuple[str, Source], ...] = ()
    alias: str | None = None
    retries: int | None = None
    tags: tuple[tuple[str, str], ...] = ()
    hooks: tuple[str, ...] = ()

    @property
    def mapped(self) -> Each | None:
        """The dynamic output over which it is mapped."""
        return next((source for _, source in self.arguments if isinstance(source, Each)), None)


@dataclass(frozen=True)
class Graph:
    """A graph with named outputs."""

    name: str
    inputs: tuple[Input, ...] = ()
    calls: tuple[Call, ...] = ()
    outputs: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True)
class Hook:
    """A success or failure hook."""

    name: str
    on: str = "success"  # or "failure"
    raises: bool = False


@dataclass(frozen=True)
class Resource:
    """A resource that records its start and its end in the trace."""

    name: str
    needs: tuple[str, ...] = ()
    manner: str = "yield"  # or "return"
    fails: str | None = None  # "setup" or "teardown"


@dataclass(frozen=True)
class Pipeline:
    """A job and one run of it. All strings are source code, except for names."""

    graph: Graph
    as_job: bool = True  # otherwise a graph that becomes a job with outputs
    retries: int | None = None
    hooks: tuple[Hook, ...] = ()  # including those that calls use
    job_hooks: tuple[str, ...] = ()
    resources: tuple[Resource, ...] = ()
    partitions: str | None = None
    partition_key: str | None = None
    partitioned_config: str | None = None  # a decorator whose function returns `config`
    config: str | None = None
    config_of: str = "run"  # or "job": its default
    input_values: str | None = None
    op_selection: tuple[str, ...] = ()

    def definitions(self) -> list[Op | Graph]:
        """Ops and graphs below the top graph, each after the ones that it contains."""
        found: dict[str, Op | Graph] = {}

        def visit(graph: Graph) -> None:
            for call in graph.calls:
                if call.definition.name not in found:
                    if isinstance(call.definition, Graph):
                        visit(call.definition)
                    found[call.definition.name] = call.definition

        visit(self.graph)
        return list(found.values())


def node_names(graph: Graph) -> list[str]:
    """Return the name of each call's node: its alias, or the name of its definition with a number."""
    names: list[str] = []
    for call in graph.calls:
        wanted, number = call.alias or call.definition.name, 1
        name = wanted
        while name in names:
            number += 1
            name = f"{wanted}_{number}"
        names.append(name)
    return names


def output_names(definition: Op | Graph) -> list[str]:
    """Return the names of the outputs of an op or graph."""
    if isinstance(definition, Op):
        return [output.name for output in definition.outputs]
    return [name for name, _ in definition.outputs]


@dataclass(frozen=True)
class Asset:
    """An asset, with the assets that it reads."""

    name: str
    reads: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()  # ordered before this asset, but not read
    prefix: str | None = None
    partitions: str | None = None
    manner: str = "return"  # or the returned value: "Output", "MaterializeResult", "None", "nothing"
    required: bool = True
    retries: int | None = None
    fail: Fail | None = None
    type: str | None = None
    fits: bool = True


@dataclass(frozen=True)
class Assets:
    """Assets, and one materialization of them."""

    assets: tuple[Asset, ...]
    selection: str | None = None
    partition_key: str | None = None
