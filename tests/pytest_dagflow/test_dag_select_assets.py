"""Tests of `--dag-select` with multi-assets, graph assets, checks and observables."""

from __future__ import annotations

import pytest

KITCHEN = """
    from dagflow import *

    @observable_source_asset
    def farm():
        return DataVersion("1")

    @asset(deps=[farm], group_name="raw", owners=["team:farm"], kinds={"csv"}, tags={"tier": "1"})
    def beans():
        return 3

    @asset_check(asset=beans, blocking=True)
    def fresh(beans):
        return AssetCheckResult(passed=beans > 0)

    @asset
    def coffee(beans):
        return beans

    @multi_asset(
        outs={"hot": AssetOut(is_required=False), "cold": AssetOut(key_prefix="shop", is_required=False)},
        can_subset=True,
    )
    def drinks(context):
        for name in sorted(context.op_execution_context.selected_output_names):
            yield Output(1, name)

    @multi_asset_check(
        specs=[AssetCheckSpec("a", asset="hot"), AssetCheckSpec("b", asset=["shop", "cold"])], can_subset=True
    )
    def each(context):
        for key in context.selected_asset_check_keys:
            yield AssetCheckResult(passed=True, asset_key=key.asset_key, check_name=key.name)

    @op
    def grind(beans):
        return beans

    @op
    def press(powder):
        return powder

    @graph_asset
    def espresso(beans):
        return press(grind(beans))

    report = AssetsDefinition(specs=[AssetSpec("report", deps=["coffee"])])

    defs = Definitions(
        [farm, beans, coffee, drinks, espresso, report],
        asset_checks=[fresh, each],
        jobs=[define_asset_job("chill", "key:hot")],
    )

    def everything():
        return [globals()[name] for name in ("beans", "coffee", "drinks", "fresh", "each")]
"""

TESTS = """
    import pytest
    import kitchen
    from dagflow import AssetCheckKey, AssetKey, AssetSelection, build_asset_check_context, materialize

    def hidden(instance, **keywords):
        assets = getattr(kitchen, "every" + "thing")()
        return materialize(assets, instance=instance, **keywords)

    def test_check():
        assert kitchen.fresh(3).passed

    def test_found_asset():
        found = kitchen.defs.get_assets_def("espresso")
        assert found.keys

    def test_observable():
        assert kitchen.farm is not None

    def test_report():
        assert kitchen.report is not None

    @pytest.mark.dag_nodes('check:"shop/cold:b"')
    def test_declared_check(): ...

    @pytest.mark.dag_nodes(kitchen.each)
    def test_declared_definition(): ...

    @pytest.mark.dag_nodes("drinks")
    def test_op_of_two(): ...

    @pytest.mark.dag_nodes("espresso.press")
    def test_inner(): ...

    def test_hidden_hot(dag_instance):
        assert hidden(dag_instance, selection='key:hot').success

    def test_hidden_coffee(dag_instance):
        assert hidden(dag_instance, selection='key:coffee or key:beans').success

    def test_hidden_part(dag_instance):
        selection = AssetSelection.assets("beans", "coffee") - AssetSelection.checks_for_assets("beans")
        assert hidden(dag_instance, selection=selection).success

    def test_nothing(): ...
"""


