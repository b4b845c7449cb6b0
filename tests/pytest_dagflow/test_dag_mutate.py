"""Tests of `--dag-mutate`: mutants of the pipeline, each run against the tests of its node."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from fnmatch import fnmatch

import pytest

from pytest_dagflow.mutating import processes

SHOP = """
    from dagflow import asset, op

    @asset
    def beans():
        return 3

    @asset
    def coffee(beans):
        if beans > 2:
            return beans * 2
        return 0

    @op
    def unused(one: int):
        return one

    twice = op(lambda one, two: one - two, name="twice")
"""
TESTS = """
    import pytest
    from dagflow import materialize_to_memory
    from shop import *

    def note(text):
        with open("log.txt", "a") as log:
            log.write(text + "\\n")

    @pytest.fixture(scope="session")
    def brewed():
        note("brewed")
        yield materialize_to_memory([beans, coffee])
        note("closed")

    def test_coffee(brewed, capsys, tmp_path):
        print("a line")
        assert brewed.asset_value("coffee") == 6
        assert capsys.readouterr().out == "a line\\n"
        assert list(tmp_path.iterdir()) == []

    def test_wrong():
        assert coffee(3) == 7

    def test_twice():
        assert twice(3, 1) == 2

    def test_plain():
        note("plain")
"""


@pytest.fixture
def shop(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create a project with a test that passes, one that fails, and one that is not about a pipeline."""
    pytester.makepyfile(shop=SHOP, test_shop=TESTS)
    pytester.makeini("[pytest]\npythonpath = .")
    return pytester


def test_survivors_are_shown_with_their_place_and_their_tests(shop: pytest.Pytester):
    """The report has the difference, the test to write and the tests that ran, in 80 columns."""
    result = shop.runpytest_subprocess("--dag-mutate")

    result.stdout.fnmatch_lines(
        [
            "dag-mutate: all nodes",
            "fails without a mutation, not used: test_shop.py::test_wrong: assert 6 == 7*",
            "survived: comparison in coffee",
            "  shop.py:9",
            "  - if beans > 2:",
            "  + if beans >= 2:",
            "  kill it by a test at the boundary: beans == 2",
            "  ran 1 test:",
            "    test_shop.py::test_coffee",
            "survived: constant in coffee",
            "  - return 0",
            "note: no source file, so without mutants of the body: twice",
            "9 mutants of 3 nodes: 7 killed, 2 survived, 0 timed out (78 %)",
            "* s in forked processes",
        ],
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED  # because of the test that fails without a mutation
    report = str(result.stdout).partition("= dag-mutate =")[2].splitlines()[1:-1]
    assert max(map(len, report)) < 80
    log = (shop.path / "log.txt").read_text().split()
    assert log.count("closed") > 5  # the fixtures of each mutant are closed
    assert "plain" not in log


def test_nothing_of_a_mutant_is_left(shop: pytest.Pytester):
    """The code is unchanged, and no record or cache has a failure. An expression limits the nodes."""
    before = (shop.path / "shop.py").read_text()

    result = shop.runpytest_subprocess("--dag-mutate=beans", "-k", "not wrong")

    assert result.ret == 0
    result.stdout.fnmatch_lines(["dag-mutate: beans", "1 mutant of 1 node: 1 killed, 0 survived*"])
    assert (shop.path / "shop.py").read_text() == before
    assert not [*shop.path.glob(".pytest_cache/**/record*"), *shop.path.glob(".pytest_cache/**/lastfailed")]


def test_changed_nodes_only(shop: pytest.Pytester):
    """After a session nothing has changed; after an edit the edited node is mutated."""
    arguments = ("--dag-mutate=changed()", "-k", "not wrong")
    shop.runpytest_subprocess("-k", "not wrong")
    unchanged = shop.runpytest_subprocess(*arguments)
    source = shop.path / "shop.py"
    source.write_text(source.read_text().replace("return 3", "return 1 + 2"))
    changed = shop.runpytest_subprocess(*arguments)

    assert unchanged.ret == changed.ret == 0
    unchanged.stdout.fnmatch_lines(["no mutant: no selected node can be mutated, or none has changed"])
    changed.stdout.fnmatch_lines(["2 mutants of 1 node: 2 killed*"])


RADIO = """
    import threading

    def pytest_configure():
        threading.Thread(target=threading.Event().wait, name="radio", daemon=True).start()
"""


def test_new_processes_where_a_fork_is_not_safe(shop: pytest.Pytester):
    """A second thread runs, so that each mutant is a new pytest, which leaves no file behind."""
    shop.makeconftest(RADIO)

    result = shop.runpytest_subprocess("--dag-mutate=beans or twice", "-k", "not wrong")

    result.stdout.fnmatch_lines(
        [
            "3 mutants of 2 nodes: 3 killed, 0 survived, 0 timed out (100 %)",
            "*in new processes, because other threads run in this process (radio)",
        ]
    )
    assert not list(shop.path.glob(".pytest_cache/d/dagflow/record*"))


def test_a_new_process_that_cannot_collect_is_no_killed_mutant(shop: pytest.Pytester):
    """The session ends, because the mutation is not the reason."""
    shop.makeconftest(RADIO)
    late = shop.runpytest_subprocess("--dag-mutate=twice", "--dag-mutate-timeout=0.01")
    shop.makepyfile(
        test_shop="""
        import os, pytest
        from shop import *

        @pytest.mark.parametrize("number", [os.getpid()])
        def test_twice(number):
            assert twice(3, 1) == 2
        """
    )
    changing = shop.runpytest_subprocess("--dag-mutate=twice")

    assert late.ret == changing.ret == pytest.ExitCode.USAGE_ERROR
    late.stderr.fnmatch_lines(["*could not collect the tests: it had 0.01 s. Write --dag-mutate-timeout=30"])
    changing.stderr.fnmatch_lines(["*test_twice* is collected in some sessions only: its id must not change"])


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (["--dag-mutate=coffee and"], ["*--dag-mutate: *", "*coffee and*"]),
        (["--dag-mutate=cofee"], ["*dag-mutate 'cofee'*coffee*"]),
        (
            ["--dag-mutate=coffee and beans"],
            ["*'coffee and beans' matches no node*The nodes are: beans, coffee*"],
        ),
        (["--dag-mutate", "test_shop.py"], ["*'test_shop.py' is a path*pytest test_shop.py --dag-mutate*"]),
        (
            ["--dag-mutate", "--dag-cov"],
            ["*--dag-cov has no meaning with --dag-mutate: *to measure. Leave one out.*"],
        ),
        (["--dag-mutate", "--dag-html=page.html"], ["*--dag-html has no meaning with --dag-mutate: *"]),
        (["--dag-mutate", "-n2"], ["*--dag-mutate starts a process for each mutant itself*'-n 0'*"]),
    ],
)
def test_what_cannot_be_mutated(shop: pytest.Pytester, arguments: list[str], lines: list[str]):
    """Each usage error names the option and the right form."""
    result = shop.runpytest_inprocess(*arguments)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    text = " ".join((str(result.stderr) + str(result.stdout)).split())
    for line in lines:
        assert fnmatch(text, line), text


