"""Graphs: the decorator, the constructor, and the errors of both."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    DependencyDefinition,
    DynamicOut,
    GraphDefinition,
    GraphIn,
    GraphOut,
    In,
    InputMapping,
    MultiDependencyDefinition,
    NodeInvocation,
    Out,
    Output,
    OutputMapping,
    graph,
    job,
    op,
)
from dagflow.errors import DagflowInvalidDefinitionError as BadDefinition
from dagflow.errors import DagflowInvariantViolationError, ParameterCheckError


@op
def boil() -> int:
    return 1


@op
def salt(x: Any) -> Any:
    return x + 1


@op
def plate(items: Any) -> Any:
    return items


@op(out={"p": Out(), "q": Out()})
def pair() -> Any:
    yield Output(1, "p")
    yield Output(2, "q")


def _x(node: str, output: str = "result") -> dict[str, Any]:
    return {"x": DependencyDefinition(node, output)}


def test_the_example_of_the_specification() -> None:
    """The example works: constructor, alias, ordered list, output mapping."""
    lunch = GraphDefinition(
        "lunch",
        node_defs=[boil, salt, plate],
        dependencies={
            NodeInvocation("salt", alias="salt2"): {"x": DependencyDefinition("boil")},
            "plate": {
                "items": MultiDependencyDefinition(
                    [DependencyDefinition("salt2"), DependencyDefinition("boil")]
                )
            },
        },
        output_mappings=[OutputMapping("out", "plate", "result")],
    )

    assert lunch.execute_in_process().output_value("out") == [2, 1]
    assert lunch.node_names() == ["salt2", "plate", "boil"]


def test_the_least_and_the_most() -> None:
    """A name is enough; all other arguments are stored."""
    config = {"salt": {"config": 1}}
    least = GraphDefinition("g")
    most = GraphDefinition(
        "g",
        description="d",
        node_defs=[salt],
        input_mappings=[InputMapping("n", "salt", "x")],
        output_mappings=[OutputMapping("o", "salt", "result")],
        tags={"t": 1},
        config=config,
    )

    assert (least.nodes, least.input_names, least.output_names) == ([], (), ())
    assert (most.description, most.tags, most.has_config_mapping) == ("d", {"t": "1"}, True)
    assert (most.input_names, most.output_names) == (("n",), ("o",))
    assert most.graph_input_of("salt", "x") == "n"
    assert [node.definition for node in most.nodes] == [salt]
    assert repr(most) == "<graph 'g'>"
    assert repr(most.nodes[0]) == "<node 'salt' of <op 'salt'>>"
    with pytest.raises(DagflowInvariantViolationError, match=r"graph 'g' has no node 'sal'.*'salt'"):
        most.node_named("sal")


def test_a_bare_decorator() -> None:
    """Name and description come from the function; the one output is `result`."""

    @graph
    def meal(x):
        """Cooks."""
        return salt(x)

    assert (meal.name, meal.description) == ("meal", "Cooks.")
    assert (meal.input_names, meal.output_names) == (("x",), ("result",))
    assert meal.execute_in_process(input_values={"x": 3}).output_value() == 4


def test_every_parameter_of_the_decorator() -> None:
    """Name, description, inputs, output and tags are stored."""

    @graph(name="m", description="d", ins={"x": GraphIn("i")}, out=GraphOut("o"), tags={"t": 1})
    def meal(x: Any) -> Any:
        return salt(x)

    assert (meal.name, meal.description, meal.tags) == ("m", "d", {"t": "1"})
    assert meal.ins["x"].description == "i"
    assert meal.outs["result"].description == "o"


def test_inputs_come_in_the_order_of_the_signature() -> None:
    """The order of their use in the body does not matter."""

    @graph
    def meal(a: Any, b: Any) -> None:
        salt(b)
        salt(a)

    assert meal.input_names == ("a", "b")


TWO = {"a": GraphOut(), "b": GraphOut()}


@pytest.mark.parametrize(
    "body",
    [
        lambda: {"b": salt(boil()), "a": boil()},
        lambda: (boil(), salt(boil())),
    ],
)
def test_several_outputs(body: Any) -> None:
    """A body returns several outputs as a dict by name, or as a tuple by position."""
    result = graph(name="g", out=TWO)(body).execute_in_process()

    assert (result.output_value("a"), result.output_value("b")) == (1, 2)


@pytest.mark.parametrize(
    ("out", "names"), [(TWO, ("a", "b")), ({"p": GraphOut(), "q": GraphOut()}, ("p", "q"))]
)
def test_all_outputs_of_one_node(out: Any, names: tuple[str, str]) -> None:
    """The outputs of a node are matched by position, or by name if the names are equal."""
    g = graph(name="g", out=out)(lambda: pair())
    result = g.execute_in_process()

    assert g.output_names == names
    assert [result.output_value(name) for name in names] == [1, 2]


def test_one_output_with_a_name() -> None:
    """A single handle becomes the one named output."""
    g = graph(name="g", out={"a": GraphOut()})(lambda: boil())
    assert g.execute_in_process().output_value("a") == 1


def test_graphs_nest() -> None:
    """Inputs and outputs pass through each level of nested graphs."""

    @graph
    def inner(n: Any) -> Any:
        return salt(salt(n))

    @graph(out={"deep": GraphOut()})
    def middle(n: Any) -> Any:
        return inner(inner.alias("more")(n))

    @job
    def outer() -> None:
        plate([boil(), middle(boil())])

    result = outer.execute_in_process()

    assert result.output_for_node("plate") == [1, 5]
    assert result.output_for_node("middle.more.salt_2") == 3


def test_an_input_of_a_graph_in_a_list() -> None:
    """A graph input keeps its position in a list of node outputs."""

    @graph
    def g(x: Any, y: Any) -> Any:
        return plate([x, boil(), y])

    assert g.execute_in_process(input_values={"x": "x", "y": "y"}).output_value() == ["x", 1, "y"]


def test_an_input_with_slots_by_constructor() -> None:
    """A mapping to a list element needs a GraphInputSlot at its index."""
    with pytest.raises(
        BadDefinition,
        match=r"element 0 of input 'x' of node 'salt', but the dependency of this input is not a Multi",
    ):
        GraphDefinition(
            "g", node_defs=[salt], input_mappings=[InputMapping("n", "salt", "x", fan_in_index=0)]
        )


NODES = [boil, salt, pair]
CONSTRUCTOR: list[tuple[str, dict[str, Any], str]] = [
    ("no node", {"node_defs": [5]}, "graph 'g': Invalid item in node list: 5. It must hold ops"),
    (
        "two of one name",
        {"node_defs": [boil, op(name="boil")(lambda: 2)]},
        "same name 'boil'",
    ),
    ("unknown node", {"dependencies": {"sal": {}}}, 'node "sal" in dependency dictionary not found.*salt'),
    (
        "unknown upstream",
        {"dependencies": {"salt": _x("boi")}},
        "input 'x' of node 'salt' .* node \"boi\" not found in node list.*'boil'",
    ),
    (
        "unknown input",
        {"dependencies": {"salt": {"y": DependencyDefinition("boil")}}},
        r'op "salt" does not have input "y"; its inputs are \[.x.\]',
    ),
    (
        "unknown output",
        {"dependencies": {"salt": _x("pair", "pp")}},
        r'"pair" does not have output "pp"; its outputs are \[.p., .q.\].*.p.',
    ),
    (
        "no dependency",
        {"dependencies": {"salt": {"x": "boil"}}},
        'node "salt" input "x": a DependencyDefinition',
    ),
    ("node twice", {"dependencies": {"salt": {}, NodeInvocation("salt"): {}}}, "two nodes are named 'salt'"),
    ("alias taken", {"dependencies": {NodeInvocation("salt", "boil"): {}}}, "two nodes are named 'boil'"),
    ("cycle", {"dependencies": {"salt": _x("salt")}}, "node 'salt' has a circular reference: its input 'x'"),
    (
        "mapped node",
        {"input_mappings": [InputMapping("n", "sal", "x")]},
        "its input 'n' leads to node 'sal'.*'salt'",
    ),
    ("mapped input", {"input_mappings": [InputMapping("n", "salt", "y")]}, "input 'y' of node 'salt'"),
    (
        "mapped twice",
        {"input_mappings": [InputMapping(n, "salt", "x") for n in "nm"]},
        "already satisfied by another mapping",
    ),
    (
        "satisfied",
        {"dependencies": {"salt": _x("boil")}, "input_mappings": [InputMapping("n", "salt", "x")]},
        "input 'x' of node 'salt', which is already satisfied by output of",
    ),
    (
        "mapped output node",
        {"output_mappings": [OutputMapping("o", "boi", "result")]},
        "its output 'o' reads from an unknown node",
    ),
    (
        "mapped output",
        {"output_mappings": [OutputMapping("o", "boil", "x")]},
        'node "boil" does not have output "x"',
    ),
    (
        "output twice",
        {"output_mappings": [OutputMapping("o", "boil", "result")] * 2},
        "two mappings have the same output name",
    ),
]


@pytest.mark.parametrize(
    ("arguments", "message"), [row[1:] for row in CONSTRUCTOR], ids=[row[0] for row in CONSTRUCTOR]
)
def test_mistakes_in_the_constructor(arguments: dict[str, Any], message: str) -> None:
    """Errors name the graph, node, input or output, and the most similar name."""
    with pytest.raises(BadDefinition, match=message):
        GraphDefinition("g", **{"node_defs": NODES, **arguments})


def test_a_longer_cycle_is_shown_whole() -> None:
    """The message shows each node of the cycle once, and the first again at the end."""
    with pytest.raises(
        BadDefinition, match="graph 'g': Circular dependencies exist between nodes: 'a' -> 'b' -> 'c' -> 'a'"
    ):
        GraphDefinition(
            "g",
            node_defs=[salt],
            dependencies={
                NodeInvocation("salt", "c"): _x("b"),
                NodeInvocation("salt", "a"): _x("c"),
                NodeInvocation("salt", "b"): _x("a"),
            },
        )


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("a b",), BadDefinition, '"a b" is not a valid name for a graph'),
        (("config",), BadDefinition, "reserved"),
        ((5,), BadDefinition, '"5" is not a valid name'),
    ],
)
def test_names_of_graphs(arguments: Any, error: type[Exception], message: str) -> None:
    """The rules for names are those of ops."""
    with pytest.raises(error, match=message):
        GraphDefinition(*arguments)


def test_unknown_parameters() -> None:
    """The constructor refuses unknown parameters."""
    with pytest.raises(ParameterCheckError, match="GraphDefinition has no parameter 'nodes'"):
        GraphDefinition("g", nodes=[])


def _unused(x: Any) -> None:
    boil()


def _own_input(x: Any) -> Any:
    salt(x)
    return x


def _returned_with_out(x: Any) -> Any:
    salt(x)
    return {"a": boil(), "b": x}


DECORATOR: list[tuple[str, Any, dict[str, Any], str]] = [
    (
        "unused input",
        _unused,
        {},
        r"graph 'g' \(.*test_definition.py:\d+\): its input 'x' feeds no node.*unmapped",
    ),
    ("own input", _own_input, {}, "input 'x' of graph 'g', which is not one output of a node"),
    (
        "own input by name",
        _returned_with_out,
        {"out": TWO},
        "output 'b' must be an output of a node.*own input",
    ),
    ("dict without out", lambda: {"a": boil()}, {}, "Name the outputs with out="),
    ("tuple without out", lambda: (boil(), boil()), {}, "Name the outputs with out="),
    ("constant", lambda: 5, {}, "returned 5, which is not one output of a node"),
    ("constant for several", lambda: 5, {"out": TWO}, r"has the outputs \['a', 'b'\], but returned 5"),
    ("nothing for one", lambda: None, {"out": GraphOut()}, "returned None"),
    ("nothing for several", lambda: None, {"out": TWO}, "missing: .*'a', 'b'"),
    ("one for two", lambda: boil(), {"out": TWO}, r"missing: \['b'\]"),
    ("three for two", lambda: (boil(), boil(), boil()), {"out": TWO}, r"unknown: \['2'\]"),
    ("wrong names", lambda: {"a": boil(), "c": boil()}, {"out": TWO}, r"missing: \['b'\]; unknown: \['c'\]"),
    ("too few of a node", lambda: pair(), {"out": {**TWO, "c": GraphOut()}}, "missing"),
    ("unknown ins", lambda x: salt(x), {"ins": {"xx": GraphIn()}}, "'ins' names an input 'xx'.*'x'"),
    ("starred", lambda *args: None, {}, r"the parameter '\*args' cannot be an input"),
    ("keywords", lambda **more: None, {}, r"the parameter '\*\*more' cannot be an input"),
    (
        "output name",
        lambda: {"a b": boil()},
        {"out": {"a b": GraphOut()}},
        '"a b" is not a valid name for an output',
    ),
]


@pytest.mark.parametrize(
    ("body", "arguments", "message"), [row[1:] for row in DECORATOR], ids=[row[0] for row in DECORATOR]
)
def test_mistakes_of_the_decorator(body: Any, arguments: dict[str, Any], message: str) -> None:
    """Errors name the graph and the problem in its body."""
    with pytest.raises(BadDefinition, match=message):
        graph(name="g", **arguments)(body)


def test_a_graph_is_made_of_a_function() -> None:
    """The decorator refuses any other object."""
    with pytest.raises(BadDefinition, match="@graph must decorate a function, not 5"):
        graph()(5)
    with pytest.raises(ParameterCheckError, match="'ins' of graph 'g'"):
        graph(name="g", ins=["x"])(lambda x: salt(x))


def test_to_job_takes_what_a_job_takes() -> None:
    """`to_job` uses the description of the graph by default, and merges the tags."""

    @graph(tags={"g": "1"})
    def g() -> None:
        """Cooks."""
        boil()

    made = g.to_job(name="j", tags={"t": "1"}, metadata={"m": 1}, owners=["team:me"])

    assert (made.name, made.description, made.tags) == ("j", "Cooks.", {"g": "1", "t": "1"})
    assert (made.metadata["m"].value, made.owners) == (1, ["team:me"])
    assert g.to_job(description="d").description == "d"
    assert g.to_job().name == "g"
    assert g.to_job().graph is g


def test_a_graph_without_outputs_gives_nothing() -> None:
    """A call of it in another body returns None."""

    @graph
    def g() -> None:
        boil()

    seen = []

    @job
    def j() -> None:
        seen.append(g())

    assert seen == [None]
    assert j.execute_in_process().success


def test_inputs_with_in_are_graph_inputs_too() -> None:
    """Type and default come from the input of the first op."""
    typed = op(name="typed", ins={"n": In(int, default_value=4)})(lambda n: n)
    g = GraphDefinition("g", node_defs=[typed], input_mappings=[InputMapping("x", "typed", "n")])

    assert g.execute_in_process().output_for_node("typed") == 4
    assert g.execute_in_process(run_config={"inputs": {"x": 5}}).output_for_node("typed") == 5


def test_a_list_for_an_input_that_takes_none():
    """Several outputs, graph inputs or collected values become a list; a type without lists raises."""

    @op
    def make():
        return 1

    @op(out=DynamicOut())
    def makes():
        return []

    @op
    def total(numbers: list[int], unit: str):
        return sum(numbers)

    def outputs():
        total([make()], [make()])

    def inputs(unit):
        total([make()], [unit])

    def values():
        total([make()], makes().collect())

    for body in (outputs, inputs, values):
        with pytest.raises(BadDefinition, match=r"input 'unit' of node 'total' .* its type 'String'"):
            graph(body)
