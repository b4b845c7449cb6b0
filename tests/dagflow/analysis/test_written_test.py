"""Tests of `write_test`: a test that replays one step of a run."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagflow import (
    AssetCheckKey,
    AssetKey,
    AssetSelection,
    DagflowInstance,
    DagflowInvariantViolationError,
    ExecuteInProcessResult,
    ParameterCheckError,
    execute_job,
    materialize,
    materialize_to_memory,
    op,
    reconstructable,
)
from dagflow.testing import write_test

KITCHEN = '''
"""Definitions of all kinds."""

from dataclasses import dataclass

from dagflow import *

GIVEN = [None]
DAYS = DailyPartitionsDefinition("2024-01-01")


@dataclass
class Cup:
    ml: float


class Recipe(Config):
    sugar: int = 0
    name: str = "tea"


class Stove(ConfigurableResource):
    key: str


class Plain:
    """Objects without equality."""

    def __init__(self):
        self.parts = [1]


@op
def given():
    return GIVEN[0]


@op
def echo(value):
    return value


@op
def brew(context, n: int, config: Recipe) -> Cup:
    return Cup(n * config.sugar)


@op
def burn(cup):
    raise ValueError("no water")


@op
async def burn_later(cup):
    raise KeyError("lost")


@op(out={"hot": Out(), "cold": Out(is_required=False)})
def split(cup):
    yield Output(cup, "hot")


@op(out=DynamicOut())
def fan():
    yield DynamicOutput("x", "a")
    yield DynamicOutput("y", "b")


@op
def label(context, text):
    return text + context.get_mapping_key()


@op
def joined(texts) -> list[str]:
    return texts


@op
def plain():
    return Plain()


@op(required_resource_keys={"stove", "limit"})
def heat(context):
    return context.resources.limit


@op
def three() -> int:
    return 3


@op
def skipped(cup):
    return cup


@graph
def machine():
    return three()


@job(resource_defs={"stove": Stove(key="secret"), "limit": ResourceDefinition.hardcoded_resource(5)})
def cafe():
    cup = brew(machine())
    burn(cup)
    skipped(burn.alias("again")(cup))
    burn_later(cup)
    split(cup)
    joined(fan().map(label).collect())
    plain()
    heat()


@job
def echoing():
    echo(given())


@asset(partitions_def=DAYS)
def orders(context) -> str:
    return " ".join(context.partition_keys)


@asset(partitions_def=DAYS)
def total(context, orders):
    return MaterializeResult(value=f"{orders} of {context.get_tag('team')}")


@asset_check(asset=total)
def enough(total):
    return AssetCheckResult(passed=False)


@multi_asset(outs={"x": AssetOut(is_required=False), "y": AssetOut(is_required=False)}, can_subset=True)
def pair(context):
    for name in context.selected_output_names:
        yield Output(name, name)


SPECS = [AssetCheckSpec("hot", asset="x"), AssetCheckSpec("cold", asset="x")]


@multi_asset_check(specs=SPECS, can_subset=True)
def checks(context):
    for key in sorted(context.selected_asset_check_keys):
        yield AssetCheckResult(passed=True, check_name=key.name)


@graph_asset
def cups():
    return echo(three())


def make(number):
    @asset(name=f"made_{number}")
    def made():
        return number

    return made


MADE = [make(number) for number in range(2)]
DEFINITIONS = Definitions([make(5)])


def hidden():
    @op
    def inside():
        return 1

    @job
    def outside():
        inside()

    return outside
'''


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Provide a module of definitions that a written test can import."""
    folder = tmp_path_factory.mktemp("kitchen")
    (folder / "replay_kitchen.py").write_text(KITCHEN)
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module("replay_kitchen")
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop("replay_kitchen", None)


@pytest.fixture(scope="module")
def run(kitchen: Any) -> ExecuteInProcessResult:
    """Provide a run of a job with steps of all kinds."""
    config = {"ops": {"brew": {"config": {"sugar": 2}}}}
    result: ExecuteInProcessResult = kitchen.cafe.execute_in_process(raise_on_error=False, run_config=config)
    return result


