"""Drawn projects of assets and ops, as source code of modules and tests. `drawn_edits` changes them.

A node adds up its inputs, a number, and maybe a helper or constant of a second module. It returns the sum in
some form, such as a list, or `min(total, 3)`, which absorbs changes. It may fail for a large sum.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

from hypothesis import strategies as st

FORMS = {
    "number": "{}",
    "text": "str({})",
    "list": "[1, {}]",
    "dict": "{{'n': {}, 'of': [2]}}",
    "none": "None if {} % 2 else 1",
    "least": "min({}, 3)",
    "hundreds": "{} // 100",
    "length": "len(str({}))",
    "metadata": "Output({0} // 100, metadata={{'n': {0}}})",
    "frame": "DataFrame({{'n': [1, {}]}})",
}
"""The forms of a result: a template of an expression."""
TERMS = {
    "K0": "{}_common.K0",
    "K1": "{}_common.K1",
    "RATE": "RATE",
    "h0": "h0(1)",
    "h1": "h1(2)",
    "random": "random.randrange(10**9)",
}
"""The terms of a sum: an expression in the module of a project."""
KINDS = ("asset", "asset", "asset", "multi", "graph", "partitioned", "check", "op", "op")
COMMON = """
def size(value):
    if value is None:
        return 7
    if isinstance(value, str):
        return sum(map(ord, value))
    if isinstance(value, dict):
        return sum(map(size, value.values()))
    if isinstance(value, list):
        return sum(map(size, value))
    return int(value) if isinstance(value, int) else int(value["n"].sum())
"""


@dataclass(frozen=True)
class Node:
    """One definition of a project.

    Attributes:
        name: Its name.
        kind: One of KINDS.
        parents: The values that it reads: names of assets, or of ops.
        weight: The factor of each input.
        base: A number in its sum.
        term: A key of TERMS, or empty.
        form: A key of FORMS.
        limit: The sum above which it fails, or a check does not pass; None for no limit.
        error: The class of its error.
        declared: The metadata of its decorator.
        keys: Its partition keys.
        local: The name of its local variable.
        comment: A comment in its body.
    """

    name: str
    kind: str
    parents: tuple[str, ...]
    weight: int = 1
    base: int = 0
    term: str = ""
    form: str = "number"
    limit: int | None = None
    error: str = "ValueError"
    declared: int | None = None
    keys: tuple[str, ...] = ()
    local: str = "total"
    comment: str = ""

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of its values; none for a check."""
        if self.kind == "check":
            return ()
        return (f"{self.name}_x", f"{self.name}_y") if self.kind == "multi" else (self.name,)


@dataclass(frozen=True)
class Call:
    """A direct call in a test: the name of the node, numbers, and the expected value as code or None."""

    node: str
    arguments: tuple[int, ...]
    expected: str | None = None


@dataclass(frozen=True)
class Test:
    """A test of a project: a run, or direct calls.

    Attributes:
        name: Its name.
        names: The definitions that it materializes; None for those of the list of the module.
        partition: The partition key; None without one.
        job: The job that it runs; empty without one.
        calls: Its direct calls.
        is_raising: Whether the failure of its run fails it.
    """

    __test__ = False

    name: str
    names: tuple[str, ...] | None = None
    partition: str | None = None
    job: str = ""
    calls: tuple[Call, ...] = ()
    is_raising: bool = False


