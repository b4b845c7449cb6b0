"""The option `--dag-smoke`: an item for each definition of the project, beside the collected tests.

`plugin.py` registers this module as a plugin of its own in sessions with the option. The tests themselves are
`dagflow.testing.smoke_tests`; this module collects them, and shows their findings.
"""

from __future__ import annotations

import linecache
import os
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_dagflow import hooks
from pytest_dagflow.hook_calls import failing_test, implementations
from pytest_dagflow.options import DEFINITIONS, SMOKE_ID
from pytest_dagflow.selecting.links import elements_of
from pytest_dagflow.session import load_project_definitions, refusing_in_worker, session_of

if TYPE_CHECKING:
    from dagflow.testing import SmokeFinding, SmokeTest

_TOOLS = ("_pytest", "dagflow", "pluggy", "pytest_dagflow")


class DagSmoke(pytest.Collector):
    """The collector of the smoke tests of all definitions of the project."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield an item for each definition, or for those that the command line names."""
        from dagflow.testing import smoke_tests

        wanted = session_of(self.config).options.smoke_names
        tests = {_name_of(test): test for test in _tests(self.config, smoke_tests)}
        unknown = [name for name in wanted if name not in tests]
        if unknown:
            raise pytest.UsageError(_unknown_message(unknown[0], tests))
        for name in dict.fromkeys(wanted) or tests:
            yield SmokeItem.from_parent(self, name=name, test=tests[name])


