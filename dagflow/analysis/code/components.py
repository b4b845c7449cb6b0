"""The strongly connected components of a graph, and unions of facts over all nodes that a node leads to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping


class Unions:
    """The unions of facts over nodes and everything they lead to. Equal unions are one object.

    A union is made once for each component from those of its children. So the cost grows with the number of
    references, and not with that of the nodes below each node.

    Args:
        children: Returns the children of a node.
        facts: Returns the facts about a node.
    """

    def __init__(
        self, children: Callable[[str], Iterable[str]], facts: Callable[[str], frozenset[str]]
    ) -> None:
        self._children = children
        self._facts = facts
        self._done: dict[str, frozenset[str]] = {}
        self._known: dict[frozenset[str], frozenset[str]] = {}

    def of(self, nodes: Iterable[str]) -> frozenset[str]:
        """Return the union of the facts about nodes and everything they lead to."""
        return self._union(self._of_node(node) for node in nodes)

    def _of_node(self, start: str) -> frozenset[str]:
        if start not in self._done:
            for component, below in components(start, self._children, self._done):
                facts = map(self._facts, component)
                found = self._union((*facts, *(self._done[node] for node in below)))
                self._done.update(dict.fromkeys(component, found))
        return self._done[start]

    def _union(self, parts: Iterable[frozenset[str]]) -> frozenset[str]:
        distinct = set(parts)
        found = distinct.pop() if len(distinct) == 1 else frozenset().union(*distinct)
        return self._known.setdefault(found, found)


def components(
    start: str, children: Callable[[str], Iterable[str]], done: Mapping[str, object]
) -> Iterator[tuple[list[str], set[str]]]:
    """Yield the strongly connected components that a node leads to, those below first.

    Each comes with the children of its nodes that are outside of it.

    Args:
        start: The node.
        children: Returns the children of a node.
        done: The nodes whose components are known. The caller adds each component before the next one.
    """
    below = set(children(start))
    if done.keys() >= below:  # nothing new below it, as for most blocks
        yield [start], below
        return
    index: dict[str, int] = {start: 0}
    low: dict[str, int] = {start: 0}
    stack: list[str] = [start]
    within = {start}
    work: list[tuple[str, Iterator[str]]] = [(start, iter(children(start)))]
    while work:
        node, remaining = work[-1]
        for child in remaining:
            if child in done:
                continue
            if child not in index:
                index[child] = low[child] = len(index)
                stack.append(child)
                within.add(child)
                work.append((child, iter(children(child))))
                break
            if child in within:
                low[node] = min(low[node], index[child])
        else:
            work.pop()
            if work:
                parent = work[-1][0]
                low[parent] = min(low[parent], low[node])
            if low[node] == index[node]:
                component: list[str] = []
                while not component or component[-1] != node:
                    component.append(stack.pop())
                within.difference_update(component)
                yield component, {child for one in component for child in children(one)}.difference(component)
