"""The strategy that draws jobs."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from pytest_dagflow.drawing.arguments import check_count, check_flag
from pytest_dagflow.drawing.programs import BuiltJob, Given, NodeText, Source, build_job, parse_node

_NAMES = "abcdefghijklmnopqrstuvwxyz"


def jobs(max_ops: int = 6, *, dynamic: bool = True, nested: bool = True) -> st.SearchStrategy[BuiltJob]:
    """Draw jobs: fan-in, fan-out, several and optional outputs, dynamic outputs, graphs.

    Each drawn job runs and succeeds. It prints as the call of `build_job` that builds it, can be pickled and
    can run in other processes. It shrinks to one op.

    Args:
        max_ops: The largest number of ops, from 1 to 26.
        dynamic: Whether some outputs are dynamic, and are mapped and collected.
        nested: Whether some ops are inside a graph.

    Returns:
        A strategy of jobs.

    Raises:
        ParameterCheckError: An argument is invalid.

    Example:
        >>> from hypothesis import find
        >>> find(jobs(), lambda job: len(job.graph.node_dict) == 2)
        build_job('a', 'b')
    """
    check_count("max_ops", max_ops, 1, 26)
    check_flag("dynamic", dynamic)
    check_flag("nested", nested)
    return _jobs(max_ops, dynamic, nested)


@st.composite
def _jobs(draw: st.DrawFn, max_ops: int, dynamic: bool, nested: bool) -> BuiltJob:
    drawing = _Drawing(draw, max_ops, dynamic)
    nodes: list[Any] = []
    while drawing.names and (not nodes or draw(st.integers(0, 5)) > 0):
        is_graph = nested and len(drawing.names) > 2 and draw(st.integers(0, 3)) == 3
        nodes.append(drawing.graph() if is_graph else str(drawing.op()))
    return build_job(*nodes)


class _Drawing:
    """A job that is being drawn.

    Attributes:
        names: The names of the next nodes. Each op and graph takes one.
        plain: The outputs with one value, which later nodes may read.
        many: The dynamic outputs, and the outputs of mapped nodes.
    """

    def __init__(self, draw: st.DrawFn, max_ops: int, dynamic: bool) -> None:
        self.draw, self.dynamic = draw, dynamic
        self.names = list(_NAMES[:max_ops])
        self.plain: list[str] = []
        self.many: list[str] = []

    def op(self) -> NodeText:
        """Draw an op, and note its outputs."""
        name, draw = self.names.pop(0), self.draw
        sources = [Source((ref,)) for ref in self._some(self.plain)]
        if len(self.plain) > 1 and draw(st.integers(0, 3)) == 3:
            sources.append(Source(tuple(self._some(self.plain, least=1)), "list"))
        is_mapped = bool(self.many) and draw(st.booleans())
        if is_mapped:
            sources.append(Source((draw(st.sampled_from(self.many)),), "each"))
        elif bool(self.many) and draw(st.booleans()):
            sources.append(Source((draw(st.sampled_from(self.many)),), "collect"))
        outputs = (Given(),) if is_mapped else self._outputs()
        for output in outputs:
            ref = name if outputs == (Given(),) else f"{name}.{output.name}"
            (self.many if is_mapped or output.how == "dynamic" else self.plain).append(ref)
        return NodeText(name, tuple(sources), outputs)

    def graph(self) -> list[str]:
        """Draw a graph of one to three ops, and note its output."""
        name, draw = self.names.pop(0), self.draw
        outer = self._some(self.plain)
        inner: list[str] = []
        texts = []
        while self.names and len(inner) < 3 and (not inner or draw(st.booleans())):
            op_name = self.names.pop(0)
            reads = self._some([*outer, *inner], least=1 if outer or inner else 0)
            texts.append(str(NodeText(op_name, tuple(Source((ref,)) for ref in reads))))
            inner.append(op_name)
        used = [ref for ref in outer if any(ref in _refs(text) for text in texts)]
        self.plain.append(name)
        return [str(NodeText(name, tuple(Source((ref,)) for ref in used))), *texts]

    def _some(self, refs: list[str], least: int = 0) -> list[str]:
        if not refs:
            return []
        some = st.lists(st.sampled_from(refs), min_size=least, max_size=2, unique=True)
        return self.draw(some)

    def _outputs(self) -> tuple[Given, ...]:
        kinds = ["one", "two", "optional", "missing", *(["dynamic"] if self.dynamic else [])]
        kind = self.draw(st.sampled_from(kinds))
        if kind == "one":
            return (Given(),)
        if kind == "two":
            return Given("x"), Given("y")
        if kind == "dynamic":
            return (Given("x", "dynamic", self.draw(st.integers(0, 3))),)
        return (Given("x", kind),)


def _refs(text: str) -> list[str]:
    return [ref for source in parse_node(text).sources for ref in source.refs]
