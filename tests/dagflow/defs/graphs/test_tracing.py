"""The bodies of graphs: calls become nodes, values become handles, and mistakes raise clear errors."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AssetSpec,
    DynamicOut,
    GraphDefinition,
    In,
    IOManager,
    MultiDependencyDefinition,
    Nothing,
    Out,
    Output,
    RetryPolicy,
    SourceAsset,
    StaticPartitionsDefinition,
    graph,
    job,
    op,
)
from dagflow import asset as asset_of
from dagflow.defs.graphs.wiring import DependencyDefinition, DynamicCollectDependencyDefinition, InputMapping
from dagflow.defs.hooks.definition import success_hook
from dagflow.errors import DagflowInvalidDefinitionError as BadDefinition
from dagflow.errors import DagflowInvalidInvocationError, DagflowInvariantViolationError, ParameterCheckError


@op
def one() -> int:
    return 1


@op
def add(a: Any, b: Any = 10) -> Any:
    return a + b


@op(out={"p": Out(), "count": Out()})
def pair() -> Any:
    yield Output(1, "p")
    yield Output(2, "count")


@op(out=DynamicOut())
def many() -> Any: ...


@op(out={"some": DynamicOut(), "total": Out()})
def mixed() -> Any: ...


@op(ins={"after": In(Nothing)})
def late(a: Any) -> Any:
    return a


def made(body: Any) -> GraphDefinition:
    """The graph of a body."""
    return graph(name="g")(body)


def test_names_of_repeated_ops() -> None:
    """The second call is named `one_2`, the third `one_3`; calls with an alias do not count."""

    def body() -> None:
        one(), one.alias("first")(), one(), one()

    assert made(body).node_names() == ["one", "first", "one_2", "one_3"]


def test_automatic_names_go_round_aliases() -> None:
    """A number is skipped if an alias has this name."""

    def body() -> None:
        one.alias("one_2")(), one(), one(), one()

    assert made(body).node_names() == ["one_2", "one", "one_3", "one_4"]


def test_many_repetitions() -> None:
    """The numbers have no gaps."""

    def body() -> None:
        for _ in range(100):
            one()

    assert made(body).node_names() == ["one", *(f"one_{number}" for number in range(2, 101))]


def test_arguments_become_dependencies() -> None:
    """Arguments may be positional, by name, lists, and unpacked or named outputs."""

    def body() -> None:
        p, count = pair()
        add(one(), b=p)
        add.alias("listed")([one(), count, pair.alias("again")().count])

    ties = made(body).wires

    assert ties["add"] == {"a": DependencyDefinition("one"), "b": DependencyDefinition("pair", "p")}
    listed = ties["listed"]["a"]
    assert isinstance(listed, MultiDependencyDefinition)
    assert listed.dependencies == (
        DependencyDefinition("one_2"),
        DependencyDefinition("pair", "count"),
        DependencyDefinition("again", "count"),
    )


def test_nothing_inputs() -> None:
    """Nothing inputs come after the others, by position or name, alone or as a list."""

    def body() -> None:
        late(one(), one())
        late(one(), after=[one(), one()])

    ties = made(body).wires

    assert ties["late"]["after"] == DependencyDefinition("one_2")
    assert len(ties["late_2"]["after"].dependencies) == 2


def test_inputs_of_the_graph_are_mapped() -> None:
    """A graph input can feed one input, several inputs, and an element of a list."""

    def body(x, y):
        add(x, y)
        add(x)
        late([one(), y])

    g = made(body)

    assert g.input_names == ("x", "y")
    assert g.input_mappings == [
        InputMapping("x", "add", "a"),
        InputMapping("x", "add_2", "a"),
        InputMapping("y", "add", "b"),
        InputMapping("y", "late", "a", 1),
    ]


def test_what_an_invocation_adds() -> None:
    """An invocation adds alias, tags, policy and hooks; the op is unchanged."""
    tagged = op(name="tagged", tags={"a": "1", "b": "1"})(lambda: 1)
    policy = RetryPolicy(max_retries=3)
    hook = success_hook(lambda context: None, name="quiet")

    def body() -> None:
        pending = tagged.tag({"b": "2"}).tag({"c": 3}).with_retry_policy(policy).with_hooks({hook})
        pending.alias("other")()
        tagged()

    g = made(body)
    other, plain = g.node_named("other"), g.node_named("tagged")

    assert other.tags == {"a": "1", "b": "2", "c": "3"}
    assert (other.retry_policy, other.hook_defs) == (policy, {hook})
    assert (plain.tags, plain.retry_policy, plain.hook_defs) == ({"a": "1", "b": "1"}, None, frozenset())
    assert other.definition is plain.definition is tagged


def test_graphs_in_graphs() -> None:
    """A graph is called like an op, and may have several outputs."""

    @graph
    def inner(x: Any) -> Any:
        return add(x)

    def body() -> None:
        add(inner(one()), inner(inner.alias("deep")(one())))

    g = made(body)

    assert g.node_names() == ["one", "inner", "one_2", "deep", "inner_2", "add"]
    assert g.wires["inner_2"] == {"x": DependencyDefinition("deep")}


def test_a_graph_made_in_the_body_of_another() -> None:
    """The nodes of the inner graph belong to it alone."""

    def body() -> None:
        @graph
        def inner() -> Any:
            return one()

        add(inner())

    assert made(body).node_names() == ["inner", "add"]


def test_dynamic_outputs_are_mapped_and_collected() -> None:
    """A node in `map` reads a single value; its output is dynamic again and can be collected."""

    def body() -> None:
        mapped = many().map(lambda value: add(add(value), one()))
        late(mapped.collect())
        several = many().map(lambda value: (add(value), late(value)))
        assert len(several) == 2
        assert many().map(lambda value: None) is None
        some, total = mixed()
        add(some.collect(), total)

    ties = made(body).wires

    assert ties["add"] == {"a": DependencyDefinition("many")}
    collected = ties["late"]["a"]
    assert isinstance(collected, DynamicCollectDependencyDefinition)
    assert (collected.node_name, collected.output_name) == ("add_2", "result")


def test_outputs_called_like_methods_of_tuples() -> None:
    """An output named `count` can be read by name."""

    @job
    def j() -> None:
        add(pair().count)

    assert j.execute_in_process().output_for_node("add") == 12


def _unpacked() -> None:
    a, b = one()
    add(a, b)


def _collected() -> None:
    many().map(lambda value: add(value).collect())


class _Other:
    handle: Any = None
    collected: Any = None
    input: Any = None


@graph
def other_graph(x: Any) -> None:
    """A graph whose handles leave its body."""
    _Other.handle, _Other.collected, _Other.input = add(x), many().collect(), x


same_name = op(name="one")(lambda: 2)


@op(name="loose", ins={"b": In(), "c": In()})
def _loose(a, **more):
    return a, more


BAD: list[tuple[str, Any, type[Exception], str]] = [
    (
        "alias twice",
        lambda: (one.alias("x")(), add.alias("x")(one())),
        BadDefinition,
        "'x' was invoked twice",
    ),
    ("alias is taken", lambda: (one(), add.alias("one")(one())), BadDefinition, "'one' was invoked twice"),
    (
        "name is an alias",
        lambda: (one.alias("add")(), add(one())),
        BadDefinition,
        "'add' is already the alias",
    ),
    ("constant", lambda: add(5), BadDefinition, "input 'a' of 'add' was given 5 of type 'int'"),
    ("constant in a list", lambda: add([one(), 5]), BadDefinition, r"input 'a\[1\]' of 'add' was given 5"),
    (
        "unknown keyword",
        lambda: add(aa=one()),
        BadDefinition,
        r"'add' has no input 'aa'.*\['a', 'b'\].*mean 'a'",
    ),
    ("too many", lambda: add(one(), one(), one()), BadDefinition, "3 positional arguments, but has 2 inputs"),
    ("too many for none", lambda: one(add(one())), BadDefinition, "has 0 inputs"),
    (
        "twice",
        lambda: add(one(), a=one()),
        DagflowInvalidInvocationError,
        "op add got multiple values for argument 'a'",
    ),
    ("all outputs", lambda: add(pair()), BadDefinition, r"all 2 outputs of 'pair' at once.*pair\(\)\.p"),
    ("unknown output", lambda: add(pair().pp), BadDefinition, "node 'pair' has no output 'pp'.*mean 'p'"),
    ("op itself", lambda: add(one), BadDefinition, r"was given 'one' itself.*parentheses. Write one\(\)"),
    ("pending itself", lambda: add(one.alias("x")), BadDefinition, r"was given 'x' itself.*x\(\)"),
    (
        "one output unpacked",
        _unpacked,
        DagflowInvariantViolationError,
        "attempted to iterate over output 'result' of 'one'.* It is one output. Give the op several outputs",
    ),
    (
        "one output indexed",
        lambda: add(one()[0]),
        DagflowInvariantViolationError,
        "attempted to index in to output 'result' of 'one'.* It is one output. Give the op several outputs",
    ),
    (
        "alias after the call",
        lambda: one().alias("x"),
        DagflowInvariantViolationError,
        "attempted to call alias method for .*output 'result' of 'one' .* location of parentheses",
    ),
    (
        "map of what is not dynamic",
        lambda: one().map(add),
        DagflowInvariantViolationError,
        r"output 'result' of 'one' is not dynamic, so it has no map\(\)",
    ),
    (
        "positions that are none",
        lambda: _loose(one(), one(), one()),
        BadDefinition,
        r"positional argument 2 of 'loose'.*Use keyword args.*\['b', 'c', 'a'\]",
    ),
    (
        "dynamic passed",
        lambda: add(many()),
        BadDefinition,
        r"was given the dynamic .*\.map\(\) or \.collect\(\)",
    ),
    (
        "two of one name",
        lambda: (one(), same_name.alias("x")()),
        BadDefinition,
        "same name 'one': op 'one' .* and op 'one'",
    ),
    (
        "handle of another graph",
        lambda: add(_Other.handle),
        BadDefinition,
        "belongs to the body of another graph",
    ),
    ("in a list", lambda: add([_Other.handle]), BadDefinition, "belongs to the body of another graph"),
    (
        "input of another graph",
        lambda: add(_Other.input),
        BadDefinition,
        "input 'x' of graph 'other_graph'.*another",
    ),
    (
        "collected elsewhere",
        lambda: add(_Other.collected),
        BadDefinition,
        "all values of output 'result' of 'many'",
    ),
    ("alias name", lambda: one.alias("a b"), BadDefinition, '"a b" is not a valid name for a node'),
    ("alias reserved", lambda: one.alias("input"), BadDefinition, '"input" is not a valid name for a node'),
    ("hooks", lambda: one.with_hooks([1]), ParameterCheckError, "'hook_defs'"),
    ("policy", lambda: one.with_retry_policy(3), ParameterCheckError, "'retry_policy'"),
    ("tags", lambda: one.tag({"a": object()}), BadDefinition, "tag 'a' of node 'one'"),
]


@pytest.mark.parametrize(("body", "error", "message"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_what_a_body_cannot_do(body: Any, error: type[Exception], message: str) -> None:
    """Errors name the input, node and graph, and the remedy."""
    with pytest.raises(error, match=message):
        made(lambda: (body(), None)[1])


def test_calls_outside_of_a_body() -> None:
    """An op runs, also with its own policy; a graph or an alias raises."""
    assert one() == 1
    assert one.with_retry_policy(RetryPolicy())() == 1
    assert one.alias("x")() == 1
    with pytest.raises(
        DagflowInvariantViolationError, match="call graph 'other_graph' outside of a composition function"
    ):
        other_graph(1)


def test_after_an_error_ops_are_functions_again() -> None:
    """A body that raises leaves no active composition behind."""
    with pytest.raises(ZeroDivisionError):
        made(lambda: 1 / 0)

    assert one() == 1


def test_a_list_as_a_value_of_a_multi_dependency() -> None:
    """A MultiDependencyDefinition accepts dependencies only."""
    with pytest.raises(ParameterCheckError, match="'dependencies'"):
        MultiDependencyDefinition(["a"])


def test_the_outcome_of_a_wrong_yield_is_no_matter_of_composition() -> None:
    """Tracing a body runs no op, so a wrong yield is not found."""

    @op
    def wrong() -> Any:
        yield 5

    g = made(lambda: (wrong(), None)[1])
    with pytest.raises(DagflowInvariantViolationError):
        g.execute_in_process()


class _Shelf(IOManager):
    """An I/O manager that records the load contexts and returns 5."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def handle_output(self, context: Any, obj: Any) -> None: ...

    def load_input(self, context: Any) -> Any:
        if context.has_asset_key:
            keys = list(context.asset_partition_keys) if context.has_asset_partitions else None
            self.asked.append((context.asset_key.to_user_string(), keys))
        return 5