class SmokeItem(pytest.Item):
    """The test of one definition. `obj` is the class of the test, whose docstring states what it tests."""

    def __init__(self, *, test: SmokeTest, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.test: SmokeTest = test
        self.obj: type[SmokeTest] = type(test)

    def runtest(self) -> None:
        """Test the definition, and call the hooks of other plugins."""
        findings = self.test.run()
        failures = [finding for finding in findings if finding.is_failure]
        if failures:
            pytest.fail("\n\n".join(self._block(finding) for finding in failures), pytrace=False)
        with failing_test():
            messages = list(self._messages_of_plugins())
        if messages:
            pytest.fail("\n\n".join(messages), pytrace=False)
        if findings:
            reason = ". ".join(part for one in findings for part in (one.fact, one.remedy) if part)
            raise pytest.skip.Exception(reason, _use_item_location=True)

    def _messages_of_plugins(self) -> Iterator[str]:
        """Yield the findings of other plugins, also of the conftest files of other folders."""
        for one in implementations(hooks.pytest_dagflow_smoke, self.config):
            result = one.call_unguarded(definition=self.test.definition)
            found = [result] if isinstance(result, str) else result
            if not isinstance(found, Iterable | None):
                raise one.refuse("a message, a list of messages or None", result)
            for message in found or ():
                if not isinstance(message, str):
                    raise one.refuse("messages, which are strings", message)
                lines = [*message.splitlines(), f"found by plugin {one.plugin}"]
                if self.test.place:
                    lines.append(f"{self.test.subject} is defined at {_shown(self.test.place, self.config)}")
                yield "\n  ".join(lines)

    def reportinfo(self) -> tuple[Path | str, int | None, str]:
        """Return the place of the definition. If it is unknown: the file that names the definitions."""
        file, _, line = self.test.place.rpartition(":")
        return (file, int(line) - 1, self.name) if line else (self.config.inipath or self.path, 0, self.name)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return the text of a failure, without the frames of tools."""
        kept = excinfo.traceback.filter(lambda entry: not _is_of_tool(entry.frame.f_globals))
        if kept:
            excinfo.traceback = kept
        return super().repr_failure(excinfo, style or self.config.getoption("tbstyle", "auto"))

    def _block(self, finding: SmokeFinding) -> str:
        """Return the text of a failure: the fact, its reason, the places in the code, and what to do."""
        lines = [finding.fact, *finding.detail.splitlines()]
        if finding.raised_at:
            file, _, line = finding.raised_at.rpartition(":")
            code = linecache.getline(file, int(line)).strip()
            lines.append(f"raised at {_shown(finding.raised_at, self.config)}: {code}".rstrip(": "))
        if self.test.place:
            lines.append(f"{self.test.subject} is defined at {_shown(self.test.place, self.config)}")
        return "\n  ".join([*lines, finding.remedy] if finding.remedy else lines)


def _tests(config: pytest.Config, make: Any) -> list[SmokeTest]:
    """Return the tests of the definitions of the project.

    Raises:
        pytest.UsageError: The project names no definitions, or they cannot be loaded.
    """
    from dagflow import DagflowError

    project = load_project_definitions(config)
    if project is None:
        raise pytest.UsageError(
            f"--dag-smoke tests the definitions of the project, but ini key '{DEFINITIONS}' is not set. Set "
            f"{DEFINITIONS} = package.module:attribute, or write the hook pytest_dagflow_definitions"
        )
    try:
        found: list[SmokeTest] = make(*elements_of(project), now=session_of(config).now)
    except DagflowError as error:
        raise pytest.UsageError(f"--dag-smoke: the definitions of the project: {error}") from error
    return found


def _name_of(test: SmokeTest) -> str:
    return f"{test.kind}:{test.name}" if test.name else test.kind


def _unknown_message(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, 2, 0.8)
    hint = f" Did you mean {' or '.join(f'{SMOKE_ID}::{one}' for one in near)}?" if near else ""
    return f"not found: {SMOKE_ID}::{name}. The project has no such definition.{hint}"


def _is_of_tool(names: dict[str, Any]) -> bool:
    return str(names.get("__name__", "")).partition(".")[0] in _TOOLS


def _shown(place: str, config: pytest.Config) -> str:
    """Return a file and line relative to the folder in which pytest was started, if it is inside of it."""
    try:
        relative = os.path.relpath(place, config.invocation_params.dir)
    except ValueError:  # on another drive
        return place
    return place if relative.startswith("..") else relative


# hooks


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, items: list[pytest.Item]
) -> Generator[None, None, None]:
    """Add the items before -k, --lf, --dag-select and other plugins choose among all items.

    In a worker of xdist a usage error adds no item. The controller then ends the session with the error.
    """
    with refusing_in_worker(session.config, items):
        items += _collect(session)
    return (yield)


def _collect(session: pytest.Session) -> list[pytest.Item]:
    """Return the items, and report them to pytest as collected."""
    collector = DagSmoke.from_parent(session, name=SMOKE_ID, nodeid=SMOKE_ID)
    found = list(collector.collect())
    report = pytest.CollectReport(SMOKE_ID, "passed", None, [*found])
    session.config.hook.pytest_collectreport(report=report)
    return found


def pytest_dagflow_link(item: pytest.Item) -> Iterable[object]:
    """Return the nodes of the definition that an item tests."""
    if not isinstance(item, SmokeItem):
        return ()
    if item.test.kind == "resource":  # an expression that selects no node is an error
        return _with_resource(item)
    return item.test.touches


def _with_resource(item: SmokeItem) -> Iterable[object]:
    """Return the definitions that use a resource."""
    from dagflow.testing import graph_of

    nodes = graph_of(item.test.project.definitions).nodes
    used = [node.definition for node in nodes if item.test.name in node.attributes.get("resource", ())]
    return list({id(definition): definition for definition in used}.values())


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the number of definitions that could not be tested here, unless their reasons are printed."""
    skipped = [
        report
        for report in terminalreporter.stats.get("skipped", ())
        if report.nodeid.partition("::")[0] == SMOKE_ID
    ]
    if skipped and not {"s", "a", "A"}.intersection(config.getoption("reportchars", "")):
        count = len(skipped)
        subject = "1 definition" if count == 1 else f"{count} definitions"
        terminalreporter.write_line(f"dag-smoke: {subject} could not be tested completely; -rs shows why")
