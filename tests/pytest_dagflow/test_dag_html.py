"""Tests of `--dag-html`: the page of a session, its file, and the sessions that have one."""

from __future__ import annotations

import os
import re
import sys
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent

import pytest
from parsed_page import Page

pytest.importorskip("jinja2")

SHOP = """
    import pytest
    from dagflow import (
        AssetCheckResult, DynamicOut, DynamicOutput, Failure, RetryPolicy, StaticPartitionsDefinition, asset,
        asset_check, graph, job, materialize_to_memory, op,
    )

    @op(out=DynamicOut())
    def split():
        for key in ("north", "south"):
            yield DynamicOutput(key, mapping_key=key)

    @op(retry_policy=RetryPolicy(max_retries=1, delay=30))
    def weigh(context, item):
        if item == "south" and context.retry_number == 0:
            raise ConnectionError("no scale")
        return item

    @op
    def validate(items):
        raise Failure("too much", metadata={"limit": 10})

    @op
    def publish(items):
        pass

    @graph
    def checking(items):
        return validate(items)

    @job
    def weights():
        publish(checking(split().map(weigh).collect()))

    @asset(partitions_def=StaticPartitionsDefinition(["a", "b"]))
    def orders(context):
        context.add_output_metadata({"rows": 120})

    @asset_check(asset=orders)
    def recent(orders):
        return AssetCheckResult(passed=False, description="old")

    def test_weights():
        weights.execute_in_process()

    def test_orders():
        assert materialize_to_memory([orders, recent], partition_key="a").success

    @pytest.fixture(scope="module")
    def stored():
        materialize_to_memory([orders], partition_key="b")

    def test_first(stored):
        pass

    def test_second(stored):
        pass

    @pytest.fixture
    def broken():
        materialize_to_memory([orders], partition_key="b")
        raise OSError("no database")

    def test_broken(broken):
        pass

    def test_many():
        for _ in range(25):
            materialize_to_memory([orders], partition_key="b")

    @pytest.mark.skip(reason="not today")
    def test_skipped():
        pass
"""


@pytest.fixture
def shop(pytester: pytest.Pytester) -> pytest.Pytester:
    """Write tests with every outcome, whose runs have retries, dynamic steps, partitions and checks."""
    pytester.makepyfile(test_shop=SHOP)
    return pytester


def page_in(folder: Path, name: str = "page.html") -> tuple[str, Page]:
    """Return the text of the page, and its parts."""
    text = (folder / name).read_text(encoding="utf-8")
    return text, Page(text)


def test_the_page_has_each_test_and_its_runs(shop: pytest.Pytester) -> None:
    """Each test has its outcome and its runs, each run its steps with attempts, errors and metadata."""
    result = shop.runpytest_inprocess("-p", "no:randomly", "--dag-html=out/deep/page.html")

    text, page = page_in(shop.path / "out" / "deep")
    result.stdout.fnmatch_lines([f"html page: {Path('out', 'deep', 'page.html')}"])
    assert page.texts["h1"] == ["Tests: 1 error, 1 failed, 1 skipped, 4 passed"]
    bdi = page.texts["bdi"]
    assert {"weigh[south]", "checking.validate", "weights", "stored"} <= set(bdi)
    assert {"Failure: too much", "attempt 1: ConnectionError: no scale", "materialized orders [a]"} <= set(
        bdi
    )
    assert "check orders:recent did not pass (ERROR): old" in bdi
    assert bdi[bdi.index("limit") + 1] == "10"
    assert text.count('class="attempt retried"') == text.count('class="attempt failed"') == 1
    assert "succeeded in" in text
    assert "not run" in page.texts["td"]
    assert any("20 of 25 runs are shown" in one for one in page.texts["p"])
    assert "OSError: no database\ntest_shop.py:" in text
    assert "not today" in page.texts["pre"]
    shared = re.findall(r'Runs of a shared fixture are shown at <a class="name" href="#test-(\d+)">', text)
    assert len(shared) == 1
    assert page.ids.count(f"test-{shared[0]}") == 1


def test_workers_send_their_runs(shop: pytest.Pytester) -> None:
    """The page of a session with workers of xdist has the same tests and steps."""
    pytest.importorskip("xdist")

    result = shop.runpytest("-n2", "--dag-html=page.html")

    text, page = page_in(shop.path)
    assert "html page: page.html" in result.outlines
    assert page.texts["h1"] == ["Tests: 1 error, 1 failed, 1 skipped, 4 passed"]
    assert text.count('class="attempt retried"') == 1
    assert "materialized orders [a]" in page.texts["bdi"]


def test_the_page_has_the_coverage_too(shop: pytest.Pytester) -> None:
    """With --dag-cov the page ends with the part about the graph, in the same style."""
    result = shop.runpytest_inprocess("--dag-cov", "--dag-html=page.html", "--dag-cov-report=html:cov.html")

    text, page = page_in(shop.path)
    cover_text, cover = page_in(shop.path, "cov.html")
    assert result.ret == 1
    assert any(one.startswith("Graph coverage: ") for one in page.texts["h2"])
    assert {one for one in cover.ids if one.startswith("node-")} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert cover_text.split("<style>")[1].split("* {")[0] == text.split("<style>")[1].split("* {")[0]


