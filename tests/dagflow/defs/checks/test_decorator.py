"""`@asset_check` and `@multi_asset_check`: the op, inputs and checks of a definition; invalid arguments."""

from __future__ import annotations

import re

import pytest

from dagflow import (
    AssetCheckExecutionContext,
    AssetCheckKey,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSpec,
    AssetDep,
    AssetExecutionContext,
    AssetIn,
    AssetKey,
    AssetsDefinition,
    AssetSelection,
    AssetSpec,
    CheckError,
    Config,
    ConfigurableResource,
    DagflowInvalidDefinitionError,
    DagflowInvalidSubsetError,
    Definitions,
    OpExecutionContext,
    RetryPolicy,
    StaticPartitionsDefinition,
    asset,
    asset_check,
    materialize_to_memory,
    multi_asset_check,
    op,
)

PASSED = AssetCheckResult(passed=True)
BOTH = [
    AssetCheckSpec("fresh", asset="beans"),
    AssetCheckSpec("wet", asset="water", additional_deps=["rain"]),
]


@asset
def beans():
    """Return a value for the checks."""
    return 3


def fresh():
    """Tell whether the beans are fresh."""
    return PASSED


def reads(definition):
    """Return the key that each input of a definition reads, and whether it loads a value."""
    ins = definition.op.ins
    return {
        name: (key.to_user_string(), not ins[name].dagflow_type.is_nothing)
        for name, key in definition.keys_by_input_name.items()
    }


def test_the_definition_of_one_check():
    """The check has the name and the docstring of the function, and one required output."""
    check = asset_check(asset=beans, blocking=True, metadata={"n": 1})(fresh)
    (spec,) = check.check_specs

    assert isinstance(check, AssetChecksDefinition)
    assert isinstance(check, AssetsDefinition)
    assert (check.name, check.asset_key, check.check_key) == ("fresh", AssetKey("beans"), spec.key)
    assert (check.op.name, list(check.op.outs)) == ("beans_fresh", ["result"])
    assert check.op.outs["result"].is_required
    assert (check.keys, check.check_keys) == (set(), {AssetCheckKey(AssetKey("beans"), "fresh")})
    assert check.has_check_keys
    assert check.get_spec_for_check_key(spec.key) is spec
    assert (spec.description, spec.blocking, spec.metadata) == (
        "Tell whether the beans are fresh.",
        True,
        {"n": 1},
    )
    assert check.node_def is check.op
    assert check.check_specs_by_output_name == {"result": spec}
    assert not check.can_subset


@pytest.mark.parametrize(
    ("of", "name", "op_name"),
    [
        ("beans", "stale", "beans_stale"),
        (["bar", "beans"], None, "bar__beans_fresh"),
        (AssetKey(["bar-x", "y.z"]), None, "bar_x__y_z_fresh"),
    ],
)
def test_the_name_of_the_op(of, name, op_name):
    """The op has the name of the asset and of the check."""
    assert asset_check(asset=of, name=name)(fresh).op.name == op_name


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, {"beans": ("beans", False)}),
        (
            {"additional_deps": ["water", AssetSpec("rain")]},
            {"water": ("water", False), "rain": ("rain", False), "beans": ("beans", False)},
        ),
    ],
)
def test_the_asset_is_an_input(arguments, expected):
    """The check comes after its asset and after the additional dependencies, without their values."""
    assert reads(asset_check(asset=beans, **arguments)(fresh)) == expected


def test_one_parameter_reads_the_asset():
    """One parameter of any name reads the asset, others read the assets of additional_ins."""

    def one(value):
        return PASSED

    def two(value, other):
        return PASSED

    ins = {"other": AssetIn("water")}
    both = {"other": ("water", True), "value": ("beans", True)}

    assert reads(asset_check(asset=beans)(one)) == {"value": ("beans", True)}
    assert reads(asset_check(asset=beans, additional_ins=ins)(two)) == both
    twice = asset_check(asset=beans, additional_ins=ins, additional_deps=["water", "air"])(two)
    assert reads(twice) == {**both, "air": ("air", False)}
    assert sorted(twice.check_spec.additional_deps) == [AssetDep("air"), AssetDep("water")]


class Limit(ConfigurableResource):
    """A resource."""

    most: int = 3


class Limits(Config):
    """Config."""

    least: int = 1


def test_resources_config_and_tags():
    """A check takes config, resources and tags as an op does."""

    @asset_check(asset=beans, op_tags={"k": "v"}, compute_kind="sql", pool="small")
    def enough(context, config: Limits, limit: Limit, beans):
        return AssetCheckResult(passed=config.least <= beans <= limit.most)

    result = materialize_to_memory(
        [beans, enough],
        resources={"limit": Limit(most=2)},
        run_config={"ops": {"beans_enough": {"config": {"least": 3}}}},
    )

    assert [one.passed for one in result.get_asset_check_evaluations()] == [False]
    assert enough.op.tags == {"k": "v", "dagflow/compute_kind": "sql"}
    assert enough.op.pool == "small"


