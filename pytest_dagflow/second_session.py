"""A second pytest with the arguments of this session, in a process of its own.

It starts after the tests of the first session, so that neither slows the other one down. It leads a process
group, which ends with the first session, and writes lines of JSON while it runs.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from pytest_dagflow.children import kill_group
from pytest_dagflow.outcomes import FAILURES, LETTERS

_INTERVAL = 0.1
"""The seconds between two looks for new lines."""
_GRACE = 10.0
"""The seconds that the tests have to end after an interrupt."""
_LAST_LINES = 20
_LETTERS_IN_LINE = 60
KNOWN_CODES = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)
"""The exit codes of a session that ended by its tests."""
AS_SCRIPT = "import sys; del sys.path[0]; import pytest; sys.exit(pytest.main())"
"""The script `pytest`, which does not add the current folder to the path."""


def run_session(
    command: Sequence[str],
    lines: Path,
    output: Path,
    receive: Callable[[str], None],
    *,
    folder: Path,
    environment: Mapping[str, str] | None = None,
) -> int:
    """Run a session, and return its exit status. An interrupt ends it too.

    Args:
        command: The command.
        lines: The file to which the session appends lines.
        output: The file for its output.
        receive: Is called with each line.
        folder: The folder in which it starts.
        environment: Its environment; default: that of this process.
    """
    lines.touch()
    with lines.open(encoding="utf-8") as reading, output.open("wb") as stream:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            rest, status = "", None
            while status is None:
                status = _status_after(process, _INTERVAL)
                *complete, rest = (rest + reading.read()).split("\n")
                for line in complete:
                    receive(line)
        except BaseException:
            _interrupt(process)
            raise
        finally:
            if hasattr(os, "killpg"):
                kill_group(process.pid)
            process.kill()
            process.wait()
    return status


@contextmanager
def letters_of_second(
    config: pytest.Config, title: str, *, is_first: bool = True
) -> Iterator[Callable[[str], None]]:
    """Provide a function that shows the letter of a result, as pytest does for the first session.

    Args:
        config: The config of the first session.
        title: The line above the letters.
        is_first: Whether it is behind the letters of pytest itself.
    """
    reporter: Any = (
        None if config.get_verbosity() < -1 else config.pluginmanager.get_plugin("terminalreporter")
    )
    count = 0

    def write(text: str, **markup: bool) -> None:
        if reporter is not None:
            reporter.write(text, flush=True, **markup)

    def show(result: str) -> None:
        nonlocal count
        count += 1
        is_red = result in FAILURES
        write(LETTERS[result], red=is_red, green=not is_red)
        if not count % _LETTERS_IN_LINE:
            write("\n")

    if reporter is not None:
        is_in_line = is_first and reporter.currentfspath is None
        reporter.ensure_newline()
        write("\n" * (1 + is_in_line) + f"{title}\n")
    yield show
    if count % _LETTERS_IN_LINE:
        write("\n")


def last_lines(output: Path) -> str:
    """Return the last lines of the output of a session."""
    shown = output.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return "\n".join(shown[-_LAST_LINES:])


def starts_as_module() -> bool:
    """Return whether this session was started by `python -m pytest`."""
    return os.path.basename(sys.argv[0]) == "__main__.py"


def arguments_of_second(config: pytest.Config) -> list[str]:
    """Return the arguments that let a second session run the tests as the first one, without its coverage."""
    own = []
    if config.pluginmanager.hasplugin("_cov"):
        # its data are those of the first session; it warns about the option
        own += ["--no-cov", "-W", "ignore:Coverage disabled via --no-cov"]
    seed = getattr(config.option, "randomly_seed", None)
    if isinstance(seed, int):
        own.append(f"--randomly-seed={seed}")  # the same order
    return own


def _status_after(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    """Send a Ctrl-C to the session, and wait until its tests and fixtures have ended."""
    if process.poll() is None and hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGINT)
        with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):  # a second Ctrl-C does not wait
            process.wait(_GRACE)
