"""`@graph_asset` and `@graph_multi_asset`: keys, facts, steps, config, hooks, partitions, checks, errors."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetIn,
    AssetKey,
    AssetOut,
    AssetsDefinition,
    ConfigMapping,
    DagflowEventType,
    DynamicOut,
    DynamicOutput,
    FilesystemIOManager,
    LastPartitionMapping,
    MaterializeResult,
    Out,
    StaticPartitionsDefinition,
    TimeWindowPartitionMapping,
    asset,
    graph,
    graph_asset,
    graph_multi_asset,
    materialize,
    materialize_to_memory,
    op,
    success_hook,
)
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvariantViolationError,
    ParameterCheckError,
)

PARTS = StaticPartitionsDefinition(["mon", "tue"])


@op
def boil() -> int:
    return 100


@op
def cool(degrees: Any) -> Any:
    return degrees - 20


@op(out={"cups": Out(), "rest": Out()})
def pour() -> Any:
    return 2, 1


@op
def is_hot(degrees: Any) -> AssetCheckResult:
    return AssetCheckResult(passed=degrees > 50)


@asset
def leaves() -> int:
    return 7


def _kitchen() -> Any:
    degrees = boil()
    return {"water": degrees, "tea": cool(degrees)}


def _made(fn: Any = _kitchen, **more: Any) -> AssetsDefinition:
    return graph_multi_asset(
        **{"name": "_kitchen", "outs": {"water": AssetOut(), "tea": AssetOut()}, **more}
    )(fn)


def _starts(result: Any) -> list[str]:
    return [event.step_key for event in result.filter_events(lambda event: event.is_step_start)]


def _made_by(result: Any) -> dict[str, str]:
    return {
        event.asset_key.to_user_string(): event.step_key
        for event in result.get_asset_materialization_events()
    }


def test_only_the_op_whose_output_is_returned_stores_the_asset() -> None:
    """Its steps are named after the asset and the op, and the last op materializes the asset."""

    @graph_asset
    def water() -> Any:
        """Hot water."""
        return cool(boil())

    result = materialize([water])

    assert water.get_asset_spec().description == "Hot water."
    assert _starts(result) == ["water.boil", "water.cool"]
    assert _made_by(result) == {"water": "water.cool"}
    assert result.asset_value("water") == 80


def test_all_facts_of_a_graph_asset() -> None:
    """The arguments become the facts of the asset; the key makes the name of the graph."""

    @graph_asset(
        key_prefix=["bar", "hot"],
        ins={"degrees": AssetIn("leaves")},
        group_name="drinks",
        tags={"size": "xl"},
        kinds={"sql"},
        owners=["team:bar"],
        metadata={"cups": 2},
        code_version="3",
        description="A tea.",
        resource_defs={"stove": 1},
    )
    def tea(degrees: Any) -> Any:
        return cool(cool(degrees))

    spec = tea.get_asset_spec()
    result = materialize_to_memory([leaves, tea])

    assert tea.key == AssetKey(["bar", "hot", "tea"])
    assert (tea.node_def.name, tea.keys_by_input_name) == ("bar__hot__tea", {"degrees": AssetKey("leaves")})
    assert (spec.group_name, spec.kinds, spec.owners) == ("drinks", {"sql"}, ["team:bar"])
    assert (spec.metadata, spec.code_version, spec.description) == ({"cups": 2}, "3", "A tea.")
    assert spec.tags["size"] == "xl"
    assert list(tea.resource_defs) == ["stove"]
    assert _starts(result) == ["leaves", "bar__hot__tea.cool", "bar__hot__tea.cool_2"]
    assert result.asset_value(["bar", "hot", "tea"]) == -33
    assert graph_asset(key=["a", "b"])(lambda: boil()).node_def.name == "a__b"


def test_a_dict_or_a_tuple_of_outputs() -> None:
    """`graph_multi_asset` takes a dict by output, or a tuple in the order of `outs`."""

    def in_order() -> Any:
        degrees = boil()
        return degrees, cool(degrees)

    assert _made_by(materialize_to_memory([_made()])) == {"water": "_kitchen.boil", "tea": "_kitchen.cool"}
    assert _made_by(materialize([_made(in_order, name="in_order")])) == {
        "water": "in_order.boil",
        "tea": "in_order.cool",
    }
    assert _made(lambda: pour(), name="two").keys == {AssetKey("water"), AssetKey("tea")}


def test_facts_of_asset_outs() -> None:
    """An AssetOut has the key and facts of its asset; `group_name` replaces their groups."""
    outs = {"water": AssetOut(key_prefix="bar", group_name="a", kinds={"csv"}), "tea": AssetOut(key="t")}
    made = _made(outs=outs, partitions_def=PARTS)
    grouped = _made(outs=outs, group_name="all")

    assert made.keys_by_output_name == {"water": AssetKey(["bar", "water"]), "tea": AssetKey("t")}
    assert made.group_names_by_key == {AssetKey(["bar", "water"]): "a", AssetKey("t"): "default"}
    assert made.specs_by_key[AssetKey(["bar", "water"])].kinds == {"csv"}
    assert [spec.partitions_def for spec in made.specs] == [PARTS, PARTS]
    assert set(grouped.group_names_by_key.values()) == {"all"}


def test_config_of_the_ops() -> None:
    """The config of the ops comes from the run config, a dict, or a config mapping."""

    @op(config_schema={"degrees": int})
    def heat(context: Any) -> int:
        return int(context.op_config["degrees"])

    def water() -> Any:
        return cool(heat())

    def config(degrees: int) -> dict[str, Any]:
        return {"heat": {"config": {"degrees": degrees}}}

    mapping = ConfigMapping(config_schema={"d": int}, config_fn=lambda given: config(given["d"]))
    from_run = {"ops": {"water": {"ops": config(70)}}}
    from_mapping = {"ops": {"water": {"config": {"d": 60}}}}

    def value(run_config: Any, **more: Any) -> Any:
        definition = graph_asset(**more)(water)
        return materialize_to_memory([definition], run_config=run_config).asset_value("water")

    assert value(from_run) == 50
    assert value({}, config=config(90)) == 70
    assert value(from_mapping, config=mapping) == 40


def test_dynamic_outputs_and_nested_graphs() -> None:
    """Ops inside can be mapped and collected, and be in graphs of their own."""

    @op(out=DynamicOut())
    def cups() -> Any:
        for number in range(2):
            yield DynamicOutput(number, str(number))

    @op
    def total(cups: Any) -> Any:
        return sum(cups)

    @graph
    def cooled(degrees: Any) -> Any:
        return cool(cool(degrees))

    @graph_asset
    def all_cups() -> Any:
        return total(cups().map(cool).collect())

    @graph_asset
    def nested() -> Any:
        return cooled(boil())

    mapped, inner = materialize_to_memory([all_cups]), materialize_to_memory([nested])

    assert mapped.asset_value("all_cups") == -39
    assert "all_cups.cool[1]" in _starts(mapped)
    assert _made_by(inner) == {"nested": "nested.cooled.cool_2"}


def test_a_materialize_result_of_an_inner_op() -> None:
    """The last op may return a MaterializeResult, with or without a value."""

    @op
    def stored() -> Any:
        return MaterializeResult(metadata={"rows": 3})

    @graph_asset
    def table() -> Any:
        return stored()

    (event,) = materialize_to_memory([table]).get_asset_materialization_events()

    assert event.step_materialization_data.materialization.metadata["rows"].value == 3


def test_hooks_are_those_of_each_op() -> None:
    """A hook of the definition is called after each op inside."""

    @success_hook
    def note(context: Any) -> None:
        """Do nothing."""

    def hooked(result: Any) -> list[str]:
        done = DagflowEventType.HOOK_COMPLETED
        return [event.step_key for event in result.filter_events(lambda event: event.event_type is done)]

    steps = ["_kitchen.boil", "_kitchen.cool"]

    assert hooked(materialize_to_memory([_made(hooks={note})])) == steps
    assert hooked(materialize_to_memory([_made().with_hooks({note})])) == steps


def test_a_missing_resource_of_a_hook_names_the_asset() -> None:
    """A hook of an op inside, or of the definition, needs its resources."""

    @success_hook(required_resource_keys={"slack"})
    def tell(context: Any) -> None:
        """Do nothing."""

    @graph_asset
    def inside() -> Any:
        return boil.with_hooks({tell})()

    outside = graph_asset(name="outside", hooks={tell})(lambda: boil())

    assert "slack" in inside.required_resource_keys
    with pytest.raises(DagflowInvalidDefinitionError, match=r"'slack' required by hook 'tell'.* op 'boil'"):
        materialize_to_memory([inside])
    with pytest.raises(DagflowInvalidDefinitionError, match="hook 'tell' attached to asset 'outside'"):
        materialize_to_memory([outside])


def test_partitions_reach_the_ops(tmp_path: Any) -> None:
    """The ops know the partition, and read partitioned assets of the same graph by their keys."""

    @op
    def day(context: Any, degrees: Any) -> Any:
        return f"{context.partition_key} {degrees}"

    def kitchen(degrees: Any) -> Any:
        found = day(degrees)
        return {"water": found, "tea": day.alias("again")(found)}

    @asset(partitions_def=PARTS)
    def degrees(context: Any) -> Any:
        return context.partition_key

    made = _made(
        kitchen, partitions_def=PARTS, ins={"degrees": AssetIn(partition_mapping=LastPartitionMapping())}
    )
    resources = {"io_manager": FilesystemIOManager(base_dir=str(tmp_path))}
    materialize([degrees], partition_key="tue", resources=resources)
    result = materialize([made, degrees], selection=[made], partition_key="mon", resources=resources)

    assert result.asset_value("tea") == "mon mon tue"
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*/*")) == [
        "degrees/tue", "tea/mon", "water/mon",
    ]  # fmt: skip


def test_checks_of_a_graph() -> None:
    """The function returns the output with the result of each check under asset and check."""

    def checked() -> Any:
        degrees = boil()
        return {"result": degrees, "checked_hot": is_hot(degrees)}

    definition = graph_asset(check_specs=[AssetCheckSpec("hot", asset="checked")])(checked)
    (evaluation,) = materialize([definition]).get_asset_check_evaluations()

    assert (evaluation.check_name, evaluation.passed) == ("hot", True)


def test_the_result_of_a_check_can_pass_through_ops() -> None:
    """Inside a graph the result of a check is a value, until the op that gives the output of the check."""

    @op
    def passed_on(result: Any) -> Any:
        return result

    def checked() -> Any:
        degrees = boil()
        return {"result": degrees, "checked_hot": passed_on(is_hot(degrees))}

    definition = graph_asset(check_specs=[AssetCheckSpec("hot", asset="checked")])(checked)
    (event,) = [
        event
        for event in materialize([definition]).all_events
        if event.event_type is DagflowEventType.ASSET_CHECK_EVALUATION
    ]

    assert event.step_key == "checked.passed_on"


def test_the_function_is_not_called_directly() -> None:
    """Outside a graph a call is refused; inside, it adds the graph as a node."""
    water = graph_asset(name="water")(lambda: boil())

    @graph_asset
    def tea() -> Any:
        return cool(water())

    assert _starts(materialize_to_memory([tea])) == ["tea.water.boil", "tea.cool"]
    with pytest.raises(DagflowInvariantViolationError, match="call graph 'water' outside of a composition"):
        water()
    with pytest.raises(CheckError, match="computed by a graph"):
        _ = water.op


def _unread() -> Any:
    cool(boil())
    return boil()


WRONG = [
    (
        "nothing",
        lambda: graph_asset(name="a")(lambda: None),
        DagflowInvalidDefinitionError,
        r"missing: \['result'\]",
    ),
    ("no output", lambda: graph_asset(name="a")(lambda: 3), DagflowInvalidDefinitionError, "but returned 3"),
    ("input", lambda: graph_asset(name="a")(lambda x: x), DagflowInvalidDefinitionError, "'x' feeds no node"),
    (
        "unused",
        lambda: graph_asset(name="a")(lambda x: boil()),
        DagflowInvalidDefinitionError,
        "'x' feeds no node",
    ),
    (
        "unknown ins",
        lambda: graph_asset(name="a", ins={"leafs": AssetIn()})(lambda leaves: cool(leaves)),
        DagflowInvalidDefinitionError,
        "Did you mean 'leaves'",
    ),
    ("two outputs", lambda: graph_asset(name="a")(lambda: pour()), CheckError, "output 'rest' of 'pour'"),
    ("an end", lambda: graph_asset(name="a")(_unread), CheckError, r"the ops \['cool'\] of graph 'a'"),
    (
        "key and name",
        lambda: graph_asset(key="a", name="b")(lambda: boil()),
        DagflowInvalidDefinitionError,
        "'key' is the whole key",
    ),
    ("no function", lambda: graph_asset(3), DagflowInvalidDefinitionError, "decorate a function, not 3"),  # type: ignore[call-overload]
    (
        "hooks",
        lambda: graph_asset(name="a", hooks=3)(lambda: boil()),
        ParameterCheckError,
        "'hooks' of asset 'a'",
    ),  # type: ignore[call-overload]
    (
        "foreign check",
        lambda: graph_asset(check_specs=[AssetCheckSpec("c", asset="x")])(_kitchen),
        DagflowInvalidDefinitionError,
        "the check 'c' of asset 'x', which it does not make",
    ),
    (
        "no result of the check",
        lambda: graph_asset(name="a", check_specs=[AssetCheckSpec("c", asset="a")])(lambda: boil()),
        DagflowInvalidDefinitionError,
        r"missing: \['a_c'\]",
    ),
    (
        "itself",
        lambda: graph_asset(name="a")(lambda a: cool(a)),
        DagflowInvalidDefinitionError,
        "depends on itself",
    ),
    (
        "missing",
        lambda: _made(lambda: {"water": boil()}),
        DagflowInvalidDefinitionError,
        r"missing: \['tea'\]",
    ),
    (
        "unknown",
        lambda: _made(lambda: {"water": boil(), "tea": boil(), "x": boil()}),
        DagflowInvalidDefinitionError,
        r"unknown: \['x'\]",
    ),
    ("one of two", lambda: _made(lambda: boil()), DagflowInvalidDefinitionError, r"missing: \['tea'\]"),
    ("no AssetOut", lambda: _made(outs={"water": Out()}), CheckError, "which is not an AssetOut"),
    ("no AssetIn", lambda: _made(ins={"water": "x"}), ParameterCheckError, "must be of type 'AssetIn'"),
    (
        "one key twice",
        lambda: _made(outs={"water": AssetOut(key="a"), "tea": AssetOut(key="a")}),
        DagflowInvalidDefinitionError,
        "have the same asset key 'a'",
    ),
    (
        "one output twice",
        lambda: _made(lambda: dict.fromkeys(["water", "tea"], boil())),
        DagflowInvalidDefinitionError,
        "are both the output 'result' of op 'boil'",
    ),
    (
        "another manager",
        lambda: _made(outs={"water": AssetOut(io_manager_key="k"), "tea": AssetOut()}),
        DagflowInvalidDefinitionError,
        "the output 'result' of op 'boil' stores the asset by 'io_manager'",
    ),
    (
        "another type",
        lambda: _made(outs={"water": AssetOut(dagflow_type=str), "tea": AssetOut()}),
        DagflowInvalidDefinitionError,
        "has the type 'String', but the output 'result' of op 'boil' has the type 'Int'",
    ),
    (
        "facts of inputs",
        lambda: _made(lambda x: (cool(x), boil()), ins={"x": AssetIn(input_manager_key="k")}),
        DagflowInvalidDefinitionError,
        "the AssetIn of 'x' has 'input_manager_key', but ops load the asset",
    ),
]


@pytest.mark.parametrize(
    ("define", "error", "match"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG]
)
def test_what_is_refused(define: Any, error: type[Exception], match: str) -> None:
    """Each mistake is refused when the function is decorated."""
    with pytest.raises(error, match=match):
        define()


def test_an_asset_out_may_repeat_the_manager_and_type_of_the_op() -> None:
    """Equal facts of the AssetOut and of the output of the op are accepted."""
    out = AssetOut(io_manager_key="io_manager", dagflow_type=int)

    assert _made(outs={"water": out, "tea": AssetOut()}).keys == {AssetKey("water"), AssetKey("tea")}


def test_an_asset_may_depend_on_its_earlier_partitions() -> None:
    """With partitions by time and a mapping to earlier ones, a graph reads its own asset."""
    from dagflow import DailyPartitionsDefinition

    earlier = TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)
    definition = graph_asset(
        name="stock",
        ins={"stock": AssetIn(partition_mapping=earlier)},
        partitions_def=DailyPartitionsDefinition("2024-01-01"),
    )(lambda stock: cool(stock))

    assert definition.get_partition_mapping(AssetKey("stock")) == earlier
