"""The terms of asset selections that select checks and no assets."""

from __future__ import annotations

from collections.abc import Iterable

from dagflow.defs.assets.asset_graph import AssetGraph
from dagflow.defs.assets.asset_nodes import AssetNode
from dagflow.defs.selections.terms import Term
from dagflow.errors import DagflowInvalidSubsetError
from dagflow.keys import AssetCheckKey, AssetKey


class CheckTerm(Term):
    """The base of terms that select checks and no assets."""

    __slots__ = ()

    def nodes(self, graph: AssetGraph, allow_missing: bool) -> set[AssetNode]:
        """Return an empty set."""
        return set()


class AllChecksTerm(CheckTerm):
    """All checks."""

    __slots__ = ()

    def checks(self, graph: AssetGraph, allow_missing: bool) -> set[AssetCheckKey]:
        """Return the keys of all checks."""
        return graph.asset_check_keys


class CheckKeysTerm(CheckTerm):
    """The checks with these keys."""

    __slots__ = ("keys",)

    keys: tuple[AssetCheckKey, ...]

    def __init__(self, keys: Iterable[AssetCheckKey]) -> None:
        self._set(keys=tuple(keys))

    def checks(self, graph: AssetGraph, allow_missing: bool) -> set[AssetCheckKey]:
        """Return the keys."""
        missing = [key.to_user_string() for key in self.keys if key not in graph.check_nodes]
        if missing and not allow_missing:
            known = sorted(key.to_user_string() for key in graph.check_nodes)
            raise DagflowInvalidSubsetError(
                f"the checks {missing} were selected, but no definitions supply these keys. The checks are "
                f"{known}."
            )
        return {key for key in self.keys if key in graph.check_nodes}


class ChecksOfTerm(CheckTerm):
    """The checks of the assets with these keys."""

    __slots__ = ("keys",)

    keys: tuple[AssetKey, ...]

    def __init__(self, keys: Iterable[AssetKey]) -> None:
        self._set(keys=tuple(keys))

    def checks(self, graph: AssetGraph, allow_missing: bool) -> set[AssetCheckKey]:
        """Return the keys of the checks."""
        return graph.get_check_keys_for_assets(self.keys)
