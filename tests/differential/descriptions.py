"""Pipelines as plain data: what `drawing` draws, `program` writes as Python code, and a failure shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Input:
    """A parameter of an op, or an input of a graph."""

    name: str
    type: str | None = None  # an annotation; "Nothing": only an order
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
    """A value comes out of an op."""

    output: Output
    keys: tuple[str, ...] = ()  # mapping keys, of a dynamic output
    fits: bool = True  # whether the value is of the output's type


@dataclass(frozen=True)
class Fail:
    """The first attempts end here."""

    error: str  # as code
    attempts: int = 99


@dataclass(frozen=True)
class Report:
    """An event of the user's."""

    event: str  # as code
    logged: bool = False  # by the context; else it is yielded


@dataclass(frozen=True)
class Op:
    """An op, and what its body does, one act after the other."""

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
    """An input of the graph around."""

    name: str


@dataclass(frozen=True)
class Each:
    """One value after the other of a dynamic output: the call is mapped."""

    value: Value


@dataclass(frozen=True)
class Collect:
    """All values of a dynamic output."""

    value: Value


@dataclass(frozen=True)
class FanIn:
    """Several values as one list."""

    parts: tuple[Value | GraphInput, ...]


Source = Value | GraphInput | Each | Collect | FanIn


@dataclass(frozen=True)
class Call:
    """A node of a graph: which op or graph, fed by what."""

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
    """A graph; its outputs are all named."""

    name: str
    inputs: tuple[Input, ...] = ()
    calls: tuple[Call, ...] = ()
    outputs: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True)
class Hook:
    """A hook."""

    name: str
    on: str = "success"  # or "failure"
    raises: bool = False


@dataclass(frozen=True)
class Resource:
    """A resource that says when it starts and stops."""

    name: str
    needs: tuple[str, ...] = ()
    manner: str = "yield"  # or "return"
    fails: str | None = None  # "setup" or "teardown"


@dataclass(frozen=True)
class Pipeline:
    """A job and one run of it. What is text besides names is code."""

    graph: Graph
    as_job: bool = True  # else a graph that is made a job, whose outputs can be asked for
    retries: int | None = None
    hooks: tuple[Hook, ...] = ()  # all that are used in calls too
    job_hooks: tuple[str, ...] = ()
    resources: tuple[Resource, ...] = ()
    partitions: str | None = None
    partition_key: str | None = None
    partitioned_config: str | None = None  # a decorator, whose function gives `config`
    config: str | None = None
    config_of: str = "run"  # or "job": its default
    input_values: str | None = None
    op_selection: tuple[str, ...] = ()

    def definitions(self) -> list[Op | Graph]:
        """Ops and graphs below the top one, each after all that it is made of."""
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
    """The name of each call's node: its alias, or that of its definition with a number."""
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
    """The names of the outputs of an op or graph."""
    if isinstance(definition, Op):
        return [output.name for output in definition.outputs]
    return [name for name, _ in definition.outputs]


@dataclass(frozen=True)
class Asset:
    """An asset that is made of others."""

    name: str
    reads: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()  # needed, not read
    prefix: str | None = None
    partitions: str | None = None
    manner: str = "return"  # or what it returns: "Output", "MaterializeResult", "None", "nothing"
    required: bool = True
    retries: int | None = None
    fail: Fail | None = None
    type: str | None = None
    fits: bool = True


@dataclass(frozen=True)
class Assets:
    """Assets and one materialization of them."""

    assets: tuple[Asset, ...]
    selection: str | None = None
    partition_key: str | None = None
