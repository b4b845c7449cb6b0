"""Tests of the progress of long runs under `-v`."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from dagflow import job, op
from dagflow.testing import observe
from pytest_dagflow.reports import progress


class Pipe:
    """A pipe in the place of a terminal."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()

    def read(self) -> str:
        """Return the next output; wait for it."""
        return os.read(self.reader, 10_000).decode()


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """Open a pipe."""
    found = Pipe()
    yield found
    os.close(found.reader)
    os.close(found.writer)


@pytest.fixture
def shown(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> Iterator[progress.Progress]:
    """Show the progress after a moment, and check that no thread is left."""
    monkeypatch.setattr(progress, "FIRST_SECONDS", 0.01)
    monkeypatch.setenv("COLUMNS", "80")
    found = progress.Progress(pipe.writer, "ascii")
    yield found
    found.pytest_unconfigure()
    assert not [thread for thread in threading.enumerate() if thread.name == "dagflow progress"]


def test_a_long_run_shows_its_steps(shown: progress.Progress, pipe: Pipe) -> None:
    """The lines have the time, the number of ended steps and the running ones, cut to the terminal."""
    lines = []

    @op
    def fast() -> int:
        return 1

    @op
    def a_slow_step_with_a_name_that_is_longer(value: int) -> None:
        while len(lines) < 2 or "now a_slow" not in lines[-1]:
            lines.append(pipe.read())

    @job
    def nightly() -> None:
        a_slow_step_with_a_name_that_is_longer(fast())

    with observe(shown.receive):
        assert nightly.execute_in_process().success

    first, *_, last = "".join(lines).strip().splitlines()
    assert lines[0].startswith("\n")  # pytest is in the line of the test
    assert first.startswith("dagflow: run of 'nightly': 0.01 s, ")
    assert " s, 1 of 2 steps ended, now a_slow_step" in last
    assert last.endswith("...")
    assert len(last) == 79


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")
def test_no_thread_is_there_after_a_fork(shown: progress.Progress, pipe: Pipe) -> None:
    """Python would warn about the fork; the next event starts the thread again."""
    counts = []

    @op
    def forks() -> int:
        process = os.fork()
        if not process:
            os._exit(0)
        os.waitpid(process, 0)
        counts.append([thread.name for thread in threading.enumerate()].count("dagflow progress"))
        return 1

    @op
    def waits(value: int) -> None:
        pipe.read()

    @job
    def forking() -> None:
        waits(forks())

    with observe(shown.receive):
        assert forking.execute_in_process().success

    assert counts == [0]


@pytest.mark.parametrize("arguments", [["-v"], []])
def test_only_a_terminal_and_details_show_it(pytester: pytest.Pytester, arguments: list[str]) -> None:
    """`-v` on a terminal shows the lines past the capture of pytest; other sessions do not."""
    assert not pytester.parseconfigure("-v").pluginmanager.hasplugin("dagflow-progress")
    pty = pytest.importorskip("pty")
    pytester.makeconftest(
        """
        import os
        from pytest_dagflow.reports import progress

        progress.FIRST_SECONDS = 0.01
        write, progress.lines = progress.Progress.write, os.pipe()

        def copy(self, text, *, is_first):
            write(self, text, is_first=is_first)
            os.write(progress.lines[1], b"x")

        progress.Progress.write = copy
        """
    )
    pytester.makepyfile(
        test_it="""
        import os
        from dagflow import job, op
        from pytest_dagflow.reports import progress

        @op
        def slow():
            if IS_SHOWN:
                os.read(progress.lines[0], 1)
            print("printed")

        @job
        def nightly():
            slow()

        def test_it(capsys):
            nightly.execute_in_process()
            assert capsys.readouterr().out == "printed\\n"
        """.replace("IS_SHOWN", str("-v" in arguments))
    )
    main, side = pty.openpty()

    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        stdin=subprocess.DEVNULL, stdout=side, stderr=side, cwd=pytester.path,
    )  # fmt: skip
    os.close(side)
    text = "".join(_read_all(main))
    assert process.wait() == 0, text
    assert ("dagflow: run of 'nightly': 0.01 s, 0 of 1 steps ended" in text) == ("-v" in arguments)


def _read_all(descriptor: int) -> Iterator[str]:
    while True:
        try:
            data = os.read(descriptor, 10_000)
        except OSError:  # Linux raises at the end of a terminal
            data = b""
        if not data:
            os.close(descriptor)
            return
        yield data.decode(errors="replace")
