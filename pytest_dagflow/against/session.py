"""The hooks of a session with `--dag-against`: it records, runs the tests on the revision, and reports.

`plugin.py` registers this module as a plugin in sessions with the option, also in the workers of xdist.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_dagflow.against.declaring import Files, add_code, declare, files_of
from pytest_dagflow.against.recorder import Recorder, drawing_tests
from pytest_dagflow.against.result import AgainstResult
from pytest_dagflow.against.revisions import NOW, Revisions
from pytest_dagflow.against.rules import Declared
from pytest_dagflow.against.settings import Settings, settings_of
from pytest_dagflow.against.task import append_line, keep_outcomes, record_file
from pytest_dagflow.against.write import write_reports
from pytest_dagflow.outcomes import Recorder as OutcomeRecorder
from pytest_dagflow.session import worker_input_of

if TYPE_CHECKING:
    from dagflow.testing import Graph

_FOLDER = "dag_against"
"""The key of the folder in the values that the controller of xdist sends."""
_DECLARED = "declared.json"
_FILES, _CLAIM = "files-", "claimed"


@dataclass
class Against:
    """The comparison of this session.

    Attributes:
        settings: The options.
        folder: The temporary folder of the records, which the controller of xdist makes and removes.
        recorder: The recorder of this process.
        graph: The graph of the tests; None if it is unknown, and on the controller of xdist.
        declared: The rules and expected changes.
        result: The result; None before the comparison, and if the session only collects.
        failures: The reasons why the session fails besides its tests.
    """

    settings: Settings
    folder: Path
    recorder: Recorder
    graph: Graph | None = None
    declared: Declared = field(default_factory=Declared)
    result: AgainstResult | None = None
    failures: list[str] = field(default_factory=list)


_KEY = pytest.StashKey[Against]()


def pytest_configure(config: pytest.Config) -> None:
    """Check the options, make the folder of the records, and start to record.

    Raises:
        pytest.UsageError: An option is invalid.
    """
    settings = settings_of(config)
    sent = worker_input_of(config).get(_FOLDER)
    folder = Path(sent) if sent else Path(tempfile.mkdtemp(prefix="dag-against-"))
    if not sent:
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
        config.pluginmanager.register(
            OutcomeRecorder(config, keep_outcomes(folder / NOW)), "dagflow-against-outcomes"
        )
    recorder = Recorder(config, folder, NOW)
    config.stash[_KEY] = Against(settings, folder, recorder)
    config.pluginmanager.register(recorder, "dagflow-against-recorder")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Send the folder of the records to a worker of xdist."""
    node.workerinput[_FOLDER] = str(node.config.stash[_KEY].folder)


def pytest_report_header(config: pytest.Config) -> str:
    """Return the revision."""
    return f"dag-against: {config.stash[_KEY].settings.reference}"


def pytest_collection_finish(session: pytest.Session) -> None:
    """Record the graph, and read the rules and expected changes, in each process that has tests.

    Raises:
        pytest.UsageError: A rule or marker names an unknown node.
    """
    config = session.config
    if config.pluginmanager.hasplugin("dsession"):
        return
    against = config.stash[_KEY]
    _send(config, {"kind": "collected", "draws": drawing_tests(session.items)})
    against.graph = against.recorder.write_graph(session.items)
    if against.graph is None:
        return
    try:
        against.declared = declare(
            config, session.items, against.graph, against.recorder.labels, against.settings.rules
        )
    except pytest.UsageError as error:
        if not worker_input_of(config):
            raise
        against.declared = Declared(problem=str(error))


def _send(config: pytest.Config, message: dict[str, Any]) -> None:
    worker = worker_input_of(config).get("workerid", "main")
    append_line(record_file(str(config.stash[_KEY].folder / NOW), worker), message)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Run the tests on the revision too, and compare, also after `-x`. A Ctrl-C ends both."""
    config = session.config
    try:
        result = yield
    except session.Failed:
        _end(session)
        raise
    _end(session)
    against = config.stash[_KEY]
    if against.result is not None and not session.testsfailed:
        session.testsfailed = len(against.failures)
    return result


def _end(session: pytest.Session) -> None:
    """Write what only a process with tests knows; compare in the process of the session."""
    config = session.config
    against = config.stash[_KEY]
    if config.option.collectonly:
        return
    if not config.pluginmanager.hasplugin("dsession"):
        _write_files(config)
    if worker_input_of(config):
        return
    declared, files = _read_files(against)
    revisions = Revisions(config, against.settings, against.folder, declared, files)
    against.result = revisions.compare()
    failure = against.result.failure
    against.failures = [
        *([failure] if failure else []),
        *write_reports(against.result, against.settings.files, config),
    ]


def _write_files(config: pytest.Config) -> None:
    """Write the files that the tests of this process read. The first process to end writes the rest."""
    against = config.stash[_KEY]
    is_first = _is_first(against.folder)
    if is_first and against.graph is not None and not against.declared.problem:
        labels, reference = against.recorder.labels, against.settings.reference
        add_code(against.declared, config, against.graph, labels, reference)
    files = files_of(config, against.graph if is_first else None)
    worker = worker_input_of(config).get("workerid", "main")
    (against.folder / f"{_FILES}{worker}.json").write_text(json.dumps(files), encoding="utf-8")
    if is_first:
        text = json.dumps(against.declared.to_json())
        (against.folder / _DECLARED).write_text(text, encoding="utf-8")


def _is_first(folder: Path) -> bool:
    try:
        (folder / _CLAIM).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _read_files(against: Against) -> tuple[Declared, Files]:
    """Return what all processes wrote. A worker that was killed wrote nothing."""
    files = Files([], [], [])
    for path in sorted(against.folder.glob(f"{_FILES}*.json")):
        for known, found in zip(files, json.loads(path.read_text(encoding="utf-8")), strict=True):
            known += [one for one in found if one not in known]
    try:
        document = json.loads((against.folder / _DECLARED).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Declared(problem="each worker of xdist was killed before its end"), files
    return Declared.from_json(document, against.settings.rules), files


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    """Print the report, or the reason why there is none."""
    against = config.stash[_KEY]
    if against.result is None:
        if exitstatus == pytest.ExitCode.INTERRUPTED:
            terminalreporter.write_line(
                "dag-against: nothing was compared, because the session ended early", red=True
            )
        return
    from pytest_dagflow.against.formats.terminal import print_result

    print_result(
        terminalreporter,
        against.result,
        verbosity=config.get_verbosity(),
        is_whole=against.settings.is_shown,
    )
    for failure in against.failures:
        if failure != against.result.failure:
            terminalreporter.write_line(f"dag-against failed: {failure}", red=True)


def result_of(config: pytest.Config) -> AgainstResult | None:
    """Return the result of a session with the option; None before its comparison."""
    return config.stash[_KEY].result
