"""Drawn tests and drawn edits of the projects of `drawn_projects`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from drawn_projects import Call, Node, Project, Test, forms, nodes
from drawn_truth import Side, expected_text, has_failed
from hypothesis import strategies as st

Edit = Callable[[st.DrawFn, Project], Project]


@st.composite
def with_tests(draw: st.DrawFn, project: Project) -> Project:
    """Draw tests of a project."""
    tests = [Test("test_assets", names=draw(st.sampled_from([None, project.materializable])))]
    if project.of_kind("op"):
        tests.append(Test("test_job", job=f"{project.prefix}_job"))
    for node in project.of_kind("partitioned"):
        unpartitioned = [one.name for one in project.of_kind("asset", "multi", "graph")]
        names = (*unpartitioned, node.name)
        tests.append(Test(f"test_{node.name}", names=names, partition=draw(st.sampled_from(node.keys))))
    callable_nodes = project.of_kind("asset", "multi", "check", "op")
    if callable_nodes:
        called = draw(st.lists(st.sampled_from(callable_nodes), max_size=4))
        tests.append(Test("test_calls", calls=tuple(draw(_calls(node)) for node in called)))
    if not project.materializable:
        del tests[0]
    tests = [replace(test, is_raising=draw(st.booleans())) for test in tests]
    return _asserting(_not_raising(replace(project, tests=tuple(tests))))


def _not_raising(project: Project) -> Project:
    """Let no failing run raise: it would end there, and which steps ran before depends on their order."""
    side = Side(project)
    tests = [
        replace(test, is_raising=test.is_raising and not has_failed(side.run(test)[1]))
        for test in project.tests
    ]
    return replace(project, tests=tuple(tests))


@st.composite
def _calls(draw: st.DrawFn, node: Node) -> Call:
    numbers = tuple(draw(st.integers(0, 300)) for _ in node.parents)
    return Call(node.name, numbers, expected=draw(st.sampled_from([None, ""])))


def _asserting(project: Project) -> Project:
    """Write the values of the project into the assertions of its direct calls."""

    def asserted(call: Call) -> Call:
        return call if call.expected is None else replace(call, expected=expected_text(project, call))

    tests = [replace(test, calls=tuple(map(asserted, test.calls))) for test in project.tests]
    return replace(project, tests=tuple(tests))


@st.composite
def edited(draw: st.DrawFn, project: Project) -> Project:
    """Draw an edit of a project, whose tests follow it or stay as they are."""
    number = draw(st.sampled_from([0, 1, 1, 1, 2, 3]))
    new = replace(project, edit="none")
    for _ in range(number):
        edit = draw(st.sampled_from(EDITS))
        other = edit(draw, new)
        if other != new:
            new = replace(other, edit=f"{new.edit.removeprefix('none')} {edit.__name__}".strip())
    new = replace(new, tests=tuple(_adapted(test, new) for test in new.tests))
    new = _not_raising(new)
    return _asserting(new) if draw(st.booleans()) else new


def _adapted(test: Test, project: Project) -> Test:
    """Return a test that uses only what the project has."""
    known = {node.name: node for node in project.nodes}
    calls = tuple(
        call
        for call in test.calls
        if call.node in known and len(known[call.node].parents) == len(call.arguments)
    )
    if test.names is None or test.partition is None:
        names = None if test.names is None else project.materializable
    else:
        unpartitioned = [one.name for one in project.of_kind("asset", "multi", "graph")]
        names = (*unpartitioned, *(one for one in test.names if one in known and known[one].keys))
    return replace(test, calls=calls, names=names)


# the edits


def _replaced(project: Project, node: Node, **changes: object) -> Project:
    changed = replace(node, **changes)  # type: ignore[arg-type]
    return replace(project, nodes=tuple(changed if one is node else one for one in project.nodes))


def change_constant(draw: st.DrawFn, project: Project) -> Project:
    """Change a constant of the second module."""
    name = draw(st.sampled_from(sorted(project.constants)))
    return replace(project, constants={**project.constants, name: draw(st.integers(0, 120))})


def change_rate(draw: st.DrawFn, project: Project) -> Project:
    """Change the constant of the first module."""
    return replace(project, rate=draw(st.integers(0, 120)))


def change_helper(draw: st.DrawFn, project: Project) -> Project:
    """Change a helper: its result, or only its code."""
    name, body = draw(
        st.sampled_from(
            [
                ("h0", "return value + K0 + 1"),
                ("h0", "return K0 + value"),
                ("h0", "n = value\n    return n + K0"),
                ("h0", "# adds\n    return value + K0"),
                ("h1", "return h0(value) * 3"),
                ("h1", "return 2 * h0(value)"),
                ("h1", "return K1"),
            ]
        )
    )
    return replace(project, helpers={**project.helpers, name: body})


def change_base(draw: st.DrawFn, project: Project) -> Project:
    """Change the number in a body."""
    return _replaced(project, draw(st.sampled_from(project.nodes)), base=draw(st.integers(0, 250)))


def change_weight(draw: st.DrawFn, project: Project) -> Project:
    """Change the factor of inputs, which a node may not have."""
    return _replaced(project, draw(st.sampled_from(project.nodes)), weight=draw(st.integers(0, 3)))


def change_form(draw: st.DrawFn, project: Project) -> Project:
    """Change the form of a result."""
    node = draw(st.sampled_from(project.nodes))
    return _replaced(project, node, form=draw(forms(node.kind, has_frames=False)))


def change_limit(draw: st.DrawFn, project: Project) -> Project:
    """Change when a node fails, or the threshold of a check."""
    node = draw(st.sampled_from(project.nodes))
    return _replaced(project, node, limit=draw(st.integers(0, 700)))


def change_error(draw: st.DrawFn, project: Project) -> Project:
    """Change the error of a node that may fail."""
    return _replaced(project, draw(st.sampled_from(project.nodes)), error="KeyError")


def change_metadata(draw: st.DrawFn, project: Project) -> Project:
    """Change the metadata of a decorator."""
    return _replaced(project, draw(st.sampled_from(project.nodes)), declared=draw(st.integers(0, 3)))


def change_partitions(draw: st.DrawFn, project: Project) -> Project:
    """Add a partition key."""
    known = project.of_kind("partitioned")
    return _replaced(project, draw(st.sampled_from(known)), keys=("a", "b", "c")) if known else project


def rename_local(draw: st.DrawFn, project: Project) -> Project:
    """Rename a local variable."""
    return _replaced(project, draw(st.sampled_from(project.nodes)), local="amount")


def write_comment(draw: st.DrawFn, project: Project) -> Project:
    """Write a comment into a body."""
    return _replaced(project, draw(st.sampled_from(project.nodes)), comment="all of it")


def reorder(draw: st.DrawFn, project: Project) -> Project:
    """Reverse the order of the functions."""
    return replace(project, is_reversed=not project.is_reversed)


def change_edge(draw: st.DrawFn, project: Project) -> Project:
    """Remove an input of a node, or reverse the order of its inputs."""
    known = [node for node in project.nodes if node.parents and node.kind not in ("check", "graph")]
    if not known:
        return project
    node = draw(st.sampled_from(known))
    parents = draw(st.sampled_from([node.parents[1:], node.parents[::-1]]))
    return _replaced(project, node, parents=parents)


def remove_node(draw: st.DrawFn, project: Project) -> Project:
    """Remove a node, and it from the inputs of others."""
    fixed = {one.parents[0] for one in project.of_kind("check", "graph")}
    known = [node for node in project.nodes if not fixed & set(node.outputs)]
    if len(project.nodes) < 2 or not known:
        return project
    gone = draw(st.sampled_from(known))
    kept = [
        replace(node, parents=tuple(one for one in node.parents if one not in gone.outputs))
        for node in project.nodes
        if node is not gone
    ]
    return replace(project, nodes=tuple(kept), tests=_without_unused(project, kept))


def _without_unused(project: Project, kept: list[Node]) -> tuple[Test, ...]:
    """Return the tests without those of a job or partitioned asset that is gone."""
    names = {node.name for node in kept}
    has_ops = any(node.kind == "op" for node in kept)
    return tuple(
        test
        for test in project.tests
        if (has_ops or not test.job) and (test.partition is None or test.name.removeprefix("test_") in names)
    )


def rename_node(draw: st.DrawFn, project: Project) -> Project:
    """Rename a node, also where others read it."""
    node = draw(st.sampled_from(project.nodes))
    if node.kind == "partitioned":
        return project
    name = f"{project.prefix}_renamed{node.name.rpartition('_n')[2]}"
    changed = replace(node, name=name)
    names = dict(zip(node.outputs, changed.outputs, strict=True))
    kept = [
        changed
        if one is node
        else replace(one, parents=tuple(names.get(parent, parent) for parent in one.parents))
        for one in project.nodes
    ]
    return replace(project, nodes=tuple(kept))


def change_test(draw: st.DrawFn, project: Project) -> Project:
    """Change the arguments of the direct calls."""
    tests = [
        replace(
            test,
            calls=tuple(
                replace(call, arguments=tuple(number + 1 for number in call.arguments)) for call in test.calls
            ),
        )
        for test in project.tests
    ]
    return replace(project, tests=tuple(tests))


def add_node(draw: st.DrawFn, project: Project) -> Project:
    """Add a node, which an asset may read."""
    node = draw(nodes(project, f"{project.prefix}_added{len(project.nodes)}", has_frames=False))
    added = replace(project, nodes=(*project.nodes, node))
    if node.kind != "asset" or not draw(st.booleans()):
        return added
    readers = [
        one
        for one in project.of_kind("asset")
        if not set(node.parents) & {name for below in _from(project, one) for name in below.outputs}
    ]
    if not readers:
        return added
    reader = draw(st.sampled_from(readers))
    below = _from(project, reader)
    changed = replace(reader, parents=(*reader.parents, node.name))
    others = [one for one in project.nodes if one not in below]
    return replace(project, nodes=(*others, node, changed, *below[1:]))


def _from(project: Project, node: Node) -> list[Node]:
    """Return a node and those downstream of it."""
    found, outputs = [], {*node.outputs}
    for one in project.nodes:
        if one is node or outputs & set(one.parents):
            found.append(one)
            outputs |= set(one.outputs)
    return found


EDITS: tuple[Edit, ...] = (
    change_constant,
    change_rate,
    change_helper,
    change_base,
    change_weight,
    change_form,
    change_limit,
    change_error,
    change_metadata,
    change_partitions,
    rename_local,
    write_comment,
    reorder,
    change_edge,
    remove_node,
    rename_node,
    change_test,
    add_node,
)