@pytest.mark.parametrize("asset", [SourceAsset("tea", io_manager_key="shelf"), AssetSpec("tea")])
@pytest.mark.parametrize("is_nested", [False, True])
def test_an_asset_that_a_body_reads(asset: Any, is_nested: bool) -> None:
    """The I/O manager of the asset loads it, also through an input of an inner graph."""
    shelf = _Shelf()
    inner = graph(name="inner")(lambda a, b: add(a, b))
    g = made(lambda: (inner if is_nested else add)(asset, one()))

    result = g.execute_in_process(resources={"shelf": shelf, "io_manager": shelf})

    assert result.output_for_node("inner.add" if is_nested else "add") == 10
    assert ("tea", None) in shelf.asked


@pytest.mark.parametrize(("key", "read"), [("b", ["b"]), (None, ["a", "b"])])
def test_partitions_of_an_asset_that_a_body_reads(key: str | None, read: list[str]) -> None:
    """They are the partition of the run, or all partitions if the job has none."""
    shelf, parts = _Shelf(), StaticPartitionsDefinition(["a", "b"])
    tea = SourceAsset("tea", partitions_def=parts, io_manager_key="shelf")
    whole = made(lambda: late(tea)).to_job(
        resource_defs={"shelf": shelf}, partitions_def=parts if key is not None else None
    )

    assert whole.execute_in_process(partition_key=key).success
    assert shelf.asked == [("tea", read)]


