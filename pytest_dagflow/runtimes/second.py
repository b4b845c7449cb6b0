"""The second session of `--dag-runtime=both`: a new pytest with the same arguments, on Dagster.

It starts after the tests of the first session, so that neither slows the other one down, and no file is used
by both. It leads a process group, which ends with the first session.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from pytest_dagflow.children import end_of, ending_at_sigterm, kill_group
from pytest_dagflow.runtime import PART_OPTION
from pytest_dagflow.runtimes.outcomes import DURING_COLLECTION, INTERRUPTED, Outcome, Side

_INTERVAL = 0.1
"""The seconds between two looks for new outcomes."""
_GRACE = 10.0
"""The seconds that the tests have to end after an interrupt."""
_LAST_LINES = 20
_KNOWN_CODES = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)
_AS_SCRIPT = "import sys; del sys.path[0]; import pytest; sys.exit(pytest.console_main())"
"""The script `pytest`, which does not add the current folder to the path."""


def run_second(config: pytest.Config, side: Side, show: Callable[[Outcome], None]) -> str:
    """Run the second session, and add its outcomes to a side.

    Args:
        config: The config of the first session.
        side: The second session.
        show: Is called with each outcome when its test ends.

    Returns:
        The output of the session if it ended in another way than by its tests; empty otherwise.
    """
    with tempfile.TemporaryDirectory(prefix="dag-runtime-") as folder, ending_at_sigterm():
        file, output = Path(folder, "outcomes.jsonl"), Path(folder, "output.txt")
        file.touch()
        with file.open(encoding="utf-8") as lines, output.open("wb") as stream:
            process = subprocess.Popen(
                _command(config, file),
                cwd=config.invocation_params.dir,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            side.stopped = DURING_COLLECTION
            try:
                rest, status = "", None
                while status is None:
                    status = _status_after(process, _INTERVAL)
                    *complete, rest = (rest + lines.read()).split("\n")
                    for line in complete:
                        outcome = side.read(line)
                        if outcome is not None:
                            show(outcome)
            except BaseException:
                side.stopped = INTERRUPTED
                _interrupt(process)
                raise
            finally:
                if hasattr(os, "killpg"):
                    kill_group(process.pid)
                process.kill()
                process.wait()
        side.exit_code = status
        if status in _KNOWN_CODES or side.broken:
            return ""
        side.stopped = end_of(status)
        shown = output.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return "\n".join(shown[-_LAST_LINES:])


def _command(config: pytest.Config, file: Path) -> Sequence[str]:
    """Return the command. Its own arguments are first, because a `--` of the user may follow."""
    is_module = os.path.basename(sys.argv[0]) == "__main__.py"
    own = [f"{PART_OPTION}={file}"]
    if config.pluginmanager.hasplugin("_cov"):
        own.append("--no-cov")  # its data are those of the first session
    seed = getattr(config.option, "randomly_seed", None)
    if isinstance(seed, int):
        own.append(f"--randomly-seed={seed}")  # the same order
    given = [str(argument) for argument in config.invocation_params.args]
    return [sys.executable, *(["-m", "pytest"] if is_module else ["-c", _AS_SCRIPT]), *own, *given]


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
