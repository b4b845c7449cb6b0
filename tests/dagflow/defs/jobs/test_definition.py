"""Job definitions: stored arguments, defaults and errors."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AssetKey,
    GraphDefinition,
    In,
    JobDefinition,
    MetadataValue,
    Out,
    ResourceDefinition,
    RetryPolicy,
    StaticPartitionsDefinition,
    graph,
    in_process_executor,
    job,
    mem_io_manager,
    multi_or_in_process_executor,
    op,
)
from dagflow.errors import DagflowInvalidDefinitionError as BadDefinition
from dagflow.errors import (
    DagflowInvalidInvocationError,
    DagflowInvalidMetadata,
    DagflowInvalidSubsetError,
    DagflowInvariantViolationError,
    ParameterCheckError,
)


class Cup:
    """A type without a loader."""


@op
def beans() -> int:
    return 2


@op
def brew(n: Any) -> Any:
    return n * 10


@graph
def shop(amount: Any) -> Any:
    return brew(amount)


def _job(**arguments: Any) -> JobDefinition:
    return job(name="j", **arguments)(lambda: (beans(), None)[1])


def test_a_bare_job() -> None:
    """Name, description and graph come from the function; defaults are added."""

    @job
    def cafe() -> None:
        """Serves."""
        brew(beans())

    assert isinstance(cafe, JobDefinition)
    assert (cafe.name, cafe.description) == ("cafe", "Serves.")
    assert cafe.executor_def is multi_or_in_process_executor
    assert list(cafe.resource_defs) == ["io_manager"]
    assert [node.name for node in cafe.nodes] == ["beans", "brew"]
    assert cafe.graph.name == "cafe"
    assert (cafe.tags, cafe.metadata, cafe.partitions_def, cafe.owners) == ({}, {}, None, [])
    assert repr(cafe) == "<job 'cafe'>"


def test_every_parameter() -> None:
    """Each argument is stored; plain resources are wrapped."""
    policy, parts = RetryPolicy(2), StaticPartitionsDefinition(["a"])
    made = _job(
        description="d",
        resource_defs={"db": 5, "io_manager": mem_io_manager},
        config={"ops": {}},
        tags={"t": 1},
        metadata={"m": 1},
        executor_def=in_process_executor,
        op_retry_policy=policy,
        partitions_def=parts,
        owners=["team:me"],
    )

    assert (made.description, made.tags) == ("d", {"t": "1"})
    assert made.partitioned_config.get_run_config_for_partition_key("a") == {"ops": {}}
    assert made.resource_defs["db"].value == 5
    assert made.resource_defs["io_manager"] is mem_io_manager
    assert (made.metadata, made.owners) == ({"m": MetadataValue.int(1)}, ["team:me"])
    assert (made.executor_def, made.op_retry_policy) == (in_process_executor, policy)
    assert made.partitions_def is parts


def test_the_class_itself() -> None:
    """The name comes from the graph; legacy arguments are accepted."""
    made = JobDefinition(
        graph_def=shop,
        preset_defs=None,
        version_strategy=None,
        _metadata_entries=None,
        _executor_def_specified=None,
        _input_values={"amount": 3},
    )

    assert made.name == "shop"
    assert made.input_values == {"amount": 3}
    assert made.execute_in_process().output_value() == 30
    assert JobDefinition(graph_def=shop, name="night").name == "night"


@pytest.mark.parametrize(
    ("graph_tags", "tags", "run_tags", "expected"),
    [
        (None, {"a": 1}, None, {"a": "1"}),
        ({"g": "g", "a": "g"}, {"a": "t"}, None, {"g": "g", "a": "t"}),
        ({"g": "g"}, {"a": "t", "c": "t"}, {"b": "r", "c": "r"}, {"g": "g", "b": "r", "c": "r"}),
        ({"g": "g"}, {"a": "t"}, {}, {"g": "g"}),
    ],
)
def test_tags_of_runs(graph_tags: Any, tags: Any, run_tags: Any, expected: dict[str, str]) -> None:
    """They are the tags of the graph plus `run_tags`, or plus `tags` without `run_tags`."""
    g = graph(name="g", tags=graph_tags)(lambda: (beans(), None)[1])
    made = g.to_job(tags=tags, run_tags=run_tags)

    assert made.run_tags == expected
    assert made.execute_in_process().dagflow_run.tags == expected
    assert made.tags == {**(graph_tags or {}), **{key: str(value) for key, value in tags.items()}}


def test_changes_are_copies() -> None:
    """A change returns a copy without the cache; the job itself is unchanged."""
    made = _job()
    made.execute_in_process()
    changed = made.with_changes(name="other")

    assert (made.name, changed.name) == ("j", "other")
    assert changed.graph is made.graph
    assert not changed.compiled


def test_top_level_resources_go_under_its_own() -> None:
    """The resources of the job win; its default I/O manager is replaced."""
    made = _job(resource_defs={"db": 1}).with_top_level_resources(
        {"db": 2, "more": 3, "io_manager": mem_io_manager}
    )

    assert (made.resource_defs["db"].value, made.resource_defs["more"].value) == (1, 3)
    assert made.resource_defs["io_manager"] is mem_io_manager
    assert "io_manager" in _job().with_top_level_resources({}).resource_defs


def test_a_part_of_a_job() -> None:
    """`to_job(op_selection=)` keeps the nodes, inputs and bound values of the selection only."""

    @graph
    def two(p: Any, q: Any) -> None:
        brew.alias("tp")(p)
        brew.alias("tq")(q)

    part = two.to_job(op_selection=["tp"], input_values={"p": 1, "q": 2})

    assert [node.name for node in part.nodes] == ["tp"]
    assert (part.op_selection, part.input_values) == (("tp",), {"p": 1})
    assert part.execute_in_process().output_for_node("tp") == 10
    with pytest.raises(DagflowInvalidSubsetError, match="'nope'"):
        two.to_job(op_selection=["nope"])


def test_a_part_that_cannot_run() -> None:
    """The error names an input that has no source and cannot be read from config."""
    pour = op(name="pour", out=Out(Cup))(lambda: Cup())
    drink = op(name="drink", ins={"cup": In(Cup)})(lambda cup: 1)

    @graph
    def bar() -> None:
        drink(pour())

    with pytest.raises(
        DagflowInvalidSubsetError, match=r"\['drink'\] leaves a graph that cannot run: .*'cup'"
    ) as raised:
        bar.to_job(op_selection=["drink"])
    assert isinstance(raised.value.__cause__, BadDefinition)


def test_an_input_that_nothing_can_feed() -> None:
    """It raises for a job, not for a graph; the message has the path of the op and the type."""
    drink = op(name="drink", ins={"cup": In(Cup)})(lambda cup: 1)
    inner = GraphDefinition("inner", node_defs=[drink])
    outer = GraphDefinition("outer", node_defs=[inner])

    with pytest.raises(
        BadDefinition, match=r"Input 'cup' of op 'inner\.drink' has no way of being resolved.* type 'Cup'"
    ):
        outer.to_job()


@pytest.mark.parametrize(
    "given",
    [
        In(Cup, default_value=Cup()),
        In(Cup, input_manager_key="cups"),
        In(int),
        In(),
    ],
)
def test_inputs_that_something_can_feed(given: In) -> None:
    """A default, an input manager, a loader, and config of an untyped input are accepted."""
    drink = op(name="drink", ins={"cup": given})(lambda cup: 1)
    assert GraphDefinition("g", node_defs=[drink]).to_job().name == "g"


def test_a_graph_input_without_a_loader_waits_for_its_value() -> None:
    """Its value may be given to the run."""
    drink = op(name="drink", ins={"cup": In(Cup)})(lambda cup: 1)
    made = graph(name="g")(lambda cup: drink(cup)).to_job()

    assert made.execute_in_process(input_values={"cup": Cup()}).success
    with pytest.raises(
        DagflowInvalidInvocationError,
        match=r"'g' .* input 'cup', .* op 'drink' .* type 'Cup'.*input_values={'cup'",
    ):
        made.execute_in_process()


BAD: list[tuple[str, Any, type[Exception], str]] = [
    (
        "returns a handle",
        lambda: job(name="j")(lambda: beans()),
        BadDefinition,
        "'j' .*a job has 0 outputs defined",
    ),
    ("returns a dict", lambda: job(name="j")(lambda: {"a": beans()}), BadDefinition, "0 outputs defined"),
    ("name", lambda: job(name="a b")(lambda: None), BadDefinition, '"a b" is not a valid name for a job'),
    (
        "reserved name",
        lambda: shop.to_job(name="config"),
        BadDefinition,
        '"config" is not a valid name for a job',
    ),
    ("no function", lambda: job()(5), BadDefinition, "@job must decorate a function, not 5"),
    ("graph", lambda: JobDefinition(graph_def=5), ParameterCheckError, "'graph_def'"),
    (
        "unknown",
        lambda: JobDefinition(graph_def=shop, x=1),
        ParameterCheckError,
        "JobDefinition has no parameter 'x'",
    ),
    ("executor", lambda: _job(executor_def=5), ParameterCheckError, "'executor_def' of job 'j'"),
    ("policy", lambda: _job(op_retry_policy=5), ParameterCheckError, "'op_retry_policy' of job 'j'"),
    ("partitions", lambda: _job(partitions_def=5), ParameterCheckError, "'partitions_def' of job 'j'"),
    ("resources", lambda: _job(resource_defs=[1]), ParameterCheckError, "'resource_defs' of job 'j'"),
    ("resource key", lambda: _job(resource_defs={"a b": 1}), BadDefinition, '"a b"'),
    (
        "config",
        lambda: _job(config=5),
        ParameterCheckError,
        "'config' of job 'j' must be a mapping, a RunConfig",
    ),
    ("tags", lambda: _job(tags=5), ParameterCheckError, "tags of job 'j'"),
    ("tag", lambda: _job(tags={"a": object()}), BadDefinition, "tag 'a' of job 'j'"),
    ("run tag", lambda: _job(run_tags={"a": object()}), BadDefinition, "tag 'a' of job 'j'"),
    ("metadata", lambda: _job(metadata={"a": object()}), DagflowInvalidMetadata, "'a'"),
    (
        "input",
        lambda: shop.to_job(input_values={"x": 1}),
        BadDefinition,
        r"key 'x'.*graph 'shop'.*\['amount'\]",
    ),
    ("inputs", lambda: shop.to_job(input_values=[1]), ParameterCheckError, "'input_values' of job 'shop'"),
    (
        "selection",
        lambda: shop.to_job(op_selection="brew"),
        ParameterCheckError,
        "'op_selection' must be a list",
    ),
]


@pytest.mark.parametrize(
    ("define", "error", "message"), [row[1:] for row in BAD], ids=[row[0] for row in BAD]
)
def test_what_is_refused(define: Any, error: type[Exception], message: str) -> None:
    """Invalid arguments raise at the definition, with the name of the job."""
    with pytest.raises(error, match=message):
        define()


def test_a_job_is_not_called() -> None:
    """A call raises, in a body and outside."""
    with pytest.raises(DagflowInvariantViolationError, match="call job 'j' directly"):
        _job()()
    with pytest.raises(DagflowInvariantViolationError, match="call job 'j' directly"):
        job(name="k")(lambda: _job()())


def test_a_missing_resource_is_no_matter_of_definition() -> None:
    """A missing resource raises at run time, since the run may provide it."""
    need = op(name="need", required_resource_keys={"db"})(lambda context: context.resources.db)
    made = job(name="j")(lambda: (need(), None)[1])

    assert made.execute_in_process(resources={"db": 5}).output_for_node("need") == 5
    assert (
        made.execute_in_process(resources={"db": ResourceDefinition.hardcoded_resource(6)}).output_for_node(
            "need"
        )
        == 6
    )
    with pytest.raises(BadDefinition, match="resource with key 'db' required by op 'need'"):
        made.execute_in_process()


def test_an_empty_job_runs() -> None:
    """It runs with zero steps."""
    result = job(name="j")(lambda: None).execute_in_process()

    assert result.success
    assert result.dagflow_run.step_keys_to_execute == []


def test_an_input_that_reads_an_asset() -> None:
    """The key is stored on the input of the op."""
    read = op(name="read", ins={"a": In(asset_key=["x", "y"])})(lambda a: a)
    assert read.ins["a"].asset_key == AssetKey(["x", "y"])