def test_a_session_without_definitions(pytester: pytest.Pytester):
    """There is nothing to mutate, and the message says where definitions are looked for."""
    pytester.makepyfile("def test_plain(): ...")

    result = pytester.runpytest_inprocess("--dag-mutate")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*name no definition, so there is nothing to mutate"])


def test_collect_only_lists_the_tests(shop: pytest.Pytester):
    """No mutant runs."""
    result = shop.runpytest_inprocess("--dag-mutate", "--collect-only", "-q")

    result.stdout.fnmatch_lines(["test_shop.py::test_coffee", "4 tests collected*"])
    assert "mutant" not in str(result.stdout)


WAITING = """
    import os, pathlib, time
    from shop import *

    def test_twice():
        if twice(3, 1) != 2:
            pathlib.Path(f"{os.getpid()}.pid").touch()
            time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_mutant_too(shop: pytest.Pytester, number: signal.Signals):
    """The verdicts so far are printed, and no process is left."""
    shop.makepyfile(test_shop=WAITING)
    environment = {**os.environ, "TMPDIR": str(shop.path)}
    command = [sys.executable, "-m", "pytest", "--dag-mutate=twice"]
    with subprocess.Popen(
        command,
        cwd=shop.path,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),  # a shell ignores SIGINT in the background
    ) as process:
        end = time.monotonic() + 30
        while not (found := list(shop.path.glob("*.pid"))) and time.monotonic() < end:
            time.sleep(0.02)
        process.send_signal(number)
        output, _ = process.communicate(timeout=30)

    assert "interrupted: 0 of 2 mutants ran" in output
    (child,) = (int(path.stem) for path in found)
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    assert not list(shop.path.glob("dag-mutate-*"))


def test_a_process_that_dies_is_a_killed_mutant(shop: pytest.Pytester):
    """The end of the process is the reason."""
    shop.makepyfile(test_shop="import os\nfrom shop import *\ndef test_it(): twice(3, 1) == 2 or os._exit(3)")

    result = shop.runpytest_subprocess("--dag-mutate=twice", "--dag-mutate-report=json:report.json")

    assert result.ret == 0
    assert '"detail": "its process ended with status 3"' in (shop.path / "report.json").read_text()


def test_why_not_fork(monkeypatch: pytest.MonkeyPatch):
    """Without os.fork and on macOS each mutant is a new process."""
    monkeypatch.setattr(processes.sys, "platform", "darwin")
    assert processes.why_not_fork() == "a fork is not safe on macOS"
    monkeypatch.delattr(processes.os, "fork")
    assert processes.why_not_fork() == "this platform has no os.fork"
