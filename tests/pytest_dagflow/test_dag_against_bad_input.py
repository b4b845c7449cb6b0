"""Tests of `--dag-against` where nothing, or not all, can be compared.

Each has a clear message, the results of the working tree stand, and nothing is left.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

SHOP = """
import dagflow as dg

@dg.asset
def orders():
    return [1, 2, 3]
"""
TESTS = """
import dagflow as dg
import shop

def test_orders():
    assert dg.materialize_to_memory([shop.orders]).success
"""
INI = "[pytest]\npythonpath = .\n"
ALL = "--dag-select=*"


@pytest.fixture
def shop(compared: Any) -> Any:
    """Commit a project of one asset, and change it."""
    compared.commit(shop_dot_py=SHOP, tests__test_shop_dot_py=TESTS, pytest_dot_ini=INI)
    compared.edit("shop.py", "[1, 2, 3]", "[1, 2, 4]")
    return compared


def problem_of(shop: Any, *arguments: str, **options: Any) -> str:
    """Run a session in which nothing can be compared, and return the reason."""
    result = shop.run(*arguments, **options)
    problem: str = shop.document["problem"]
    assert problem
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "cannot be compared" in shop.document["verdict"]
    shown = " ".join(result.stdout.str().split())
    assert " ".join(problem.split()) in shown
    assert "1 passed" in shown
    return problem


def test_unknown_revision(shop: Any):
    """The reason is named, and the session fails unless it must never fail."""
    assert problem_of(shop, ALL, against="nowhere") == "git knows no revision 'nowhere'"

    result = shop.run(ALL, "--dag-against-fail=never", against="nowhere")
    assert result.ret == pytest.ExitCode.OK
    result.assert_outcomes(passed=1)


def test_no_repository_and_no_git(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    """A folder in no repository, and a machine without git, are named."""
    pytester.makepyfile(shop=SHOP, test_shop=TESTS)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(pytester.path.parent))
    result = pytester.runpytest_inprocess("--dag-against=main", ALL)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=1)
    shown = " ".join(result.stdout.str().split())
    assert f"cannot be compared: '{pytester.path}' is not in the working tree of a git repository" in shown

    monkeypatch.setenv("PATH", "/nowhere")
    result = pytester.runpytest_inprocess("--dag-against=main", ALL)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["dag-against: main cannot be compared: *git*"])


def test_shallow_clone(shop: Any, monkeypatch: pytest.MonkeyPatch):
    """A clone without the merge base is named, with what to do."""
    shop.git("checkout", "-q", "-b", "work")
    shop.git("commit", "-qam", "Work")
    shop.git("checkout", "-q", "main")
    shop.commit(more_dot_py="")
    clone = shop.folder.parent / "clone"
    shop.git("clone", "-q", "--depth=1", "--no-single-branch", shop.folder.as_uri(), str(clone))
    subprocess.run(["git", "checkout", "-q", "work"], cwd=clone, check=True)
    monkeypatch.chdir(clone)

    result = shop.pytester.runpytest_inprocess("--dag-against=origin/main", ALL)

    result.assert_outcomes(passed=1)
    shown = " ".join(result.stdout.str().split())
    assert "origin/main cannot be compared" in shown
    assert "shallow" in shown
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_revision_that_does_not_import(shop: Any):
    """The first error of its files is named."""
    shop.commit(shop_dot_py="import nothing_of_this_name\n" + SHOP)
    shop.write(shop_dot_py=SHOP)

    problem = problem_of(shop, ALL)

    assert problem.startswith("its tests cannot be collected: tests/test_shop.py: ")
    assert "nothing_of_this_name" in problem


def test_revision_without_the_code(shop: Any):
    """A revision in which the module does not exist yet is named, and so is one without the ini file."""
    shop.git("checkout", "-q", "--orphan", "other")
    shop.git("rm", "-rfq", "--cached", ".")
    (shop.folder / "keep.txt").write_text("1")
    shop.git("add", "keep.txt", ".gitignore")
    shop.git("commit", "-q", "-m", "Start")

    problem = problem_of(shop, ALL, against="other")

    assert "No module named 'shop'" in problem


def test_a_conftest_that_fails_there(shop: Any):
    """A session that ends before its tests is named with the error."""
    shop.commit(tests__conftest_dot_py="import shop\nshop.newer\n")
    shop.commit(shop_dot_py=SHOP)
    shop.write(shop_dot_py=SHOP + "\nnewer = 1\n")

    problem = problem_of(shop, ALL)

    assert "newer" in problem


CRASH = """
import os
import dagflow as dg

@dg.asset
def orders():
    if {condition}:
        os._exit(3)
    return 1