def replay(path: Path) -> None:
    """Run the test in a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    getattr(module, path.stem)()


def test_the_test_of_a_step_is_short(run: ExecuteInProcessResult, tmp_path: Path):
    """The whole module is what a person would write."""
    path = write_test(run, "brew", tmp_path / "replayed")

    assert path == tmp_path / "replayed" / "test_brew.py"
    assert path.read_text() == (
        '"""Replay of step \'brew\' of job \'cafe\', which succeeded."""\n'
        "\n"
        "from dagflow import build_op_context\n"
        "from replay_kitchen import Cup, brew\n"
        "\n"
        "\n"
        "def test_brew():\n"
        '    """Step \'brew\' gives the same outputs for the same inputs."""\n'
        '    context = build_op_context(op_config={"sugar": 2})\n'
        "\n"
        "    assert brew(context, n=3) == Cup(ml=6)\n"
    )


@pytest.mark.parametrize(
    "node", ["brew", "split", "fan", "label[a]", "joined", "plain", "machine", "machine.three"]
)
def test_the_written_test_passes(run: ExecuteInProcessResult, tmp_path: Path, node: str):
    """The test of each kind of step passes as it stands."""
    replay(write_test(run, node, tmp_path))


def test_the_values_of_a_collected_step(run: ExecuteInProcessResult, tmp_path: Path):
    """An input that collects mapped steps has all their values."""
    assert '(texts=["xa", "yb"]) == ["xa", "yb"]' in write_test(run, "joined", tmp_path).read_text()


@pytest.mark.parametrize(
    ("node", "error"), [("burn", ValueError("no water")), ("burn_later", KeyError("lost"))]
)
def test_the_test_of_a_failed_step_raises_its_error(
    run: ExecuteInProcessResult, tmp_path: Path, node: str, error: Exception
):
    """The failure is reproduced until it is mended."""
    path = write_test(run, node, tmp_path)

    assert f"no longer raises {type(error).__name__}" in path.read_text()
    with pytest.raises(type(error)) as raised:
        replay(path)
    assert repr(raised.value) == repr(error)


def test_a_started_resource_needs_a_fake(run: ExecuteInProcessResult, tmp_path: Path):
    """A plain value is written; the test is skipped until there is a fake, and no secret is written."""
    path = write_test(run, "heat", tmp_path)

    text = path.read_text()
    assert 'resources={"limit": 5, "stove": fake_stove()}' in text
    assert "secret" not in text
    with pytest.raises(pytest.skip.Exception, match="write a fake of the resource 'stove' here"):
        replay(path)


@pytest.mark.parametrize("node", ["orders", "total", "total:enough", "x", "cups", "made_1", "made_5"])
def test_assets_and_checks(kitchen: Any, tmp_path: Path, node: str):
    """Partition, tags, the selected part, and definitions in a list or a project are replayed."""
    made = kitchen.DEFINITIONS.get_assets_def("made_5")
    assets = [kitchen.orders, kitchen.total, kitchen.enough, kitchen.pair, kitchen.cups, *kitchen.MADE, made]
    result = materialize_to_memory(
        assets,
        partition_key="2024-02-03",
        tags={"team": "bar"},
        selection=AssetSelection.assets("orders", "total", "x", "cups", "made_1", "made_5")
        | AssetSelection.checks_for_assets(kitchen.total),
    )

    replay(write_test(result, node, tmp_path))


def test_a_part_of_several_checks(kitchen: Any, tmp_path: Path):
    """Only the selected check is evaluated again."""
    hot = AssetCheckKey(AssetKey("x"), "hot")
    result = materialize_to_memory([kitchen.pair, kitchen.checks], selection=AssetSelection.checks(hot))

    path = write_test(result, "x:hot", tmp_path)

    assert "checks.subset_for(set(), {AssetCheckKey(" in path.read_text()
    replay(path)


def test_a_range_of_partitions(kitchen: Any, tmp_path: Path):
    """The context has the range of the run."""
    tags = {
        "dagflow/asset_partition_range_start": "2024-02-03",
        "dagflow/asset_partition_range_end": "2024-02-05",
    }
    result = materialize_to_memory([kitchen.orders], tags=tags)

    path = write_test(result, "orders", tmp_path)

    assert 'PartitionKeyRange("2024-02-03", "2024-02-05")' in path.read_text()
    replay(path)


def test_an_input_from_storage_is_loaded(kitchen: Any, tmp_path: Path):
    """A value that another run stored is loaded by its I/O manager."""
    with DagflowInstance.ephemeral() as instance:
        materialize([kitchen.orders], partition_key="2024-02-03", instance=instance)
        result = materialize(
            [kitchen.orders, kitchen.total],
            selection=[kitchen.total],
            partition_key="2024-02-03",
            instance=instance,
            tags={"team": "bar"},
        )

        path = write_test(result, "total", tmp_path)

    assert 'orders="2024-02-03"' in path.read_text()
    replay(path)


