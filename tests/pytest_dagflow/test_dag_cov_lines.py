"""Tests of `--dag-cov-lines`: the node that ran each line, as a context of coverage.py."""

from __future__ import annotations

import sys

import coverage
import pytest

needs_contexts = pytest.mark.skipif(coverage.version_info < (7, 16), reason="coverage.py is too old")
needs_processes = pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="needs processes")

SHOP = """
    from threading import Barrier

    from dagflow import (
        AssetCheckResult, DynamicOut, DynamicOutput, IOManager, Output, asset, asset_check, graph_asset,
        io_manager, job, multiprocess_executor, op, resource, success_hook,
    )

    def shared():
        return 1  # shared

    class Shelf(IOManager):
        def handle_output(self, context, value):
            self.value = value  # handle_output

        def load_input(self, context):
            return self.value  # load_input

    @io_manager
    def shelf():
        return Shelf()  # resource

    @asset(io_manager_key="shelf")
    def water():
        return shared()  # water

    @asset
    def tea(water):
        return water + 1  # tea

    @asset_check(asset=tea)
    def hot(tea):
        return AssetCheckResult(passed=True)  # hot

    @op(out=DynamicOut())
    def cups():
        yield DynamicOutput(1, "one")
        yield DynamicOutput(2, "two")  # cups

    @op
    async def fill(cup):
        return cup  # fill

    @op
    def total(filled):
        return sum(filled)

    @graph_asset
    def tray():
        return total(cups().map(fill).collect())

    @op
    def outer():
        before = 1  # outer before
        inner.execute_in_process()
        return before  # outer after

    @success_hook
    def cheer(context):
        pass  # cheer

    @op
    def brew():
        pass  # brew

    @job(hooks={cheer})
    def inner():
        brew()

    @job
    def nested():
        outer()

    barrier = Barrier(2, timeout=60)

    @op
    def left():
        barrier.wait()
        barrier.wait()  # left

    @op
    def right():
        barrier.wait()
        pass  # right
        barrier.wait()

    @job
    def to_left():
        left()

    @job
    def to_right():
        right()

    @resource
    def kettle():
        return 1  # kettle

    @op(required_resource_keys={"kettle"})
    def near(context):
        return shared()  # near

    @op
    def far(near):
        return near  # far

    @job(executor_def=multiprocess_executor, resource_defs={"kettle": kettle})
    def in_processes():
        far(near())

    @op
    def lines():
        yield Output(1)  # lines
"""
TESTS = """
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    import pytest
    import shop
    from dagflow import AssetKey, build_op_context, execute_job, reconstructable

    def beside():
        return 1  # beside

    @pytest.fixture(scope="module")
    def made():
        return shop.nested.execute_in_process()

    def test_assets(materialize_to_memory):
        materialize_to_memory([shop.water, shop.tea, shop.hot, shop.tray], resources={"shelf": shop.shelf})
        assert shop.shared() == 1  # after the run

    def test_nested(made):
        assert made.success  # in the test

    def test_direct():
        items = shop.lines()
        assert next(items).value == 1
        beside()
        assert list(items) == []

        async def both():
            return await asyncio.gather(shop.fill(1), shop.fill(2))

        assert asyncio.run(both()) == [1, 2]

    def test_threads():
        with ThreadPoolExecutor(2) as pool:
            runs = [pool.submit(one.execute_in_process) for one in (shop.to_left, shop.to_right)]
            assert all(run.result().success for run in runs)

    def test_processes(dag_local_instance):
        assert execute_job(reconstructable(shop.in_processes), instance=dag_local_instance).success
"""
EXPECTED = {
    "shared": {
        "test_shop.py::test_assets|run",
        "test_shop.py::test_assets|run|asset water",
        "test_shop.py::test_processes|run|op in_processes:near",
    },
    "handle_output": {"test_shop.py::test_assets|run|asset water"},
    "load_input": {"test_shop.py::test_assets|run|asset tea"},
    "resource": {"test_shop.py::test_assets|run"},
    "water": {"test_shop.py::test_assets|run|asset water"},
    "tea": {"test_shop.py::test_assets|run|asset tea"},
    "hot": {"test_shop.py::test_assets|run|check tea:hot"},
    "cups": {"test_shop.py::test_assets|run|op asset:tray:tray.cups"},
    "fill": {
        "test_shop.py::test_assets|run|op asset:tray:tray.fill",
        "test_shop.py::test_direct|run|op fill",
    },
    "outer before": {"test_shop.py::test_nested|setup|op nested:outer"},
    "outer after": {"test_shop.py::test_nested|setup|op nested:outer"},
    "cheer": {"test_shop.py::test_nested|setup|op inner:brew"},
    "brew": {"test_shop.py::test_nested|setup|op inner:brew"},
    "right": {"test_shop.py::test_threads|run|op to_left:left + op to_right:right + test"},
    "kettle": {"test_shop.py::test_processes|run"},
    "near": {"test_shop.py::test_processes|run|op in_processes:near"},
    "far": {"test_shop.py::test_processes|run|op in_processes:far"},
    "lines": {"test_shop.py::test_direct|run|op lines"},
}
EXPECTED_IN_TESTS = {
    "after the run": {"test_shop.py::test_assets|run"},
    "in the test": {"test_shop.py::test_nested|run"},
    "beside": {"test_shop.py::test_direct|run"},
}


