"""The true differences of two drawn projects: their code runs without dagflow, and its results differ."""

from __future__ import annotations

import ast
import random
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, NamedTuple

from drawn_projects import Call, Node, Project, Test, ops_of


class _Output(NamedTuple):
    value: object
    metadata: dict[str, object]


class _Check(NamedTuple):
    passed: bool
    metadata: dict[str, object]


class Result(NamedTuple):
    """The record of a node in a run: how it ended with which inputs, its value, metadata and check result."""

    end: tuple[str, ...]
    value: object = None
    metadata: object = None
    check: object = None


SKIPPED = Result(("skipped",))
Runs = dict[tuple[str, int], dict[str, Result]]
"""The results by label, for each run and direct call of a test."""


def _decorator(*arguments: Callable[..., object], **_: object) -> Any:
    """Return the decorated function itself."""
    return arguments[0] if arguments else lambda function: function


class Side:
    """One version of a project, whose code was run.

    Args:
        project: The project.
        seed: The seed of its random numbers.
    """

    def __init__(self, project: Project, seed: int = 0) -> None:
        self.project = project
        common: dict[str, Any] = {}
        exec("\n".join(project.common.values()), common)
        decorators = ("asset", "multi_asset", "graph_asset", "asset_check", "op", "job")
        self._names: dict[str, Any] = {
            **dict.fromkeys(decorators, _decorator),
            **dict.fromkeys(("AssetOut", "StaticPartitionsDefinition"), lambda *_: None),
            "Output": _Output,
            "AssetCheckResult": _Check,
            "random": random.Random(seed),
            f"{project.prefix}_common": SimpleNamespace(**common),
            **{name: common[name] for name in ("h0", "h1", "size")},
        }
        if "DataFrame(" in project.code:
            from pandas import DataFrame

            self._names["DataFrame"] = DataFrame
        exec(project.code, self._names)

    def call(self, name: str, *arguments: object) -> Any:
        """Call a function of the project."""
        return self._names[name](*arguments)

    # the tests

    def run(self, test: Test) -> tuple[bool, Runs]:
        """Return whether a test passes, and the results of its runs and calls."""
        if test.job or not test.calls:
            return self._run_pipeline(test)
        runs: Runs = {}
        counts: Counter[str] = Counter()
        known = {node.name: node for node in self.project.nodes}
        for call in test.calls:
            node = known.get(call.node)
            if node is None or len(node.parents) != len(call.arguments):
                return False, runs
            try:
                value = self.call(call.node, *call.arguments)
            except (ValueError, KeyError):
                return False, runs
            for label, result in self._of_call(node, value).items():
                counts[label] += 1
                runs[f"call {label}", counts[label]] = {label: result}
            if call.expected is not None and repr(_as_seen(value)) != call.expected:
                return False, runs
        return True, runs

    def _of_call(self, node: Node, value: Any) -> dict[str, Result]:
        labels = [label for label, name in self.project.labels.items() if name == node.name]
        if node.kind == "multi":
            return {label: Result((), one) for label, one in zip(labels, value, strict=True)}
        return {labels[0]: _result((), value)}

    def _run_pipeline(self, test: Test) -> tuple[bool, Runs]:
        project = self.project
        names = project.materializable if test.names is None else test.names
        if test.job:
            chosen, name = project.of_kind("op"), test.job
        else:
            known = {node.name for node in project.nodes}
            if not known.issuperset(names):
                return False, {}
            chosen, name = [node for node in project.nodes if node.name in names], "assets"
        values: dict[str, object] = {}
        failed: set[str] = set()
        results: dict[str, Result] = {}
        for node in chosen:
            results.update(self._run_node(node, test.partition, values, failed))
        return not (test.is_raising and has_failed({"": results})), {
            (f"{name}[{test.partition}]", 1): results
        }

    def _run_node(
        self, node: Node, partition: str | None, values: dict[str, object], failed: set[str]
    ) -> dict[str, Result]:
        labels = [label for label, name in self.project.labels.items() if name == node.name]
        own = [label for label in labels if not label.startswith("op asset:")]
        first, second = (f"op asset:{node.name}:{op}" for op in ops_of(node))

        def ends(end: tuple[str, ...], value: Any = None) -> dict[str, Result]:
            if end[0] != "ok":
                failed.update(node.outputs)
            if node.kind == "multi":
                parts = value if end[0] == "ok" else (None, None)
                values.update(zip(node.outputs, parts, strict=True))
                return {label: Result(end, part) for label, part in zip(own, parts, strict=True)}
            result = _result(end, value)
            values.update(dict.fromkeys(node.outputs, result.value))
            if node.kind != "graph":
                return {own[0]: result}
            of_second = (end[0] if end[0] in ("ok", "skipped") else "skipped",)
            return {
                second: Result(of_second),
                own[0]: result._replace(end=of_second),
            }  # the asset has the value

        if failed & set(node.parents):
            found = ends(("skipped",))
            return {first: SKIPPED, **found} if node.kind == "graph" else found
        lost = [parent for parent in node.parents if parent not in values]
        arguments = [values.get(parent) for parent in node.parents]
        try:
            if lost:
                raise LookupError
            if node.kind == "graph":
                inside = self.call(ops_of(node)[0].rpartition(".")[2], *arguments)
                value = self.call(ops_of(node)[1].rpartition(".")[2], inside)
                return {first: Result(("ok", *sorted(node.parents)), inside), **ends(("ok",), value)}
            context = [SimpleNamespace(partition_key=partition)] if node.kind == "partitioned" else []
            return ends(("ok", *sorted(node.parents)), self.call(node.name, *context, *arguments))
        except (ValueError, LookupError) as error:
            end = (type(error).__name__, *sorted(node.parents))
            found = ends(end)
            return {first: Result(end), **found} if node.kind == "graph" else found