def test_resources_that_come_along():
    """Resources of resource_defs are used without those of the run."""

    @asset_check(asset=beans, resource_defs={"limit": Limit(most=5)})
    def enough(context):
        return AssetCheckResult(passed=context.resources.limit.most == 5)

    assert materialize_to_memory([beans, enough]).get_asset_check_evaluations()[0].passed


def two_parameters(a, b):
    """Have two parameters."""


def one_parameter(other):
    """Have one parameter."""


def with_resource(limit: Limit):
    """Take a resource."""


@pytest.mark.parametrize(
    ("body", "arguments", "named"),
    [
        (two_parameters, {}, "additional_ins"),
        (fresh, {"additional_ins": {"other": AssetIn("water")}}, "not a parameter"),
        (one_parameter, {"additional_ins": {"other": AssetIn("beans")}}, "names the checked asset"),
        (fresh, {"additional_ins": {"other": 3}}, "additional_ins"),
        (fresh, {"additional_ins": 3}, "additional_ins"),
        (fresh, {"additional_deps": ["beans"]}, "names the checked asset"),
        (fresh, {"additional_deps": 3}, "3"),
        (fresh, {"name": "not-a-name"}, "not-a-name"),
        (fresh, {"name": 3}, "name"),
        (fresh, {"asset": "a/b"}, "a/b"),
        (fresh, {"asset": AssetSpec("beans")}, "Give its key"),
        (fresh, {"asset": 3}, "3"),
        (fresh, {"blocking": 1}, "blocking"),
        (fresh, {"description": 3}, "description"),
        (fresh, {"metadata": 3}, "metadata"),
        (fresh, {"resource_defs": 3}, "resource_defs"),
        (fresh, {"required_resource_keys": 3}, "required_resource_keys"),
        (with_resource, {"required_resource_keys": {"limit"}}, "limit"),
        (fresh, {"op_tags": 3}, "tags"),
        (fresh, {"compute_kind": 3}, "compute_kind"),
        (fresh, {"retry_policy": 3}, "retry_policy"),
        (fresh, {"pool": 3}, "pool"),
        (fresh, {"partitions_def": 3}, "partitions_def"),
        (fresh, {"automation_condition": 3}, "automation_condition"),
        (3, {}, "must decorate a function"),
    ],
)
def test_invalid_arguments(body, arguments, named):
    """Each invalid argument raises an error that names it."""
    with pytest.raises((CheckError, DagflowInvalidDefinitionError), match=re.escape(named)):
        asset_check(**{"asset": beans, **arguments})(body)


def test_the_decorator_needs_its_asset():
    """The decorator cannot be used without arguments."""
    with pytest.raises(TypeError):
        asset_check(fresh)
    with pytest.raises(TypeError):
        asset_check()


def of_asset(context: AssetExecutionContext):
    """Want the context of an asset."""


def of_check(context: AssetCheckExecutionContext):
    """Want the context of a check."""


def of_nothing(context: int):
    """Want no context."""


@pytest.mark.parametrize(
    ("decorate", "body", "named"),
    [
        (asset_check(asset=beans), of_asset, "Use AssetCheckExecutionContext"),
        (multi_asset_check(specs=BOTH), of_asset, "Use AssetCheckExecutionContext"),
        (asset_check(asset=beans), of_nothing, "AssetCheckExecutionContext"),
        (op, of_check, "Use OpExecutionContext"),
        (asset, of_check, "Use AssetExecutionContext"),
    ],
)
def test_the_annotation_of_the_context(decorate, body, named):
    """A context of another kind of function is refused."""
    with pytest.raises(DagflowInvalidDefinitionError, match=named):
        decorate(body)


def test_a_check_may_want_the_context_of_its_op():
    """A check whose context is annotated with OpExecutionContext gets one."""
    found = []

    @asset_check(asset=beans)
    def fresh(context: OpExecutionContext):
        found.append(type(context))
        return PASSED

    materialize_to_memory([beans, fresh])

    assert found == [OpExecutionContext]


def test_the_definition_of_several_checks():
    """Each check has an output, required unless the function can be divided, and each asset an input."""
    whole = multi_asset_check(specs=BOTH)(fresh)
    part = multi_asset_check(specs=BOTH, can_subset=True, name="part")(fresh)

    assert (whole.op.name, part.op.name) == ("fresh", "part")
    assert {name: out.is_required for name, out in whole.op.outs.items()} == {
        "beans_fresh": True,
        "water_wet": True,
    }
    assert not any(out.is_required for out in part.op.outs.values())
    assert {key for key, _ in reads(whole).values()} == {"beans", "water", "rain"}
    assert whole.check_keys == {spec.key for spec in BOTH}
    with pytest.raises(CheckError, match="2 checks"):
        whole.check_key  # noqa: B018


def test_the_parameters_of_several_checks():
    """A parameter has the name of a checked asset or of an additional dependency, or is in ins."""

    def named(water, rain):
        return PASSED

    def renamed(value):
        return PASSED

    loaded = reads(multi_asset_check(specs=BOTH)(named))
    by_ins = reads(multi_asset_check(specs=BOTH, ins={"value": AssetIn("rain")})(renamed))

    assert {name for name, (_, loads) in loaded.items() if loads} == {"water", "rain"}
    assert by_ins["value"] == ("rain", True)