@pytest.fixture
def shop(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Write a project that coverage.py measures, also in its processes, and that has no outer measurement."""
    for name in ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START", "COVERAGE_FILE", "COVERAGE_RCFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COVERAGE_CORE", "ctrace")  # 3.14 has another default
    pytester.makepyfile(shop=SHOP, test_shop=TESTS)
    configure(pytester, "patch = subprocess")
    pytester.makeini("[pytest]\npythonpath = .")
    return pytester


def configure(pytester: pytest.Pytester, setting: str) -> None:
    """Write the config of coverage.py."""
    text = f"[run]\nsource = .\n{setting}\n"
    pytester.path.joinpath(".coveragerc").write_text(text, encoding="utf-8")


def contexts_in(pytester: pytest.Pytester, name: str) -> dict[str, set[str]]:
    """Return the contexts of each line that has a comment, by its comment."""
    data = coverage.CoverageData(str(pytester.path / ".coverage"))
    data.read()
    contexts = data.contexts_by_lineno(str(pytester.path / name))
    lines = (pytester.path / name).read_text(encoding="utf-8").splitlines()
    return {
        line.partition("  # ")[2]: set(contexts[number])
        for number, line in enumerate(lines, 1)
        if "  # " in line and number in contexts
    }


@needs_contexts
@needs_processes
@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "xdist"])
def test_each_line_has_its_node(shop: pytest.Pytester, workers: tuple[str, ...]) -> None:
    """A line has the node that ran it after the context of the test, and the code of the test has none."""
    pytest.importorskip("pytest_cov")
    if workers:
        pytest.importorskip("xdist")

    result = shop.runpytest_subprocess(
        *("-p", "pytest_cov", "--cov", "--cov-context=test", "--cov-report=", "--dag-cov-lines"),
        *("-W", "error", *workers),
    )

    result.assert_outcomes(passed=5)
    found = contexts_in(shop, "shop.py")
    assert {name: found.get(name) for name in EXPECTED} == EXPECTED
    assert found["left"] <= {
        f"test_shop.py::test_threads|run|{nodes}"
        for nodes in ("op to_left:left + op to_right:right + test", "op to_left:left + test")
    }
    assert contexts_in(shop, "test_shop.py").items() >= EXPECTED_IN_TESTS.items()
    result.stdout.fnmatch_lines(["dagflow: --dag-cov-lines: nodes ran at once in threads.*"])


@needs_contexts
@needs_processes
def test_coverage_run(shop: pytest.Pytester) -> None:
    """`coverage run` keeps the contexts of the session and of the test, and unmeasured steps are named."""
    configure(shop, "context = nightly\ndynamic_context = test_function")

    result = shop.run(
        *(sys.executable, "-m", "coverage", "run", "-m", "pytest", "--dag-cov-lines", "-W", "error"),
        *("-k", "assets or processes"),
    )

    result.assert_outcomes(passed=2, deselected=3)
    found = contexts_in(shop, "shop.py")
    test = "nightly|test_shop.test_assets"
    assert (found["shared"], found["water"]) == ({test, f"{test}|asset water"}, {f"{test}|asset water"})
    assert "far" not in found
    result.stdout.fnmatch_lines(
        ["dagflow: --dag-cov-lines: steps ran in processes that coverage.py does not measure.*patch = sub*"]
    )


def test_without_coverage(shop: pytest.Pytester) -> None:
    """Without a running coverage.py the option is an error, also if a fixture starts one later."""
    shop.makeconftest(
        """
        import coverage
        import pytest

        @pytest.fixture(autouse=True)
        def measured():
            with coverage.Coverage(data_file=None).collect():
                yield
        """
    )

    result = shop.runpytest_subprocess("-p", "no:cov", "--dag-cov-lines")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "ERROR: --dag-cov-lines: no coverage.py measures this process. Start the tests by 'coverage run "
            "-m pytest --dag-cov-lines', or with pytest-cov by 'pytest --cov --dag-cov-lines'."
        ]
    )


@needs_contexts
def test_unmeasured_workers(shop: pytest.Pytester) -> None:
    """Under `coverage run` without `patch = subprocess` the workers of xdist are an error."""
    pytest.importorskip("xdist")
    configure(shop, "")
    command = ["-m", "coverage", "run", "-m", "pytest", "--dag-cov-lines", "-n", "1", "-k", "direct"]

    result = shop.run(sys.executable, *command)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --dag-cov-lines: no coverage.py measures the workers of xdist. Use pytest-cov, or: Write *"]
    )


@needs_contexts
@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring is new in 3.12")
def test_the_core_sysmon(shop: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """A running core that drops contexts is an error, which names the setting to use."""
    monkeypatch.setenv("COVERAGE_CORE", "sysmon")

    result = shop.run(sys.executable, "-m", "coverage", "run", "-m", "pytest", "--dag-cov-lines")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --dag-cov-lines: coverage.py measures with its core 'sysmon', *Write 'core = ctrace' into *"]
    )