def has_failed(runs: Mapping[Any, Mapping[str, Result]]) -> bool:
    """Return whether a step of runs failed."""
    ends = [result.end[:1] for results in runs.values() for result in results.values()]
    return not {("ok",), ("skipped",), ()}.issuperset(ends)


def _result(end: tuple[str, ...], value: Any) -> Result:
    if isinstance(value, _Output):
        return Result(end, value.value, value.metadata)
    return Result(end, check=value) if isinstance(value, _Check) else Result(end, value)


def _as_seen(value: object) -> object:
    """Return what an assertion compares; the class of what it cannot compare."""
    is_plain = not isinstance(value, (_Output, _Check)) and "DataFrame" not in repr(type(value))
    return value if is_plain else type(value)


def expected_text(project: Project, call: Call) -> str | None:
    """Return the value of a direct call as code; None if no assertion can be about it."""
    node = project.node(call.node)
    if node.kind == "check" or node.form in ("frame", "metadata") or node.term == "random":
        return None
    try:
        return repr(Side(project).call(call.node, *call.arguments))
    except ValueError:
        return None
    except KeyError:
        return None


# the differences


@dataclass(frozen=True)
class Truth:
    """The true differences of two versions of a project.

    Attributes:
        differing: The labels of the nodes whose results differ in a test.
        compared: The labels of the nodes that ran on both sides in a test.
        code: The labels of the nodes whose code or declaration differs.
        new, gone: The labels that only one version has.
        parents: The labels upstream of each label, in either version.
    """

    differing: frozenset[str]
    compared: frozenset[str]
    code: frozenset[str]
    new: frozenset[str]
    gone: frozenset[str]
    parents: Mapping[str, frozenset[str]]


def truth_of(old: Project, new: Project) -> Truth:
    """Return the differences. The tests of the new version run on both, unless they fail on the old one."""
    common = old.labels.keys() & new.labels.keys()
    differing, compared = set(), set()
    for base, now in both_sides(old, new).values():
        for run in base.keys() & now.keys():
            for label in (base[run].keys() | now[run].keys()) & common:
                results = base[run].get(label, SKIPPED), now[run].get(label, SKIPPED)
                if SKIPPED not in results:
                    compared.add(label)
                if not _is_same(*results):
                    differing.add(label)
    one, other = codes_of(old), codes_of(new)
    return Truth(
        frozenset(differing),
        frozenset(compared),
        frozenset(label for label in common if one[label] != other[label]),
        frozenset(new.labels.keys() - common),
        frozenset(old.labels.keys() - common),
        {
            label: frozenset(parents_of(old).get(label, ())) | frozenset(parents_of(new).get(label, ()))
            for label in {*old.labels, *new.labels}
        },
    )


def both_sides(old: Project, new: Project) -> dict[str, tuple[Runs, Runs]]:
    """Return the results of each test on both versions."""
    tests = {test.name: test for test in old.tests}
    base, now = Side(old), Side(new)
    found = {}
    for test in new.tests:
        passed, of_base = base.run(test)
        if not passed and test.name in tests:
            passed, of_own = Side(old).run(tests[test.name])
            of_base = of_own if passed or not of_base else of_base
        found[test.name] = of_base, now.run(test)[1]
    return found


def unstable_labels(project: Project) -> frozenset[str]:
    """Return the labels of the nodes whose results differ between two sessions."""
    one, other = Side(project, 1), Side(project, 2)
    found = set()
    for test in project.tests:
        first, second = one.run(test)[1], other.run(test)[1]
        for run, results in first.items():
            found.update(label for label, result in results.items() if result != second[run][label])
    return frozenset(found)


def _is_same(one: object, other: object) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_is_same, one, other))
    if hasattr(one, "equals"):
        return bool(one.equals(other))
    return type(one) is type(other) and one == other


def parents_of(project: Project) -> dict[str, list[str]]:
    """Return the labels upstream of each label."""
    found: dict[str, list[str]] = {}
    for label, name in project.labels.items():
        node = project.node(name)
        prefix = f"op {project.prefix}_job:" if node.kind == "op" else "asset "
        parents = [f"{prefix}{parent}" for parent in node.parents]
        if node.kind == "graph":
            first, second = (f"op asset:{name}:{op}" for op in ops_of(node))
            parents = {first: parents, second: [first]}.get(label, [*parents, first, second])
        found[label] = parents
    return found


def codes_of(project: Project) -> dict[str, str]:
    """Return the code that each label depends on, also of helpers, without comments."""
    shared = {**project.common, "RATE": f"RATE = {project.rate}"}
    found = {}
    for label, name in project.labels.items():
        functions = project.functions(project.node(name))
        last = label.rpartition(".")[2] if label.startswith("op asset:") else ""
        texts = [functions[last]] if last else list(functions.values())
        used: dict[str, None] = {}
        while texts:
            text = ast.dump(ast.parse(texts.pop()))
            used[text] = None
            names = set(re.findall(r"(?:id|attr)='(\w+)'", text)) & shared.keys()
            texts += [shared[one] for one in names if ast.dump(ast.parse(shared[one])) not in used]
        found[label] = "\n".join(sorted(used))
    return found