def test_an_asset_in_a_list() -> None:
    """An asset cannot be an element of a list."""
    with pytest.raises(BadDefinition, match="Lists can only contain"):
        made(lambda: late([SourceAsset("tea")]))


def test_an_asset_as_a_node() -> None:
    """The op of the asset runs, but stores no asset."""
    tea = asset_of(name="tea")(lambda: 3)
    result = made(lambda: add(tea(), one())).execute_in_process()

    assert (result.output_for_node("add"), result.asset_materializations_for_node("tea")) == (4, [])


def test_uninvoked_definitions_are_warned_of() -> None:
    """A definition with an alias, tags, hooks or a policy, but without a call, warns once."""

    def body() -> None:
        kept, left = one.alias("kept"), one.alias("left")
        left.tag({"t": "1"}).with_retry_policy(RetryPolicy())
        kept.tag({"t": "1"})()

    with pytest.warns(UserWarning, match="uninvoked op 'one' .aliased as 'left'.*one.alias.'left'") as caught:
        g = made(body)

    assert len(caught) == 1
    assert g.node_names() == ["kept"]


def test_a_graph_with_an_alias_runs() -> None:
    """It runs as a job with this name, tags and hooks; an op raises."""
    pending = made(lambda: one()).alias("other").tag({"t": 1}).with_retry_policy(RetryPolicy(3))
    whole = pending.to_job(tags={"u": 2})

    assert (whole.name, whole.tags, whole.op_retry_policy) == ("other", {"t": "1", "u": "2"}, RetryPolicy(3))
    assert pending.execute_in_process().output_for_node("one") == 1
    with pytest.raises(DagflowInvalidInvocationError, match="op 'one' is not a graph"):
        one.alias("x").to_job()