@dataclass(frozen=True)
class Project:
    """A project: its nodes in topological order, and the parts that they share.

    Attributes:
        prefix: The beginning of all names.
        nodes: The nodes.
        constants: The numbers of the second module.
        helpers: The bodies of the functions of the second module.
        rate: The constant of the first module.
        tests: The tests.
        is_reversed: Whether the functions are in reverse order.
        edit: A text about the edit that led to the project.
    """

    prefix: str
    nodes: tuple[Node, ...]
    constants: dict[str, int] = field(default_factory=lambda: {"K0": 3, "K1": 5})
    helpers: dict[str, str] = field(
        default_factory=lambda: {"h0": "return value + K0", "h1": "return h0(value) * 2"}
    )
    rate: int = 2
    tests: tuple[Test, ...] = ()
    is_reversed: bool = False
    edit: str = ""

    def node(self, name: str) -> Node:
        """Return a node by its name."""
        return next(node for node in self.nodes if node.name == name)

    def of_kind(self, *kinds: str) -> list[Node]:
        """Return the nodes of some kinds."""
        return [node for node in self.nodes if node.kind in kinds]

    @cached_property
    def labels(self) -> dict[str, str]:
        """The name of the node of each label that a test can run."""
        found: dict[str, str] = {}
        for node in self.nodes:
            if node.kind == "check":
                found[f"check {node.parents[0]}:{node.name}"] = node.name
            elif node.kind == "op":
                found[f"op {self.prefix}_job:{node.name}"] = node.name
            else:
                found.update({f"asset {output}": node.name for output in node.outputs})
            if node.kind == "graph":
                found.update({f"op asset:{node.name}:{op}": node.name for op in ops_of(node)})
        return found

    def block(self, node: Node) -> str:
        """Return the code of a node."""
        return "\n\n".join(self.functions(node).values())

    def functions(self, node: Node) -> dict[str, str]:
        """Return the code of each function of a node by its name."""
        declared = "" if node.declared is None else f", metadata={{'of': {node.declared}}}"
        if node.kind == "graph":
            first, second = (op.rpartition(".")[2] for op in ops_of(node))
            form = FORMS[node.form].format("value")
            inputs = ", ".join(node.parents)
            inside = f"{second}({first}({inputs}))"
            return {
                first: f"@op\n{self._function(first, node, node.local)}",
                second: f"@op\ndef {second}(value):\n    return {form}\n",
                node.name: f"@graph_asset\ndef {node.name}({inputs}):\n    return {inside}\n",
            }
        heads = {
            "asset": f"@asset(name='{node.name}'{declared})",
            "op": "@op",
            "multi": "@multi_asset(outs={%s})" % ", ".join(f"'{name}': AssetOut()" for name in node.outputs),  # noqa: UP031
            "partitioned": f"@asset(partitions_def=StaticPartitionsDefinition({list(node.keys)}){declared})",
            "check": f"@asset_check(asset='{node.parents[0]}')" if node.kind == "check" else "",
        }
        result = FORMS[node.form].format(node.local)
        if node.kind == "multi":
            result = f"{result}, {node.local} // 100"
        elif node.kind == "check":
            passed = f"{node.local} <= {node.limit}"
            result = f"AssetCheckResult(passed={passed}, metadata={{'n': {node.local} // 10}})"
        return {node.name: f"{heads[node.kind]}\n{self._function(node.name, node, result)}"}

    def _function(self, name: str, node: Node, result: str) -> str:
        terms = [f"size({parent}) * {node.weight}" for parent in node.parents]
        terms.append(str(node.base))
        if node.term:
            terms.append(TERMS[node.term].format(self.prefix))
        if node.kind == "partitioned":
            terms.append("size(context.partition_key)")
        parameters = ", ".join([*(["context"] if node.kind == "partitioned" else []), *node.parents])
        lines = [f"def {name}({parameters}):"]
        if node.comment:
            lines.append(f"    # {node.comment}")
        lines.append(f"    {node.local} = {' + '.join(terms)}")
        if node.limit is not None and node.kind != "check":
            lines += [f"    if {node.local} > {node.limit}:", f"        raise {node.error}('too many')"]
        return "\n".join([*lines, f"    return {result}", ""])

    @property
    def common(self) -> dict[str, str]:
        """The code of each constant and function of the second module."""
        found = {name: f"{name} = {number}" for name, number in self.constants.items()}
        found["size"] = COMMON
        for name, body in self.helpers.items():
            found[name] = f"def {name}(value):\n    {body}\n"
        return found

    @property
    def job(self) -> str:
        """The code of the job; empty without ops."""
        ops = self.of_kind("op")
        calls = [f"    v_{op.name} = {op.name}({', '.join(f'v_{one}' for one in op.parents)})" for op in ops]
        return "\n".join(["@job", f"def {self.prefix}_job():", *calls, ""]) if ops else ""

    @property
    def code(self) -> str:
        """The code of the module without its imports."""
        blocks = [self.block(node) for node in self.nodes]
        names = ", ".join(self.materializable)
        ordered = blocks[::-1] if self.is_reversed else blocks
        return "\n\n".join([f"RATE = {self.rate}", *ordered, self.job, f"ASSETS = [{names}]\n"])

    @property
    def materializable(self) -> tuple[str, ...]:
        """The names of the assets without partitions, and of the checks."""
        return tuple(node.name for node in self.of_kind("asset", "multi", "graph", "check"))

    def files(self) -> dict[str, str]:
        """Return the modules and tests of the project, by their names."""
        imports = [
            "import random",
            "from dagflow import *",
            f"import {self.prefix}_common",
            f"from {self.prefix}_common import h0, h1, size",
        ]
        if any(node.form == "frame" for node in self.nodes):
            imports.append("from pandas import DataFrame")
        head = f"from dagflow import materialize\nimport {self.prefix}\n"
        tests = "\n\n".join([head, *(test_code(test, self.prefix) for test in self.tests)])
        return {
            f"{self.prefix}_common.py": "\n\n".join(self.common.values()) + "\n",
            f"{self.prefix}.py": "\n".join([*imports, "", self.code]),
            f"tests/test_{self.prefix}.py": tests,
        }