def test_an_interrupted_session_has_a_page(pytester: pytest.Pytester) -> None:
    """After Ctrl-C the page has the finished tests, and the runs of the interrupted one."""
    pytester.makepyfile(
        test_it="""
        from dagflow import asset, materialize_to_memory

        @asset
        def water():
            pass

        def test_one():
            pass

        def test_two():
            materialize_to_memory([water])
            raise KeyboardInterrupt

        def test_three():
            pass
        """
    )

    result = pytester.runpytest_subprocess("-p", "no:randomly", "--dag-html=page.html")

    _, page = page_in(pytester.path)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert page.texts["h1"] == ["Tests: 1 interrupted, 1 passed"]
    assert "The session ended before all tests ran." in page.texts["p"]
    assert "materialized water" in page.texts["bdi"]


def test_a_file_that_cannot_be_collected_is_an_error(pytester: pytest.Pytester) -> None:
    """An error of the collection is on the page."""
    pytester.makepyfile(test_bad="import absent_module")

    pytester.runpytest_inprocess("--dag-html=page.html")

    _, page = page_in(pytester.path)
    assert page.texts["h1"] == ["Tests: 1 error"]
    assert "absent_module" in "".join(page.texts["pre"])


def test_the_page_is_redacted(pytester: pytest.Pytester) -> None:
    """The hook replaces all events, an error of it hides the run, and messages of failures are left out."""
    folder = pytester.mkdir("inner")  # the controller of xdist does not load its conftest
    files = {}
    files["conftest.py"] = """
        def pytest_dagflow_redact(event):
            if event.event_type_value == "ASSET_MATERIALIZATION" and event.step_key == "tea":
                raise ValueError("hunter2")
            data = event.event_specific_data
            if event.is_failure:
                error = data.error._replace(message="***", stack=[], cause=None)
                return event.with_changes(event_specific_data=data._replace(error=error))
        """
    files["test_it.py"] = """
        from dagflow import asset, materialize_to_memory

        @asset
        def water():
            raise ValueError("hunter2")

        @asset
        def tea():
            pass

        def test_water():
            assert not materialize_to_memory([water], raise_on_error=False).success

        def test_assert():
            assert "hunter2" == ""

        def test_tea():
            materialize_to_memory([tea])
        """

    for name, code in files.items():
        (folder / name).write_text(dedent(code))
    workers = ["-n1"] if find_spec("xdist") else []

    pytester.runpytest("--dag-html=page.html", *workers)

    text, page = page_in(pytester.path)
    assert "hunter2" not in text
    assert "***" in page.texts["bdi"]
    assert "pytest_dagflow_redact cannot change it" in "".join(page.texts["pre"])
    assert "This run is not shown: hook pytest_dagflow_redact" in "".join(page.texts["p"])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", "--dag-html: the path is empty. Write --dag-html=PATH"),
        ("folder", "is a folder, and the report is one file. Write --dag-html=PATH"),
        ("file/x", "is a file, and the report needs a folder there. Write --dag-html=PATH"),
        ("same.html", "is also the file of a report of --dag-cov"),
    ],
)
def test_a_wrong_path_is_an_error_before_the_tests(
    pytester: pytest.Pytester, value: str, message: str
) -> None:
    """The error names the option and the right form, and no test runs."""
    pytester.makepyfile("def test_it(): pass")
    pytester.mkdir("folder")
    (pytester.path / "file").write_text("")

    result = pytester.runpytest_inprocess(
        f"--dag-html={value}", "--dag-cov", "--dag-cov-report=html:same.html"
    )

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message in str(result.stderr)
    assert "passed" not in str(result.stdout)


def test_a_folder_without_permission_is_an_error(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that cannot be written is an error before the tests."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)

    result = pytester.runpytest_inprocess("--dag-html=page.html")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*the folder '*' is not writable. Write --dag-html=PATH"])


def test_a_folder_that_appears_during_the_tests(pytester: pytest.Pytester) -> None:
    """A page that cannot be written at the end fails the session."""
    pytester.makepyfile("def test_it():\n    import os\n    os.mkdir('page.html')")

    result = pytester.runpytest_inprocess("--dag-html=page.html")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["dag-html failed: the page cannot be written: *"])


def test_without_jinja2_it_is_an_error(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra, and no test runs."""
    monkeypatch.setitem(sys.modules, "jinja2", None)

    result = pytester.runpytest_inprocess("--dag-html=page.html")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*--dag-html needs jinja2, which is not installed: pip install 'pytest-dagflow[[]report[]]'"]
    )


def test_other_sessions_load_no_module_of_the_page(pytester: pytest.Pytester) -> None:
    """Without the option none of its modules is imported."""
    pytester.makepyfile(
        """
        import sys

        def test_it():
            parts = ("pytest_dagflow.timelines", "pytest_dagflow.pages", "jinja2")
            assert not [name for name in sys.modules if name.startswith(parts)]
        """
    )

    pytester.runpytest_subprocess().assert_outcomes(passed=1)
