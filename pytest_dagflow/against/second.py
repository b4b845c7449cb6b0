"""The second session of `--dag-against`: a new pytest with the arguments of the first one, on a revision.

It also repeats tests on the working tree. It writes nothing into the project: its cache is in its folder.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from pytest_dagflow.against import redirect
from pytest_dagflow.against.records import TestRun
from pytest_dagflow.against.task import Task, read_test, record_file
from pytest_dagflow.children import end_of, ending_at_sigterm
from pytest_dagflow.options import AGAINST_PART
from pytest_dagflow.second_session import (
    AS_SCRIPT,
    KNOWN_CODES,
    arguments_of_second,
    last_lines,
    run_session,
    starts_as_module,
)

_BOOTSTRAP = """
import sys
from importlib.util import module_from_spec, spec_from_file_location
spec = spec_from_file_location({name!r}, {file!r})
sys.modules[spec.name] = module = module_from_spec(spec)
spec.loader.exec_module(module)
module.install({working!r}, {checkout!r})
if sys.path[:1] == [""]:
    sys.path[:1] = {first!r}
import pytest
sys.exit(pytest.main())
"""
"""The start of a session whose imports are mapped. It loads the module by its file, because pytest warns
about plugins that were imported before."""


class Ended(NamedTuple):
    """The end of a second session.

    Attributes:
        exit_code: Its exit code.
        stopped: How it ended, if not by its tests; empty otherwise.
        output: The last lines of its output in that case.
    """

    exit_code: int
    stopped: str = ""
    output: str = ""


def run_second(config: pytest.Config, task: Task, show: Callable[[TestRun], None]) -> Ended:
    """Run the tests of a task in a new pytest. `read_outcomes` of its folder returns the results.

    Args:
        config: The config of the first session.
        task: The task.
        show: Is called with each test when it has ended.
    """
    file = task.write()
    folder = _mapped(str(config.invocation_params.dir), task)
    os.makedirs(folder, exist_ok=True)  # the revision may not have it

    def receive(line: str) -> None:
        test = read_test(line)
        if test is not None:
            show(test)

    output = Path(task.folder, "output.txt")
    with ending_at_sigterm():
        status = run_session(
            _command(config, task, file, folder),
            record_file(task.folder),
            output,
            receive,
            folder=Path(folder),
            environment=_environment(task, folder),
        )
    if status in KNOWN_CODES:
        return Ended(status)
    return Ended(status, end_of(status), last_lines(output))


def _command(config: pytest.Config, task: Task, file: Path, folder: str) -> Sequence[str]:
    """Return the command. Its own arguments are first, because a `--` of the user may follow."""
    own = [f"{AGAINST_PART}={file}", f"--rootdir={task.root}", *arguments_of_second(config)]
    if config.pluginmanager.hasplugin("cacheprovider"):
        own += ["-o", f"cache_dir={Path(task.folder, 'cache')}"]
    given = [_mapped_argument(str(argument), task) for argument in config.invocation_params.args]
    return [sys.executable, *_start(task, folder), *own, *given]


def _start(task: Task, folder: str) -> Sequence[str]:
    if not task.checkout_top:
        return ["-m", "pytest"] if starts_as_module() else ["-c", AS_SCRIPT]
    code = _BOOTSTRAP.format(
        name=redirect.__name__,
        file=redirect.__file__,
        working=task.working_top,
        checkout=task.checkout_top,
        first=[folder] if starts_as_module() else [],
    )
    return ["-c", code]


def _environment(task: Task, folder: str) -> dict[str, str]:
    # pytest-cov before version 7 measures each process that has its variables
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COV_CORE_")}
    environment = {**kept, "PWD": folder}
    added = environment.get("PYTEST_ADDOPTS")
    if added and task.checkout_top:
        environment["PYTEST_ADDOPTS"] = shlex.join(_mapped_argument(one, task) for one in shlex.split(added))
    return environment


def _mapped_argument(argument: str, task: Task) -> str:
    """Return an argument with the path of the revision: `PATH`, `PATH::test` and `--option=PATH`."""
    option, equals, value = argument.rpartition("=") if argument.startswith("-") else ("", "", argument)
    path, colons, test = value.partition("::")
    return f"{option}{equals}{_mapped(path, task)}{colons}{test}"


def _mapped(path: str, task: Task) -> str:
    """Return an absolute path of the working tree as one of the revision; any other path itself."""
    if not task.checkout_top or not os.path.isabs(path):
        return path
    return redirect.Places(task.working_top, task.checkout_top).mapped(path)