def test_equal_specs_count_once():
    """Equal declarations collapse; different ones of one check are refused. No checks are no step."""
    once = multi_asset_check(specs=[BOTH[0], AssetCheckSpec("fresh", asset="beans")])(fresh)
    none = multi_asset_check(specs=[])(fresh)

    assert len(once.check_specs) == 1
    assert none.check_specs == []
    with pytest.raises(DagflowInvalidDefinitionError, match="beans:fresh' 2 times"):
        multi_asset_check(specs=[BOTH[0], AssetCheckSpec("fresh", asset="beans", description="x")])(fresh)


@pytest.mark.parametrize(
    ("body", "arguments", "named"),
    [
        (fresh, {"specs": 3}, "check_specs"),
        (fresh, {"specs": [3]}, "not an AssetCheckSpec"),
        (fresh, {"specs": BOTH[0]}, "check_specs"),
        (fresh, {"can_subset": 1}, "can_subset"),
        (one_parameter, {}, "'other' is neither"),
        (one_parameter, {"ins": {"other": AssetIn("tea")}}, "tea"),
        (fresh, {"ins": {"rain": AssetIn("rain")}}, "not a parameter"),
        (fresh, {"ins": 3}, "ins"),
        (fresh, {"name": "a-b"}, "a-b"),
        (3, {}, "must decorate a function"),
    ],
)
def test_invalid_arguments_of_several_checks(body, arguments, named):
    """Each invalid argument raises an error that names it."""
    with pytest.raises((CheckError, DagflowInvalidDefinitionError), match=re.escape(named)):
        multi_asset_check(**{"specs": BOTH, **arguments})(body)


def test_a_part_of_several_checks():
    """A part is selected only if the function can be divided."""

    @asset
    def water():
        return 1

    whole = multi_asset_check(specs=BOTH, name="whole")(lambda: None)
    selection = AssetSelection.checks(BOTH[0].key)

    with pytest.raises(DagflowInvalidDefinitionError) as raised:
        materialize_to_memory([beans, water, whole], selection=selection)
    assert isinstance(raised.value.__cause__, DagflowInvalidSubsetError)


def test_create():
    """A definition can be created of an op and its outputs."""

    spec = AssetCheckSpec("fresh", asset="beans")
    source = asset_check(asset="beans")(fresh)
    made = AssetChecksDefinition.create(
        keys_by_input_name=source.keys_by_input_name,
        node_def=source.op,
        check_specs_by_output_name={"result": spec},
    )

    assert made.check_keys == {spec.key}
    assert materialize_to_memory([beans, made]).get_asset_check_evaluations()[0].passed


def named(name="fresh", of="beans", **arguments):
    """Return a check with this name."""
    return asset_check(asset=of, name=name, **arguments)(lambda: PASSED)


def steps(**arguments):
    """Return the step names of the job of all assets of a project."""
    project = Definitions(**arguments)
    Definitions.validate_loadable(project)
    return sorted(node.name for node in project.get_implicit_global_asset_job_def().graph.nodes)


def test_the_checks_of_a_project():
    """Checks are in assets or in asset_checks, also without their asset; the same one twice counts once."""
    check = named()

    assert steps(assets=[beans], asset_checks=[check]) == ["beans", "beans_fresh"]
    assert steps(assets=[beans, check]) == ["beans", "beans_fresh"]
    assert steps(assets=[beans], asset_checks=[check, check]) == ["beans", "beans_fresh"]
    assert steps(asset_checks=[check, named(of="nowhere")]) == ["beans_fresh", "nowhere_fresh"]
    assert steps(assets=[AssetSpec("ext")], asset_checks=[named(of="ext")]) == ["ext_fresh"]


CHECK = named()


@asset(check_specs=[AssetCheckSpec("fresh", asset="cup")])
def cup():
    """Have a check of its own."""


@asset
def beans_fresh():
    """Have the name of the step of a check."""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"assets": [beans, CHECK], "asset_checks": [CHECK]}, "'assets' and in 'asset_checks'"),
        ({"assets": [beans], "asset_checks": [CHECK, named()]}, "Duplicate check: 'beans:fresh'"),
        ({"assets": [cup], "asset_checks": [named(of="cup")]}, "Duplicate check: 'cup:fresh'"),
        ({"assets": [beans, beans_fresh], "asset_checks": [CHECK]}, "one step name, 'beans_fresh'"),
    ],
)
def test_conflicting_checks(arguments, message):
    """Two checks of one key, a step name of an asset, and an asset among the checks are refused."""
    with pytest.raises(DagflowInvalidDefinitionError, match=message):
        steps(**arguments)


def test_retries_and_partitions_are_kept():
    """The retry policy and the partitions of a check are on its definition."""
    towns = StaticPartitionsDefinition(["york"])
    check = asset_check(asset=beans, retry_policy=RetryPolicy(max_retries=2), partitions_def=towns)(fresh)

    assert check.op.retry_policy == RetryPolicy(max_retries=2)
    assert check.check_spec.partitions_def == towns