def ops_of(node: Node) -> tuple[str, str]:
    """Return the names of the ops of a graph asset, with that of its graph."""
    return f"{node.name}.{node.name}_first", f"{node.name}.{node.name}_second"


def test_code(test: Test, prefix: str) -> str:
    """Return the code of a test."""
    raising = "" if test.is_raising else "raise_on_error=False"
    lines = [f"def {test.name}():"]
    if test.job:
        lines.append(f"    {prefix}.{test.job}.execute_in_process({raising})")
    elif not test.calls:
        names = f"{prefix}.ASSETS" if test.names is None else f"[{_listed(test.names, prefix)}]"
        key = "" if test.partition is None else f"partition_key='{test.partition}'"
        lines.append(f"    materialize({', '.join(filter(None, [names, key, raising]))})")
    for call in test.calls:
        code = f"{prefix}.{call.node}({', '.join(map(str, call.arguments))})"
        lines.append(f"    {code}" if call.expected is None else f"    assert {code} == {call.expected}")
    return "\n".join([*lines, ""])


test_code.__test__ = False  # type: ignore[attr-defined]


def _listed(names: tuple[str, ...], prefix: str) -> str:
    return ", ".join(f"{prefix}.{name}" for name in names)


# strategies


@st.composite
def projects(draw: st.DrawFn, prefix: str, *, has_frames: bool, is_random: bool = False) -> Project:
    """Draw a project of 1 to 8 nodes, without tests.

    Args:
        draw: The function that draws.
        prefix: The beginning of all names.
        has_frames: Whether a value may be a frame of pandas.
        is_random: Whether nodes have random numbers. Then nothing fails, and no form depends on chance.
    """
    project = Project(prefix, ())
    for number in range(draw(st.integers(1, 8))):
        node = draw(nodes(project, f"{prefix}_n{number}", has_frames=has_frames, is_random=is_random))
        project = replace(project, nodes=(*project.nodes, node))
    return project


@st.composite
def nodes(draw: st.DrawFn, project: Project, name: str, *, has_frames: bool, is_random: bool = False) -> Node:
    """Draw a node that reads from the nodes of a project."""
    values = [one for node in project.of_kind("asset", "multi", "graph") for one in node.outputs]
    kinds = [kind for kind in KINDS if values or kind not in ("check", "graph")]
    kind = draw(st.sampled_from(kinds))
    known = [node.name for node in project.of_kind("op")] if kind == "op" else values
    most = min(len(known), 1 if kind == "check" else 3)
    least = 1 if kind in ("check", "graph") else 0
    parents = (
        draw(st.lists(st.sampled_from(known), min_size=least, max_size=most, unique=True)) if most else []
    )
    node = Node(
        name,
        kind,
        tuple(parents),
        weight=draw(st.integers(1, 3)),
        base=draw(st.integers(0, 250)),
        term=draw(st.sampled_from(["", *(("random",) if is_random else list(TERMS)[:5])])),
        form=draw(forms(kind, has_frames=has_frames and not is_random, is_random=is_random)),
    )
    if kind == "partitioned":
        node = replace(node, keys=("a", "b"))
    if kind == "check":
        return replace(node, limit=0 if is_random else draw(st.integers(0, 500)))
    return node if is_random else replace(node, limit=draw(st.none() | st.none() | st.integers(0, 700)))


def forms(kind: str, *, has_frames: bool, is_random: bool = False) -> st.SearchStrategy[str]:
    """Return a strategy of the forms of the result of a node."""
    if is_random:
        return st.sampled_from(["number", "list", "dict", "least"])
    left_out = {"metadata"} if kind == "multi" else set()
    if not has_frames:
        left_out.add("frame")
    return st.sampled_from([form for form in FORMS if form not in left_out])