def test_a_run_whose_values_are_stored(kitchen: Any, tmp_path: Path):
    """The values of a result of `execute_job` are loaded, if the result is open."""
    with DagflowInstance.local_temp(str(tmp_path / "instance")) as instance:
        result = execute_job(
            reconstructable(kitchen.cafe),
            instance,
            run_config={"execution": {"config": {"in_process": {}}}},
            op_selection=["*joined"],
        )
        with result:
            path = write_test(result, "joined", tmp_path)

        with pytest.raises(DagflowInvariantViolationError, match="must be opened"):
            write_test(result, "joined", tmp_path)
    assert '(texts=["xa", "yb"])' in path.read_text()
    replay(path)


def test_nothing_is_overwritten(run: ExecuteInProcessResult, tmp_path: Path):
    """An equal test is left as it is; another one of the same name gets a number."""
    first = write_test(run, "brew", tmp_path)
    assert write_test(run, "brew", tmp_path) == first
    first.write_text("mine")

    second = write_test(run, "brew", tmp_path)

    assert (first.read_text(), second.name) == ("mine", "test_brew_2.py")
    replay(second)


def test_names_are_never_paths(run: ExecuteInProcessResult, tmp_path: Path):
    """A name from outside stays inside the folder."""
    path = write_test(run, "brew", tmp_path / "in", name="../../out/of [it]")

    assert path == tmp_path / "in" / "test_out_of_it.py"
    replay(path)


@pytest.mark.parametrize(
    ("node", "reason"),
    [
        ("nope", "the run has no step 'nope'"),
        ("label", r"'label' is not one step. Choose one of 'label\[a\]', 'label\[b\]'"),
        ("skipped", "it did not run, or was skipped"),
    ],
)
def test_a_step_without_a_replay_is_refused(
    run: ExecuteInProcessResult, tmp_path: Path, node: str, reason: str
):
    """The error names the reason."""
    with pytest.raises(DagflowInvariantViolationError, match=reason):
        write_test(run, node, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_definition_inside_a_function_is_refused(kitchen: Any, tmp_path: Path):
    """A test cannot import it."""
    result = kitchen.hidden().execute_in_process()

    with pytest.raises(DagflowInvariantViolationError, match="not a global of module 'replay_kitchen'"):
        write_test(result, "inside", tmp_path)


def test_an_input_that_cannot_be_kept_is_refused(kitchen: Any, tmp_path: Path):
    """Neither source nor a pickle can make a lock again."""
    kitchen.GIVEN[0] = threading.Lock()
    result = kitchen.echoing.execute_in_process()

    with pytest.raises(DagflowInvariantViolationError, match="input 'value' of type 'lock'"):
        write_test(result, "echo", tmp_path)


def test_invalid_arguments_are_refused(tmp_path: Path):
    """The error names the argument."""

    @op
    def alone():
        pass

    with pytest.raises(ParameterCheckError, match="result"):
        write_test(alone, "alone", tmp_path)  # type: ignore[arg-type]


@given(
    value=st.recursive(
        st.one_of(
            st.none(), st.integers(), st.floats(), st.text(), st.binary(), st.dates(), st.complex_numbers()
        ),
        lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner), st.frozensets(st.text())),
    )
)
def test_the_written_test_passes_for_all_values(kitchen: Any, value: Any):
    """Source, a file, and the comparison of each value fit together, also with NaN."""
    kitchen.GIVEN[0] = value
    result = kitchen.echoing.execute_in_process()

    with tempfile.TemporaryDirectory() as folder:
        replay(write_test(result, "echo", folder))


@pytest.mark.parametrize("library", ["pandas", "polars", "numpy"])
def test_tables_are_files(kitchen: Any, tmp_path: Path, library: str):
    """A table is compared by the function of its library."""
    module = pytest.importorskip(library)
    kitchen.GIVEN[0] = (
        module.ones(3) if library == "numpy" else module.DataFrame({"a": [1, None], "b": ["x", "y"]})
    )
    result = kitchen.echoing.execute_in_process()

    path = write_test(result, "echo", tmp_path)

    assert path.with_suffix("").is_dir()
    assert f"{library}.testing" in path.read_text()
    replay(path)
