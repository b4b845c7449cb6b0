"""The property of --dag-against: after a drawn edit it reports each node that truly differs, and no other.

The truth is from `drawn_truth`, which runs both versions without dagflow.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from difflib import unified_diff
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType, SimpleNamespace
from typing import Any

import profiles
import pytest
from drawn_edits import edited, with_tests
from drawn_projects import Project, projects
from drawn_truth import Truth, truth_of, unstable_labels
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dagflow.testing import graph_of, labelled_nodes
from pytest_dagflow.against.comparison import Comparison
from pytest_dagflow.against.formats.json_format import render
from pytest_dagflow.against.reading import read_side
from pytest_dagflow.against.recorder import VALUES, Recorder
from pytest_dagflow.against.records import GraphNode, SideRecord, TestRun
from pytest_dagflow.against.rules import Declared
from pytest_dagflow.against.stored import load_value

PROJECTS = 30 if profiles.IS_THOROUGH else 16
"""The number of edited projects of a session. A few more have random numbers."""
Nodes = Mapping[str, dict[str, Any]]
"""The nodes of the JSON report by label."""


@st.composite
def _pairs(draw: st.DrawFn, prefix: str, *, has_frames: bool) -> tuple[Project, Project]:
    """Draw a project with tests, and an edited version of it."""
    old = draw(with_tests(draw(projects(prefix, has_frames=has_frames))))
    return old, draw(edited(old))


def _random_projects(prefix: str) -> st.SearchStrategy[Project]:
    return projects(prefix, has_frames=False, is_random=True).flatmap(with_tests)


def _problems(nodes: Nodes, truth: Truth) -> list[str]:
    """Return each statement about a node that is not true."""
    found = []
    for label in sorted({*truth.parents, *nodes}):
        node = nodes.get(label)
        if node is None:
            found.append(f"{label}: not in the report")
            continue
        is_common = label not in truth.new | truth.gone
        expected = {
            "is_new": label in truth.new,
            "is_gone": label in truth.gone,
            "differences": label in truth.differing,
            "compared": label in truth.compared,
            **({"code": label in truth.code} if is_common else {}),
        }
        found += [
            f"{label}: {name} is {node[name]}, but should be {'true' if wanted else 'false'}"
            for name, wanted in expected.items()
            if bool(node[name]) != wanted
        ]
        if is_common and node["differences"]:
            found += _problems_of_causes(label, node, truth)
    return found


def _problems_of_causes(label: str, node: Mapping[str, Any], truth: Truth) -> list[str]:
    """Return what is not true about the causes of a node that differs."""
    causes = set(node["causes"])
    upstream: set[str] = set()
    waiting = [label]
    while waiting:
        parents = truth.parents.get(waiting.pop(), frozenset()) - upstream
        upstream |= parents
        waiting += parents
    edited_nodes = (truth.code | truth.new | truth.gone) & upstream
    possible = edited_nodes or truth.differing & upstream
    found = [f"{label}: cause {cause} is none of {sorted(possible)}" for cause in sorted(causes - possible)]
    if not causes and label not in truth.code and possible:
        found.append(f"{label}: no cause, but {sorted(possible)} are possible")
    return found


def _shown(old: Project, new: Project, problems: list[str], nodes: Nodes) -> str:
    """Return a message about a project whose report is wrong."""
    texts = [*problems, f"edit: {new.edit}"]
    for label, node in nodes.items():
        if node["differences"]:
            texts.append(f"reported: {label}: {[one['summary'] for one in node['differences']]}")
    for name, text in old.files().items():
        changed = new.files()[name]
        diff = unified_diff(text.splitlines(), changed.splitlines(), name, name, n=1000, lineterm="")
        texts += [*diff] if changed != text else [name, text]
    return "\n".join(texts)


def _drawn(strategy_of: Callable[[str], st.SearchStrategy[Any]], prefix: str, number: int) -> list[Any]:
    """Return examples of a strategy, each with another prefix of its names."""
    found: list[Any] = []

    @settings(
        max_examples=number, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck)
    )
    @given(data=st.data())
    def collect(data: st.DataObject) -> None:
        found.append(data.draw(strategy_of(f"{prefix}{len(found)}")))

    collect()
    return found


@pytest.mark.parametrize("number", range(20 if profiles.IS_THOROUGH else 1))
def test_sessions(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    make_repository: Callable[[Path], Any],
    number: int,
) -> None:
    """A session reports the nodes that differ, those with changed code, and random numbers as unstable."""
    has_frames = profiles.IS_THOROUGH
    pairs = _drawn(lambda prefix: _pairs(prefix, has_frames=has_frames), "p", PROJECTS)
    unstable = _drawn(_random_projects, "r", 3)
    folder = tmp_path / "project"
    repository = make_repository(folder)
    (folder / "tests").mkdir()
    (folder / "pytest.ini").write_text("[pytest]\npythonpath = .\ntestpaths = tests\n")
    _write(folder, [*(old for old, _ in pairs), *unstable])
    repository.commit()
    _write(folder, [new for _, new in pairs])
    monkeypatch.chdir(folder)

    report = ("--dag-against-report=json:out.json", "--dag-against-fail=never")
    output = pytester.runpytest_subprocess("--dag-against=HEAD", "--dag-select=*", *report)

    document = json.loads((folder / "out.json").read_text())
    assert not document["problem"], output.stdout.str()
    nodes = {node["label"]: node for node in document["nodes"]}
    messages = []
    for old, new in pairs:
        own = _of(old.prefix, nodes)
        problems = _problems(own, truth_of(old, new))
        if problems:
            messages.append(_shown(old, new, problems, own))
    for project in unstable:
        own = _of(project.prefix, nodes)
        differing = {label for label, node in own.items() if node["differences"]}
        verdicts = {one["verdict"] for node in own.values() for one in node["differences"]}
        if differing != unstable_labels(project) or verdicts - {"unstable"}:
            problem = f"these are unstable: {sorted(unstable_labels(project))}"
            messages.append(_shown(project, project, [problem], own))
    assert not messages, "\n\n".join(messages[:3])


def _write(folder: Path, written: list[Project]) -> None:
    for project in written:
        for name, text in project.files().items():
            (folder / name).write_text(text)


def _of(prefix: str, nodes: Nodes) -> Nodes:
    """Return the nodes of one project, without the ops of graphs that no graph uses."""
    return {
        label: node
        for label, node in nodes.items()
        if f"{prefix}_" in label and not (label.startswith("op ") and ":" not in label)
    }


# without processes and git


class _Recorded:
    """One version of a project, whose tests run here, each into a record of its own.

    Args:
        project: The project.
        config: The config of this session.
        folder: The folder of the records.
        name: The name of the side.
    """

    def __init__(self, project: Project, config: pytest.Config, folder: Path, name: str) -> None:
        self.project = project
        self._config, self._folder, self._name = config, folder, name
        self._numbers = itertools.count()
        self._modules: dict[str, ModuleType] = {}
        with self._imported():
            for name in (f"{project.prefix}_common", project.prefix):
                file = f"{name}.py"
                text = project.files()[file]
                module = self._modules[name] = ModuleType(name)
                sys.modules[module.__name__] = module
                exec(compile(text, file, "exec"), vars(module))

    @contextmanager
    def _imported(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            for name in (f"{self.project.prefix}{end}" for end in ("", "_common")):
                patch.setitem(sys.modules, name, self._modules.get(name, ModuleType(name)))
            yield

    def run_tests_of(self, other: Project) -> SideRecord:
        """Run the tests of another version, or those of this one where only they pass."""
        own = {test.name for test in self.project.tests}
        of_other, of_own = self._tests_of(other), self._tests_of(self.project)
        whole = SideRecord(graph=self._graph())
        for test in other.tests:
            found = self._run(of_other, test.name)
            if found.tests[test.name].outcome == "failed" and test.name in own:
                repeated = self._run(of_own, test.name)
                if repeated.tests[test.name].outcome == "passed" or not found.runs:
                    found = repeated
            whole.runs += found.runs
            whole.tests.update(found.tests)
        return whole

    def _tests_of(self, project: Project) -> ModuleType:
        module = ModuleType(f"test_{project.prefix}")
        with self._imported():
            file = f"tests/{module.__name__}.py"
            exec(compile(project.files()[file], file, "exec"), vars(module))
        return module

    def _run(self, module: ModuleType, test: str) -> SideRecord:
        side = f"{self._name}-{next(self._numbers)}"
        recorder = Recorder(self._config, self._folder, side)
        item: Any = SimpleNamespace(nodeid=test)
        protocol = recorder.pytest_runtest_protocol(item)
        outcome = "passed"
        next(protocol)
        try:
            with self._imported():
                getattr(module, test)()
        except Exception:
            outcome = "failed"
        with suppress(StopIteration):
            protocol.send(None)
        recorder.pytest_sessionfinish()
        record = read_side(self._folder, side)
        record.tests = {test: TestRun(test, outcome, 0)}
        return record

    def _graph(self) -> dict[str, GraphNode]:
        module = vars(self._modules[self.project.prefix])
        named = [node.name for node in self.project.nodes if node.kind != "op"]
        jobs = [f"{self.project.prefix}_job"] if self.project.of_kind("op") else []
        return {
            one.label: GraphNode(one.label, "", one.parents, one.partitions, one.called)
            for one in labelled_nodes(graph_of(*(module[name] for name in (*named, *jobs))))
        }


@settings(
    suppress_health_check=list(HealthCheck), max_examples=profiles.ASKED * (4 if profiles.IS_THOROUGH else 1)
)
@given(pair=_pairs("p", has_frames=find_spec("pandas") is not None))
def test_records(pytestconfig: pytest.Config, pair: tuple[Project, Project]) -> None:
    """The comparison of two records has the nodes that differ, with the nodes upstream that caused it."""
    old, new = pair
    truth = truth_of(old, new)
    with TemporaryDirectory() as name:
        folder = Path(name)
        base = _Recorded(old, pytestconfig, folder, "base").run_tests_of(new)
        now = _Recorded(new, pytestconfig, folder, "now").run_tests_of(new)
        declared = Declared(code={label: {"code": ()} for label in truth.code}, is_whole=True)
        comparison = Comparison(base, now, declared, lambda value: load_value(folder / VALUES, value))
        document = json.loads(render(comparison.result("HEAD", "0")))

    nodes = {node["label"]: node for node in document["nodes"]}
    problems = _problems(nodes, truth)
    assert not problems, _shown(old, new, problems, nodes)