@pytest.fixture
def kitchen(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create a project of every kind of asset and check, and tests that touch its nodes."""
    pytester.makepyfile(kitchen=KITCHEN, test_it=TESTS)
    pytester.makeini("[pytest]\ndag_definitions = kitchen:defs\npythonpath = .")
    return pytester


def passed(project: pytest.Pytester, *arguments: str) -> list[str]:
    """Return the tests that passed, without `test_`. A new process imports the current files."""
    result = project.runpytest_subprocess("-p", "no:randomly", "-v", *arguments)
    assert result.ret in (0, pytest.ExitCode.NO_TESTS_COLLECTED), str(result.stdout) + str(result.stderr)
    return sorted(line.split("::test_")[1].split()[0] for line in result.outlines if " PASSED" in line)


def explained(project: pytest.Pytester, *arguments: str) -> dict[str, str]:
    """Return the line of `--dag-explain` of each test."""
    result = project.runpytest_subprocess("-p", "no:randomly", "--dag-explain", *arguments)
    lines = (line.partition("::test_")[2].partition(": ") for line in result.outlines if "::test_" in line)
    return {name: text for name, _, text in lines}


def test_a_check_is_a_node(kitchen: pytest.Pytester):
    """Tests are tied to checks by their code and by markers, whole or one of several."""
    kitchen.makeini("[pytest]\ndag_definitions = kitchen:defs\npythonpath = .\naddopts = --dag-unknown=drop")
    assert passed(kitchen, "--dag-select", 'check:"beans:fresh"') == ["check"]
    assert passed(kitchen, "--dag-select", "check:b") == ["declared_check", "declared_definition"]
    assert passed(kitchen, "--dag-select", "check:a") == ["declared_definition"]
    assert passed(kitchen, "--dag-select", "group:raw and check:fresh") == ["check"]
    assert passed(kitchen, "--dag-select", 'owner:"team:farm"') == ["check"]
    assert passed(kitchen, "--dag-select", "beans+") == ["check", "found_asset", "inner"]


def test_a_run_is_recorded_by_what_it_selected(kitchen: pytest.Pytester):
    """A part of a multi-asset, an asset without its checks, and a check are what ran."""
    passed(kitchen)

    lines = explained(kitchen, "--dag-select", "hot")

    assert lines["hidden_hot"] == "kept: hot, hot:a (recorded when it ran)"
    assert lines["hidden_coffee"].endswith(": beans, beans:fresh, coffee (recorded when it ran)")
    assert lines["hidden_part"].endswith(": beans, coffee (recorded when it ran)")
    assert lines["op_of_two"] == "kept: hot, shop/cold (declared by dag_nodes)"
    assert passed(kitchen, "--dag-select", "shop/cold") == ["op_of_two"]


def test_a_changed_check_does_not_select_its_asset(kitchen: pytest.Pytester):
    """Only the tests that touch the check run; the function of an asset counts for all of it."""
    assert len(passed(kitchen, "--dag-select", "changed()")) == 12
    assert passed(kitchen, "--dag-select", "changed()") == []

    kitchen.makepyfile(kitchen=KITCHEN.replace("beans > 0", "beans > 1"))

    assert passed(kitchen, "--dag-select", "changed()") == ["check", "hidden_coffee"]
    kitchen.makepyfile(
        kitchen=KITCHEN.replace("beans > 0", "beans > 1").replace("Output(1, name)", "Output(2, name)")
    )
    assert passed(kitchen, "--dag-select", "changed()") == ["hidden_hot", "op_of_two"]
    changed = KITCHEN.replace("beans > 0", "beans > 1").replace("Output(1, name)", "Output(2, name)")
    changed = changed.replace('AssetOut(key_prefix="shop"', 'AssetOut(metadata={"a": 1}, key_prefix="shop"')
    kitchen.makepyfile(kitchen=changed.replace('DataVersion("1")', 'DataVersion("2")'))
    assert passed(kitchen, "--dag-select", "changed()") == ["observable", "op_of_two"]
    kitchen.makepyfile(kitchen=changed.replace("return powder", "return powder * 1"))
    assert passed(kitchen, "--dag-select", "changed()") == ["found_asset", "inner", "observable"]


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("'beans:fresh'", '*A check is written check:"beans:fresh"*'),
        ("'check:\"beans:frsh\"'", "*no node has check 'beans:frsh'*Did you mean 'beans:fresh'*"),
        ("'each:a'", '*A check is written check:"each:a"*'),
    ],
)
def test_a_wrong_check_is_a_usage_error(kitchen: pytest.Pytester, marker: str, message: str):
    """The error names the test, and the right form or the nearest check."""
    kitchen.makepyfile(
        test_it=f"import pytest\n@pytest.mark.dag_nodes({marker})\ndef test_one(): ...",
    )

    result = kitchen.runpytest_subprocess("--dag-select", "beans")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "*test_one, declared by dag_nodes*",
        ]
    )
    result.stderr.fnmatch_lines([message])
