"""Tests of the marker `dag_config`, the default run config of the bound runs of a test."""

from __future__ import annotations

import pytest

CAFE = """
    from dagflow import Config, asset, job, op

    @op(config_schema={"cups": int, "kind": str})
    def brew(context):
        return context.op_config

    @job
    def cafe():
        brew()

    @asset(config_schema={"cups": int})
    def water(context):
        return context.op_config["cups"]

    def config(**values):
        return {"ops": {"brew": {"config": values}}}
"""


@pytest.fixture
def cafe(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create a job whose op needs two values, and an asset that needs one."""
    pytester.makepyfile(cafe=CAFE)
    return pytester


def test_it_is_the_default_of_each_bound_run(cafe: pytest.Pytester):
    """A passed config wins by key path; a RunConfig is a config too; other calls do not have it."""
    cafe.makepyfile(
        """
        import pytest
        from dagflow import DagflowInvalidConfigError, RunConfig
        from cafe import brew, cafe, config, water

        WATER = {"ops": {"water": {"config": {"cups": 4}}}}

        @pytest.mark.dag_config(config(cups=1, kind="mocha"))
        def test_job(execute_in_process):
            assert execute_in_process(cafe).output_for_node("brew") == {"cups": 1, "kind": "mocha"}
            result = execute_in_process(cafe, config(cups=2))
            assert result.output_for_node("brew") == {"cups": 2, "kind": "mocha"}
            result = execute_in_process(cafe, run_config=RunConfig(ops={"brew": {"config": {"cups": 3}}}))
            assert result.output_for_node("brew") == {"cups": 3, "kind": "mocha"}
            with pytest.raises(DagflowInvalidConfigError):
                cafe.execute_in_process()

        @pytest.mark.dag_config(RunConfig(**WATER))
        def test_assets(materialize, materialize_to_memory):
            assert materialize([water]).asset_value("water") == 4
            assert materialize_to_memory([water]).asset_value("water") == 4

        def test_without(execute_in_process):
            with pytest.raises(DagflowInvalidConfigError):
                execute_in_process(cafe)
        """
    )

    cafe.runpytest("-W", "error", "--strict-markers").assert_outcomes(passed=3)


def test_the_nearest_marker_wins_key_by_key(cafe: pytest.Pytester):
    """Those of module, base, class, function and parameter are merged; a method of TestCase has it too."""
    cafe.makepyfile(
        """
        import unittest
        import pytest
        from cafe import cafe, config

        pytestmark = [pytest.mark.dag_config(config(cups=1, kind="module"))]
        two = pytest.mark.dag_config.with_args(config(cups=2))
        three = pytest.mark.dag_config(config(cups=3))

        @pytest.mark.dag_config(config(kind="class"))
        class TestClass:
            def test_class(self, execute_in_process):
                assert execute_in_process(cafe).output_for_node("brew") == {"cups": 1, "kind": "class"}

            @two
            def test_method(self, execute_in_process):
                assert execute_in_process(cafe).output_for_node("brew") == {"cups": 2, "kind": "class"}

            @pytest.mark.dag_config(config(cups=4))
            @pytest.mark.parametrize("cups", [pytest.param(3, marks=three), 4])
            def test_parameter(self, execute_in_process, cups):
                assert execute_in_process(cafe).output_for_node("brew")["cups"] == cups

        @pytest.mark.dag_config(config(cups=6))
        class TestSub(TestClass):
            def test_sub(self, execute_in_process):
                assert execute_in_process(cafe).output_for_node("brew") == {"cups": 6, "kind": "class"}

            test_class = None

        class TestOther(TestSub):
            pytestmark = pytest.mark.dag_config(config(kind="sub"))
            test_sub = test_method = None

            def test_other(self, execute_in_process):
                assert execute_in_process(cafe).output_for_node("brew") == {"cups": 6, "kind": "sub"}

        @pytest.mark.dag_config(config(cups=5))
        class TestUnit(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _run(self, execute_in_process):
                self.run_job = execute_in_process

            def test_unit(self):
                self.assertEqual(self.run_job(cafe).output_for_node("brew"), {"cups": 5, "kind": "module"})
        """
    )

    cafe.runpytest("-W", "error", "--strict-markers").assert_outcomes(passed=5 + 4 + 3)


def test_a_yaml_file_beside_the_test(cafe: pytest.Pytester):
    """The path begins at the folder of the test file."""
    folder = cafe.mkdir("folder")
    (folder / "run.yaml").write_text("ops: {brew: {config: {cups: 7, kind: latte}}}")
    (folder / "test_yaml.py").write_text(
        "import pytest\nfrom pathlib import Path\nfrom cafe import cafe\n"
        "@pytest.mark.parametrize('n', [\n"
        "    pytest.param(1, marks=pytest.mark.dag_config('run.yaml')),\n"
        "    pytest.param(2, marks=pytest.mark.dag_config(Path(__file__).parent / 'run.yaml')),\n"
        "])\n"
        "def test_yaml(execute_in_process, n):\n"
        "    assert execute_in_process(cafe).output_for_node('brew') == {'cups': 7, 'kind': 'latte'}\n"
    )
    cafe.makeini("[pytest]\npythonpath = .")

    cafe.runpytest("-W", "error", folder).assert_outcomes(passed=2)


def test_a_mistake_is_an_error_at_collection(cafe: pytest.Pytester):
    """The message names the test, and the file with the line."""
    cafe.path.joinpath("bad.yaml").write_text("ops:\n  brew: [1\n")
    cafe.path.joinpath("unsafe.yaml").write_text("ops: !!python/object/apply:os.getcwd []\n")
    cafe.path.joinpath("list.yaml").write_text("[1, 2]\n")
    tests = {
        "missing": '"no.yaml"',
        "bad": '"bad.yaml"',
        "unsafe": '"unsafe.yaml"',
        "list": '"list.yaml"',
        "number": "7",
        "bare": "",
        "unused": "{}",
    }
    cafe.makepyfile(
        **{
            f"test_{name}": "import pytest\n"
            f"@pytest.mark.dag_config({argument})\n"
            f"def test_it({'' if name == 'unused' else 'materialize'}): ..."
            for name, argument in tests.items()
        },
        test_case="""
        import unittest
        import pytest

        @pytest.mark.dag_config({})
        class TestCase(unittest.TestCase):
            def test_one(self): ...
        """,
    )

    result = cafe.runpytest("-p", "no:randomly")

    assert result.ret == pytest.ExitCode.INTERRUPTED
    place = "::test_it: marker dag_config: "
    result.stdout.fnmatch_lines_random([
        f"test_missing.py{place}there is no file '*no.yaml'. A relative path begins at the folder *",
        f"test_bad.py{place}*bad.yaml*line *",
        f"test_unsafe.py{place}*unsafe.yaml*",
        f"test_list.py{place}*list.yaml*",
        f"test_number.py{place}the argument must be a run config as a dict, or the path of *, not 7*",
        f"test_bare.py{place}*missing 1 required positional argument*",
        "usage: dag_config(mapping_or_yaml_path)",
        f"test_unused.py{place}it has no effect, because the test has no fixture that runs something*",
        "test_case.py::TestCase::test_one: marker dag_config: it has no effect, *autouse=True.",
    ])  # fmt: skip
