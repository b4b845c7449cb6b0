"""The terms of asset selections that select assets by a property: by key, group, tag, kind, owner...

Terms of checks are in `check_terms`, terms of other terms in `set_terms`. A term does not know the
graph: its methods get it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import ClassVar, Final

from dagflow.defs.assets.asset_graph import AssetGraph
from dagflow.defs.assets.asset_nodes import AssetNode
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.errors import CheckError, DagflowInvalidSubsetError
from dagflow.keys import AssetCheckKey, AssetKey, nearest_key
from dagflow.partitions.dynamic import DynamicPartitionsDefinition
from dagflow.partitions.static import StaticPartitionsDefinition
from dagflow.partitions.time_window import TimeWindowPartitionsDefinition
from dagflow.tags import system_tag_spellings
from dagflow.values import Constant

OR, AND, NOT, WALK, ATOM = range(5)
"""The precedence of the string of a term, the loosest first."""

NOT_RESOLVED: Final = ("status", "column", "table_name", "column_tag", "changed_in_branch", "automation_type")
"""The attributes that can be written, but depend on facts that a graph does not have."""


class Term(Constant):
    """The base of all terms. Two terms are equal if their class and fields are."""

    __slots__ = ()
    binds: ClassVar[int] = ATOM

    @property
    def precedence(self) -> int:
        """The precedence of its string."""
        return self.binds

    def nodes(self, graph: AssetGraph, allow_missing: bool) -> set[AssetNode]:
        """Return the selected assets.

        Raises:
            DagflowInvalidSubsetError: A key is unknown, unless `allow_missing`.
        """
        raise NotImplementedError

    def checks(self, graph: AssetGraph, allow_missing: bool) -> set[AssetCheckKey]:
        """Return the keys of the selected checks: by default those of the selected assets.

        Raises:
            DagflowInvalidSubsetError: A key is unknown, unless `allow_missing`.
        """
        return {check.key for node in self.nodes(graph, allow_missing) for check in node.checks}

    def text(self) -> str:
        """Return the string that selects the same.

        Raises:
            NotImplementedError: No string does.
        """
        raise NotImplementedError(f"no selection string means the same as {self!r}")


class AllTerm(Term):
    """All assets."""

    __slots__ = ("include_sources",)

    include_sources: bool

    def __init__(self, include_sources: bool = False) -> None:
        self._set(include_sources=include_sources)

    def nodes(self, graph: AssetGraph, allow_missing: bool) -> set[AssetNode]:
        """Return all assets."""
        return {node for node in graph.asset_nodes.values() if self.include_sources or node.is_materializable}

    def text(self) -> str:
        """Return `*`."""
        return "*"


class KeysTerm(Term):
    """The assets with these keys."""

    __slots__ = ("keys",)

    keys: tuple[AssetKey, ...]

    def __init__(self, keys: Iterable[AssetKey]) -> None:
        self._set(keys=tuple(keys))

    def nodes(self, graph: AssetGraph, allow_missing: bool) -> set[AssetNode]:
        """Return the assets with these keys."""
        missing = [key for key in self.keys if key not in graph.asset_nodes]
        if missing and not allow_missing:
            names = ", ".join(repr(key.to_user_string()) for key in missing)
            hint = _made_by(missing[0], graph) or nearest_key(missing[0], graph.asset_nodes)
            raise DagflowInvalidSubsetError(
                f"asset {names} was selected, but no AssetsDefinition objects supply these keys.{hint}"
                if len(missing) == 1
                else f"assets {names} were selected, but no AssetsDefinition objects supply these keys.{hint}"
            )
        return {graph.asset_nodes[key] for key in self.keys if key in graph.asset_nodes}

    @property
    def precedence(self) -> int:
        """The precedence of its string."""
        return OR if len(self.keys) > 1 else NOT if not self.keys else ATOM

    def text(self) -> str:
        """Return `key:...` for each key."""
        return " or ".join(f"key:{literal(key.to_user_string())}" for key in self.keys) or "not *"


def _made_by(key: AssetKey, graph: AssetGraph) -> str:
    """Return a hint if an unknown key is the name of the function of other assets."""
    name = key.to_user_string()
    keys = [
        repr(node.key.to_user_string())
        for node in graph.asset_nodes.values()
        if isinstance(node.definition, AssetsDefinition) and node.definition.is_executable
        if node.definition.node_def.name == name
    ]
    return f" '{name}' is the function of {' and '.join(keys)}: select these." if keys else ""


class MatchingTerm(Term):
    """The base of terms that check each asset on its own.

    Attributes:
        include_sources: Whether assets that are not materializable can be selected.
    """

    __slots__ = ()
    include_sources: bool

    def nodes(self, graph: AssetGraph, allow_missing: bool) -> set[AssetNode]:
        """Return the assets that match."""
        fits, sources = self.matcher(), self.include_sources
        nodes = self.candidates(graph)
        return {node for node in nodes if (sources or node.is_materializable) and fits(node)}

    def candidates(self, graph: AssetGraph) -> Iterable[AssetNode]:
        """Return the assets that can match."""
        return graph.asset_nodes.values()

    def matcher(self) -> Callable[[AssetNode], object]:
        """Return a function that returns something true for an asset that matches."""
        raise NotImplementedError


class KeyPatternTerm(MatchingTerm):
    """The assets whose key matches a pattern, in which `*` is any string."""

    __slots__ = ("pattern",)

    pattern: str
    include_sources = True

    def __init__(self, pattern: str) -> None:
        self._set(pattern=pattern)

    def matcher(self) -> Callable[[AssetNode], object]:
        """Compare the key as a string."""
        fits = glob(self.pattern)
        return lambda node: fits(node.key.to_user_string())

    def text(self) -> str:
        """Return `key:...`."""
        return f"key:{quoted(self.pattern)}"


class KeyPrefixesTerm(MatchingTerm):
    """The assets whose key begins with one of several sequences of parts."""

    __slots__ = ("include_sources", "prefixes")

    prefixes: tuple[tuple[str, ...], ...]

    def __init__(self, prefixes: Iterable[tuple[str, ...]], include_sources: bool = False) -> None:
        self._set(prefixes=tuple(prefixes), include_sources=include_sources)

    def matcher(self) -> Callable[[AssetNode], object]:
        """Compare the first parts of the key."""
        prefixes = self.prefixes
        return lambda node: any(node.key.parts[: len(prefix)] == prefix for prefix in prefixes)


class KeySubstringTerm(MatchingTerm):
    """The assets whose key contains a string."""

    __slots__ = ("include_sources", "substring")

    substring: str

    def __init__(self, substring: str, include_sources: bool = False) -> None:
        self._set(substring=substring, include_sources=include_sources)

    def matcher(self) -> Callable[[AssetNode], object]:
        """Compare the key as a string."""
        substring = self.substring
        return lambda node: substring in node.key.to_user_string()

    @property
    def precedence(self) -> int:
        """The precedence of its string."""
        return ATOM if self.include_sources else AND

    def text(self) -> str:
        """Return a pattern."""
        pattern = f'key:"*{literal(self.substring)[1:-1]}*"'
        return pattern if self.include_sources else f"{pattern} and *"


class GroupsTerm(MatchingTerm):
    """The assets of these groups."""

    __slots__ = ("groups", "include_sources")

    groups: tuple[str, ...]

    def __init__(self, groups: Iterable[str], include_sources: bool = False) -> None:
        self._set(groups=tuple(groups), include_sources=include_sources)

    def candidates(self, graph: AssetGraph) -> Iterable[AssetNode]:
        """Return the assets of the groups."""
        by_group = graph.nodes_by_group()
        return [node for group in self.groups for node in by_group.get(group, ())]

    def matcher(self) -> Callable[[AssetNode], object]:
        """Accept every candidate."""
        return lambda node: True

    @property
    def precedence(self) -> int:
        """The precedence of its string."""
        return OR if len(self.groups) > 1 else ATOM

    def text(self) -> str:
        """Return `group:...` for each group."""
        return " or ".join(f"group:{literal(group)}" for group in self.groups) or "group:<null>"


class GroupPatternTerm(MatchingTerm):
    """The assets of the groups that match a pattern, in which `*` is any string."""

    __slots__ = ("include_sources", "pattern")

    pattern: str

    def __init__(self, pattern: str, include_sources: bool = False) -> None:
        self._set(pattern=pattern, include_sources=include_sources)

    def matcher(self) -> Callable[[AssetNode], object]:
        """Compare the name of the group."""
        fits = glob(self.pattern)
        return lambda node: fits(node.spec.shown_group)

    def text(self) -> str:
        """Return `group:...`."""
        return f"group:{quoted(self.pattern)}"


class TagTerm(MatchingTerm):
    """The assets with a tag of this value."""

    __slots__ = ("include_sources", "key", "value")

    key: str
    value: str

    def __init__(self, key: str, value: str, include_sources: bool = False) -> None:
        self._set(key=key, value=value, include_sources=include_sources)

    def matcher(self) -> Callable[[AssetNode], object]:
        """Compare the tag."""
        key, value = self.key, self.value
        return lambda node: node.spec.tags.get(key) == value

    def text(self) -> str:
        """Return `tag:...`."""
        return f"tag:{quoted(self.key)}" + (f"={quoted(self.value)}" if self.value else "")


class KindTerm(MatchingTerm):
    """The assets of this kind, or without kinds."""

    __slots__ = ("include_sources", "kind")

    kind: str | None

    def __init__(self, kind: str | None, include_sources: bool = False) -> None:
        self._set(kind=kind, include_sources=include_sources)

    def matcher(self) -> Callable[[AssetNode], object]:
        """Look for the tag of the kind."""
        if self.kind is None:
            return lambda node: not node.spec.kinds
        tags = system_tag_spellings(f"kind/{self.kind}")
        return lambda node: any(tag in node.spec.tags for tag in tags)

    def text(self) -> str:
        """Return `kind:...`."""
        return f"kind:{or_null(self.kind)}"


class OwnerTerm(MatchingTerm):
    """The assets of this owner."""

    __slots__ = ("owner",)

    owner: str | None
    include_sources = True

    def __init__(self, owner: str | None) -> None:
        self._set(owner=owner)

    def matcher(self) -> Callable[[AssetNode], object]:
        """Compare the owners."""
        owner = self.owner
        return lambda node: owner in node.spec.owners

    def text(self) -> str:
        """Return `owner:...`."""
        return f"owner:{or_null(self.owner)}"


class PartitionsTerm(MatchingTerm):
    """The assets with a sort of partitions: static, dynamic, time or none."""

    __slots__ = ("word",)

    word: str | None
    include_sources = True

    def __init__(self, word: str | None) -> None:
        self._set(word=word)

    def matcher(self) -> Callable[[AssetNode], object]:
        """Check the class of the partitions."""
        if self.word is None or self.word == "none":
            return lambda node: node.spec.partitions_def is None
        cls = PARTITIONS.get(self.word)
        return lambda node: cls is not None and isinstance(node.spec.partitions_def, cls)

    def text(self) -> str:
        """Return `partitions:...`."""
        return f"partitions:{or_null(self.word)}"


PARTITIONS: Final = {
    "static": StaticPartitionsDefinition,
    "dynamic": DynamicPartitionsDefinition,
    "time": TimeWindowPartitionsDefinition,
}
"""The partitions definitions by their word in a selection."""


class IsTerm(MatchingTerm):
    """The materializable or the external assets."""

    __slots__ = ("word",)

    word: str
    include_sources = True

    def __init__(self, word: str) -> None:
        self._set(word=word)

    def matcher(self) -> Callable[[AssetNode], object]:
        """Check whether a definition computes the asset."""
        wanted = self.word == "materializable"
        return lambda node: node.is_materializable is wanted

    def text(self) -> str:
        """Return `is:...`."""
        return f"is:{self.word}"


class UnresolvableTerm(Term):
    """An attribute that can be written, but not resolved."""

    __slots__ = ("attribute", "tag_value", "value")

    attribute: str
    value: str | None
    tag_value: str

    def __init__(self, attribute: str, value: str | None, tag_value: str = "") -> None:
        self._set(attribute=attribute, value=value, tag_value=tag_value)

    def nodes(self, graph: AssetGraph, allow_missing: bool) -> set[AssetNode]:
        """Raise an error.

        Raises:
            NotImplementedError: The attribute depends on facts about runs, or about tables.
            CheckError: The attribute depends on other definitions than assets.
        """
        if self.attribute in NOT_RESOLVED:
            raise NotImplementedError(
                f"'{self.text()}' cannot be resolved: no definition has the attribute '{self.attribute}'. "
                "Select by key, group, tag, kind or owner."
            )
        raise CheckError(
            f"'{self.text()}' cannot be resolved: a graph of assets has no '{self.attribute}'. Select by "
            "key, group, tag, kind or owner."
        )

    def text(self) -> str:
        """Return the attribute and its value."""
        value = f"={quoted(self.tag_value)}" if self.tag_value else ""
        return f"{self.attribute}:{or_null(self.value)}{value}"


def quoted(text: str) -> str:
    """Return a string in double quotes."""
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def or_null(text: str | None) -> str:
    """Return a string in double quotes, or `<null>`."""
    return "<null>" if text is None else quoted(text)


def literal(text: str) -> str:
    """Return a string in quotes, for an attribute with wildcards.

    Raises:
        NotImplementedError: The string has a `*`, which would be a wildcard.
    """
    if "*" in text:
        raise NotImplementedError(f"'{text}' cannot be written in a selection string, because of its '*'")
    return quoted(text)


def glob(pattern: str) -> Callable[[str], object]:
    """Return a function that returns something true for a string that matches a pattern with `*`."""
    if "*" not in pattern:
        return pattern.__eq__
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL).fullmatch
