"""The hooks of a second session of `--dag-against`: it runs the tests of its task and writes their outcomes.

`plugin.py` registers this module as a plugin in that process, and in its workers of xdist. The session has
the arguments of the first one, which has selected the tests, and alone writes reports.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from pytest_dagflow.against import redirect
from pytest_dagflow.against.recorder import Recorder, drawing_tests
from pytest_dagflow.against.task import Task, append_line, keep_outcomes, record_file
from pytest_dagflow.options import RUN_ID, SMOKE_ID
from pytest_dagflow.outcomes import INTERRUPTED
from pytest_dagflow.outcomes import Recorder as OutcomeRecorder
from pytest_dagflow.runtime import OF_FIRST
from pytest_dagflow.session import session_of, worker_input_of

_OF_FIRST: dict[str, Any] = {
    **OF_FIRST,
    # the selection
    **{"keyword": "", "markexpr": "", "deselect": [], "maxfail": 0, "testmon": False},
    "continue_on_collection_errors": True,
    **{"dag_select": [], "dag_exclude": [], "dag_explain": "", "dag_first": False, "dag_shadow": False},
    **{"lf": False, "failedfirst": False, "newfirst": False, "stepwise": False, "stepwise_skip": False},
    **{"splits": None, "group": None, "num_shards": 1, "shard_id": 0, "test_group_count": None},
    # the record and the reports
    **{"dag_record": None, "dag_record_from": [], "durations": None, "pastebin": None},
    **{"htmlpath": None, "report_log": None, "json_report": False, "allure_report_dir": None},
}
"""The values of options that only the first session follows, of pytest, of this plugin and of others."""
_KEY = pytest.StashKey[Task]()
_RECORDER = pytest.StashKey[Recorder]()


def leave_reports_to_first(config: pytest.Config) -> None:
    """Let the session select no tests, write no report and open no debugger: the first session did so."""
    known = vars(config.option)
    known.update({name: value for name, value in _OF_FIRST.items() if name in known})
    # pytest keeps the temporary folders of three sessions only, and those of the first one are among them
    task = Task.read(Path(config.getoption("dag_against_part")))
    config.option.basetemp = str(Path(task.folder, "temporary"))


def pytest_configure(config: pytest.Config) -> None:
    """Collect only the files of the tests, with the time of the first session, and record the outcomes."""
    file = session_of(config).options.against_part
    assert file is not None
    task = config.stash[_KEY] = Task.read(file)
    session_of(config).now = task.now
    if task.checkout_top:
        from dagflow.testing import preparing_processes

        stack = ExitStack()
        stack.enter_context(preparing_processes(redirect.PREPARATION))
        config.add_cleanup(stack.close)
    config.args = _places_of(task, config)
    folder = Path(task.folder)
    recorder = config.stash[_RECORDER] = Recorder(config, folder.parent, folder.name)
    config.pluginmanager.register(recorder, "dagflow-against-recorder")
    if not worker_input_of(config):
        config.pluginmanager.register(
            OutcomeRecorder(config, keep_outcomes(Path(task.folder))), "dagflow-against-outcomes"
        )


def _places_of(task: Task, config: pytest.Config) -> list[str]:
    """Return the files of the tests that exist here.

    With an item that is in no file, they are the arguments of the user: such an item has the fixtures of the
    folders that are collected.
    """
    names = dict.fromkeys(test.partition("::")[0] for test in task.tests)
    files = [str(path) for name in names if (path := config.rootpath / name).exists()]
    if names.keys().isdisjoint((RUN_ID, SMOKE_ID)):
        return files
    folder = config.invocation_params.dir
    return [*(one for one in config.args if (folder / one.partition("::")[0]).exists()), *files]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, None, None]:
    """Keep the tests of the task, in their order, after all other plugins."""
    yield
    wanted = {test: number for number, test in enumerate(config.stash[_KEY].tests)}
    others = [item for item in items if item.nodeid not in wanted]
    items[:] = sorted((item for item in items if item.nodeid in wanted), key=lambda one: wanted[one.nodeid])
    if others:
        config.hook.pytest_deselected(items=others)
    missing = sorted(wanted.keys() - {item.nodeid for item in items})
    _send(
        config,
        {"kind": "collected", "missing": missing, "draws": drawing_tests(items)},
    )


def pytest_collection_finish(session: pytest.Session) -> None:
    """Write the graph, unless this is the controller of xdist, which has no tests."""
    if not session.config.pluginmanager.hasplugin("dsession"):
        session.config.stash[_RECORDER].write_graph(session.items)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Send what was imported, and the reason if not all tests ran."""
    config = session.config
    _send(config, {"kind": "running"})
    stopped = INTERRUPTED
    try:
        result = yield
        stopped = ""
    except (session.Interrupted, session.Failed) as error:
        stopped = str(error)
        raise
    finally:
        _send(config, {"kind": "ended", "stopped": stopped, **_imports(config)})
    return result


def _imports(config: pytest.Config) -> dict[str, list[str]]:
    """Return the files of the project that this process imported, relative to its root folder."""
    task = config.stash[_KEY]
    if task.checkout_top:
        imported, foreign = redirect.project_files(), redirect.foreign_modules()
    else:
        imported, foreign = redirect.module_files(Path(task.working_top)), []
    root = os.path.realpath(config.rootpath)
    # the root folder of the other side has the same place below its top folder
    other = root.replace(os.path.realpath(task.checkout_top), os.path.realpath(task.working_top), 1)
    return {"imported": _relative(imported, root), "foreign": _relative(foreign, other)}


def _relative(files: list[str], root: str) -> list[str]:
    return [os.path.relpath(file, root).replace(os.sep, "/") for file in files]


def _send(config: pytest.Config, message: dict[str, Any]) -> None:
    worker = worker_input_of(config).get("workerid", "main")
    append_line(record_file(config.stash[_KEY].folder, worker), message)