"""


def test_a_second_session_that_crashes(shop: Any):
    """The end of its process is named, with and without a test that ended before."""
    shop.commit(shop_dot_py=CRASH.format(condition="True"), tests__test_shop_dot_py=TESTS)
    shop.write(shop_dot_py=CRASH.format(condition="False"))

    problem = problem_of(shop, ALL)
    assert "its process ended with status 3" in problem

    shop.write(tests__test_shop_dot_py="def test_first():\n    import shop\n" + TESTS)
    result = shop.run(ALL)
    assert shop.document["problem"] == ""
    assert any("status 3" in note for note in shop.document["notes"])
    assert "test_orders" in str(shop.document["not_compared"])
    result.assert_outcomes(passed=2)


def test_dependencies_files_and_submodules(shop: Any):
    """Other dependencies, ignored files that the project reads, and empty submodules are named."""
    library = shop.folder.parent / "library"
    library.mkdir()
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "Start"]):
        subprocess.run(
            ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *command], cwd=library, check=True
        )
    shop.git("submodule", "--quiet", "add", str(library), "library")
    reading = SHOP.replace("[1, 2, 3]", "[open(Path(__file__).with_name('größe.csv')).read()]")
    shop.commit(
        shop_dot_py="from pathlib import Path\n" + reading,
        requirements_dot_txt="a==1\n",
        _dot_gitignore="*.csv\n__pycache__\n.pytest_cache\n.hypothesis\n",
    )
    shop.edit("shop.py", ".read()]", ".read() + '!']")
    shop.write(requirements_dot_txt="a==2\n")
    (shop.folder / "größe.csv").write_text("5")

    result = shop.run(ALL)

    assert [one["summary"] for one in shop.nodes()["asset orders"]["differences"]] == ["[0]: '5' -> '5!'"]
    notes = "\n".join(shop.document["notes"])
    assert "requirements.txt" in notes
    assert "1 file that git ignores is the same on both sides (1 byte): größe.csv" in notes
    result.stdout.fnmatch_lines(["note: *requirements.txt*"])


HANGS = """
import pathlib
import time
import dagflow as dg

@dg.asset
def orders():
    pathlib.Path({mark!r}).touch()
    time.sleep(300)
"""


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="the signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_during_the_second_session(shop: Any, number: signal.Signals):
    """Both sessions end, and neither a process, a worktree nor a folder is left."""
    mark = shop.folder.parent / "mark"
    shop.commit(shop_dot_py=HANGS.format(mark=str(mark)), tests__test_shop_dot_py=TESTS)
    shop.write(shop_dot_py=SHOP)
    before = shop.state()
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "--dag-against=main", ALL],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
        # a shell without job control starts its background processes without SIGINT
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline, waiting = time.monotonic() + 120, threading.Event()
    while not mark.exists() and process.poll() is None and time.monotonic() < deadline:
        waiting.wait(0.05)
    assert mark.exists(), process.communicate()[0]

    process.send_signal(number)
    output, _ = process.communicate(timeout=60)

    assert "1 passed" in output
    assert "dag-against: nothing was compared, because the session ended early" in output
    assert process.returncode == pytest.ExitCode.INTERRUPTED
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    assert shop.state() == before
    shop.check_nothing_is_left()


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--dag-runtime=dagster", "*--dag-against needs the graph and the runs of dagflow*"),
        ("--dag-runtime=both", "*--dag-against needs the graph and the runs of dagflow*"),
    ],
)
def test_options_that_do_not_go_together(shop: Any, option: str, message: str):
    """An option that would have no effect is an error."""
    pytest.importorskip("dagster")
    result = shop.pytester.runpytest_subprocess("--dag-against=main", option)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])


READS = """
import os
import pathlib

import dagflow as dg
import pytest
import shop

def test_crash():
    shop.orders()
    mark = pathlib.Path({mark!r})
    if not mark.exists():
        mark.touch()
        os._exit(1)

@pytest.mark.parametrize("number", range(4))
def test_orders(number):
    name = "".join([str(number), ".", "csv"])

    @dg.asset
    def table():
        return pathlib.Path(__file__).with_name(name).read_text()

    assert dg.materialize_to_memory([table, shop.orders]).success
"""


def test_workers(shop: Any):
    """A killed worker does not end the comparison, and the files that each of the others read are copied."""
    shop.write(
        _dot_gitignore="*.csv\n__pycache__\n.pytest_cache\n.hypothesis\n",
        tests__test_shop_dot_py=READS.format(mark=str(shop.folder.parent / "mark")),
    )
    shop.commit(shop_dot_py=SHOP)
    shop.edit("shop.py", "[1, 2, 3]", "[1, 2, 4]")
    for number in range(4):
        (shop.folder / "tests" / f"{number}.csv").write_text(str(number))

    result = shop.run(ALL, "-n2")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert [one["summary"] for one in shop.nodes()["asset orders"]["differences"]] == ["[2]: 3 -> 4"]
    assert shop.nodes()["asset orders"]["compared"] == 4
    assert list(shop.document["not_compared"]) == ["tests/test_shop.py::test_crash"]
    result.stdout.fnmatch_lines(["note: 4 files that git ignores are the same on both sides *"])
