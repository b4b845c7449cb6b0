"""AssetSelection: a choice of assets and checks, independent of any graph.

It holds one term. The terms are in `terms`, `check_terms` and `set_terms`. The strings
are parsed in `dagflow.selection`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_
from typing import Any

from dagflow._util import warn
from dagflow.defs.assets.asset_graph import AssetGraph
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.assets.source_asset import SourceAsset
from dagflow.defs.assets.spec import AssetSpec
from dagflow.defs.selections import set_terms as sets
from dagflow.defs.selections import terms
from dagflow.defs.selections.check_terms import AllChecksTerm, CheckKeysTerm, ChecksOfTerm
from dagflow.defs.selections.terms import Term
from dagflow.defs.selections.text import term_of
from dagflow.errors import (
    CheckError,
    DagflowError,
    ParameterCheckError,
    check_elements,
    check_optional,
    check_type,
    repr_of,
)
from dagflow.keys import AssetCheckKey, AssetKey, CoercibleToAssetKey
from dagflow.selection.parse import parse_asset_selection
from dagflow.values import Constant


class AssetSelection(Constant):
    """A choice of assets and of asset checks. It is resolved against the definitions of a project.

    The static methods create selections. `|`, `&` and `-` combine them: each selects a set of assets and a
    set of checks. A selection of assets includes their checks.

    Example:
        >>> from dagflow import AssetSelection, Definitions, asset
        >>> @asset(group_name="raw")
        ... def beans(): ...
        >>> @asset
        ... def coffee(beans): ...
        >>> graph = Definitions([beans, coffee]).resolve_asset_graph()
        >>> selection = AssetSelection.groups("raw").downstream() - AssetSelection.assets("beans")
        >>> selection.resolve(graph)
        {AssetKey(['coffee'])}
        >>> str(selection)
        'group:"raw"+ and not key:"beans"'
    """

    __slots__ = ("term",)

    term: Term
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, term: Term) -> None:
        if not isinstance(term, Term):
            raise CheckError(
                "an AssetSelection is created by AssetSelection.assets(...), .groups(...), .all() and its "
                f"other static methods, not from {repr_of(term)}"
            )
        self._set(term=term)

    @staticmethod
    def all(include_sources: bool = False) -> AssetSelection:
        """Select all assets and their checks.

        Args:
            include_sources: Whether assets that are not materializable are selected too.
        """
        return AssetSelection(terms.AllTerm(_flag(include_sources)))

    @staticmethod
    def all_asset_checks() -> AssetSelection:
        """Select all checks and no assets."""
        return AssetSelection(AllChecksTerm())

    @staticmethod
    def assets(*assets_defs: CoercibleToAssetKey | AssetsDefinition) -> AssetSelection:
        """Select assets by key.

        Args:
            *assets_defs: Keys, strings with `/` between the parts, sequences of parts, or AssetsDefinitions.

        Raises:
            CheckError: An argument is something else.
        """
        return AssetSelection(terms.KeysTerm(_keys_of(assets_defs, "AssetSelection.assets")))

    @staticmethod
    def keys(*asset_keys: CoercibleToAssetKey | AssetsDefinition) -> AssetSelection:
        """Select assets by key, as `assets` does, which replaces it."""
        warn("AssetSelection.keys is deprecated: use AssetSelection.assets", DeprecationWarning)
        return AssetSelection(terms.KeysTerm(_keys_of(asset_keys, "AssetSelection.keys")))

    @staticmethod
    def checks(*assets_defs_or_asset_check_keys: AssetCheckKey | AssetsDefinition) -> AssetSelection:
        """Select checks and no assets.

        Args:
            *assets_defs_or_asset_check_keys: AssetCheckKeys, or definitions with checks.

        Raises:
            CheckError: An argument is something else.
        """
        found: list[AssetCheckKey] = []
        for value in assets_defs_or_asset_check_keys:
            if isinstance(value, AssetsDefinition):
                found += sorted(value.check_keys)
            else:
                what = (AssetCheckKey, AssetsDefinition)
                found.append(check_type(value, what, "checks", "AssetSelection.checks"))
        return AssetSelection(CheckKeysTerm(dict.fromkeys(found)))

    @staticmethod
    def checks_for_assets(*assets_defs: CoercibleToAssetKey | AssetsDefinition) -> AssetSelection:
        """Select the checks of assets, and no assets.

        Args:
            *assets_defs: As in `assets`.

        Raises:
            CheckError: An argument is something else.
        """
        return AssetSelection(ChecksOfTerm(_keys_of(assets_defs, "AssetSelection.checks_for_assets")))

    @staticmethod
    def groups(*group_strs: str, include_sources: bool = False) -> AssetSelection:
        """Select the assets of groups.

        Args:
            *group_strs: The names of the groups.
            include_sources: Whether assets that are not materializable are selected too.

        Raises:
            CheckError: A name is not a string.
        """
        return AssetSelection(
            terms.GroupsTerm(check_elements(group_strs, str, "group_strs"), _flag(include_sources))
        )

    @staticmethod
    def tag(key: str, value: str, include_sources: bool = False) -> AssetSelection:
        """Select the assets with a tag.

        Args:
            key: The key of the tag.
            value: Its value. The empty string selects only an empty value.
            include_sources: Whether assets that are not materializable are selected too.

        Raises:
            ParameterCheckError: The key or the value is not a string.
        """
        place = "AssetSelection.tag"
        return AssetSelection(
            terms.TagTerm(
                check_type(key, str, "key", place),
                check_type(value, str, "value", place),
                _flag(include_sources),
            )
        )

    @staticmethod
    def tag_string(string: str, include_sources: bool = False) -> AssetSelection:
        """Select the assets with a tag that is written as `key=value`, or `key` for an empty value.

        Raises:
            CheckError: There are several `=`.
        """
        key, *values = check_type(string, str, "string", "AssetSelection.tag_string").split("=")
        if len(values) > 1:
            raise CheckError(
                "parameter 'string' of AssetSelection.tag_string must have one '=' at most, not "
                f"{repr_of(string)}"
            )
        return AssetSelection.tag(key, values[0] if values else "", include_sources)

    @staticmethod
    def kind(kind: str | None, include_sources: bool = False) -> AssetSelection:
        """Select the assets of a kind.

        Args:
            kind: The kind; None for the assets without kinds.
            include_sources: Whether assets that are not materializable are selected too.
        """
        return AssetSelection(
            terms.KindTerm(check_optional(kind, str, "kind", "AssetSelection.kind"), _flag(include_sources))
        )

    @staticmethod
    def owner(owner: str | None) -> AssetSelection:
        """Select the assets of an owner: an email address, or `team:name`."""
        return AssetSelection(terms.OwnerTerm(check_optional(owner, str, "owner", "AssetSelection.owner")))

    @staticmethod
    def key_prefixes(*key_prefixes: str | Sequence[str], include_sources: bool = False) -> AssetSelection:
        """Select the assets whose key begins with one of these prefixes.

        Args:
            *key_prefixes: Sequences of parts; a string is one part.
            include_sources: Whether assets that are not materializable are selected too.

        Raises:
            CheckError: A prefix is something else.
        """
        prefixes = [AssetKey(prefix).parts for prefix in key_prefixes]
        return AssetSelection(terms.KeyPrefixesTerm(prefixes, _flag(include_sources)))

    @staticmethod
    def key_substring(key_substring: str, include_sources: bool = False) -> AssetSelection:
        """Select the assets whose key, with `/` between its parts, contains a string."""
        substring = check_type(key_substring, str, "key_substring", "AssetSelection.key_substring")
        return AssetSelection(terms.KeySubstringTerm(substring, _flag(include_sources)))

    @staticmethod
    def from_string(string: str, include_sources: bool = False) -> AssetSelection:
        """Parse a selection string.

        Args:
            string: A key with its walks (`*raw/beans++`; `*` is all levels, each `+` one), or an expression:
                `+key:"raw/*" and not (group:slow or tag:team=core)`. In an expression `+` is all levels, and
                `2+` two.
            include_sources: Whether `*` and attributes select assets that are not materializable, too.

        Raises:
            DagflowInvalidAssetSelectionError: The string is neither.

        Example:
            >>> AssetSelection.from_string("beans+") == AssetSelection.assets("beans").downstream(depth=1)
            True
        """
        text = check_type(string, str, "string", "AssetSelection.from_string")
        return AssetSelection(term_of(parse_asset_selection(text), _flag(include_sources)))

    @staticmethod
    def from_coercible(selection: Any) -> AssetSelection:
        """Return a selection that is given in any accepted form.

        Args:
            selection: An AssetSelection, a selection string, or a list of selection strings, of AssetKeys, or
                of AssetsDefinitions and SourceAssets. A list is a union.

        Raises:
            DagflowError: The argument is something else, or an empty list.
        """
        if isinstance(selection, AssetSelection):
            return selection
        if isinstance(selection, str):
            return AssetSelection.from_string(selection)
        if isinstance(selection, Sequence) and selection:
            if all(isinstance(part, str) for part in selection):
                return reduce(or_, map(AssetSelection.from_string, selection))
            if all(isinstance(part, AssetKey) for part in selection):
                return AssetSelection(terms.KeysTerm(selection))
            if all(isinstance(part, (AssetsDefinition, SourceAsset)) for part in selection):
                keys = [
                    key
                    for part in selection
                    for key in (_sorted_keys(part) if isinstance(part, AssetsDefinition) else (part.key,))
                ]
                return AssetSelection(terms.KeysTerm(dict.fromkeys(keys)))
        raise DagflowError(
            "parameter 'selection' must be an AssetSelection, a selection string, or a list of selection "
            "strings, of AssetKeys, or of AssetsDefinitions and SourceAssets, not "
            f"{repr_of(selection)} of type '{type(selection).__name__}'"
        )

    def upstream(self, depth: int | None = None, include_self: bool = True) -> AssetSelection:
        """Select the materializable assets that the selected ones depend on.

        Args:
            depth: The number of levels; default: all.
            include_self: Whether the selected assets belong to the result.
        """
        return AssetSelection(sets.UpstreamTerm(self.term, *_walk(depth, include_self, "upstream")))

    def downstream(self, depth: int | None = None, include_self: bool = True) -> AssetSelection:
        """Select the assets that depend on the selected ones.

        Args:
            depth: The number of levels; default: all.
            include_self: Whether the selected assets belong to the result.
        """
        return AssetSelection(sets.DownstreamTerm(self.term, *_walk(depth, include_self, "downstream")))

    def roots(self) -> AssetSelection:
        """Select the assets that depend on no other selected asset."""
        return AssetSelection(sets.RootsTerm(self.term))

    def sinks(self) -> AssetSelection:
        """Select the assets that no other selected asset depends on."""
        return AssetSelection(sets.SinksTerm(self.term))

    def sources(self) -> AssetSelection:
        """Select the assets that depend on no other selected asset. `roots` replaces it."""
        warn("AssetSelection.sources is deprecated: use AssetSelection.roots", DeprecationWarning)
        return self.roots()

    def upstream_source_assets(self) -> AssetSelection:
        """Select the assets that are not materializable, among all that the selected ones depend on."""
        return AssetSelection(sets.UpstreamSourcesTerm(self.term))

    def materializable(self) -> AssetSelection:
        """Select the materializable ones of the selected assets."""
        return AssetSelection(sets.MaterializableTerm(self.term))

    def required_multi_asset_neighbors(self) -> AssetSelection:
        """Select also the assets that are always computed together with the selected ones."""
        return AssetSelection(sets.NeighborsTerm(self.term))

    def without_checks(self) -> AssetSelection:
        """Select the assets without their checks."""
        return AssetSelection(sets.without_checks(self.term))

    def __or__(self, other: AssetSelection) -> AssetSelection:
        return AssetSelection(sets.OrTerm((self.term, _term(other))))

    def __and__(self, other: AssetSelection) -> AssetSelection:
        return AssetSelection(sets.AndTerm((self.term, _term(other))))

    def __sub__(self, other: AssetSelection) -> AssetSelection:
        return AssetSelection(sets.DifferenceTerm(self.term, _term(other)))

    @property
    def operands(self) -> list[AssetSelection]:
        """The operands of a union or an intersection."""
        if isinstance(self.term, sets.OperandsTerm):
            return [AssetSelection(term) for term in self.term.operands]
        raise AttributeError(f"{self!r} is no union and no intersection, so it has no 'operands'")

    def resolve(self, all_assets: AssetGraph | Iterable[Any], allow_missing: bool = False) -> set[AssetKey]:
        """Return the keys of the selected assets.

        Args:
            all_assets: The graph of a project, or AssetsDefinitions and SourceAssets.
            allow_missing: Whether unknown keys are ignored.

        Raises:
            CheckError: `all_assets` holds something else.
            DagflowInvalidSubsetError: A selected key is unknown.
        """
        missing = check_type(allow_missing, bool, "allow_missing", "AssetSelection.resolve")
        return {node.key for node in self.term.nodes(_graph(all_assets), missing)}

    def resolve_checks(
        self, asset_graph: AssetGraph | Iterable[Any], allow_missing: bool = False
    ) -> set[AssetCheckKey]:
        """Return the keys of the selected checks.

        Arguments and errors as in `resolve`.
        """
        missing = check_type(allow_missing, bool, "allow_missing", "AssetSelection.resolve_checks")
        return self.term.checks(_graph(asset_graph), missing)

    def to_selection_str(self) -> str:
        """Return a string that `from_string` parses to a selection of the same assets.

        Raises:
            NotImplementedError: No string selects the same.

        Example:
            >>> AssetSelection.assets("beans").upstream(depth=2).to_selection_str()
            '2+key:"beans"'
        """
        return self.term.text()

    def to_serializable_asset_selection(self, asset_graph: AssetGraph) -> AssetSelection:
        """Return the same selection: every selection can be serialized.

        Raises:
            CheckError: The argument is no graph.
        """
        check_type(asset_graph, AssetGraph, "asset_graph", "to_serializable_asset_selection")
        return self

    def __str__(self) -> str:
        try:
            return self.to_selection_str()
        except NotImplementedError:
            return repr(self)

    def __repr__(self) -> str:
        try:
            return f"<AssetSelection {self.to_selection_str()}>"
        except NotImplementedError:
            return f"<AssetSelection {self.term!r}>"


def _term(other: object) -> Term:
    return check_type(other, AssetSelection, "other", "an operator of AssetSelection").term


def _flag(include_sources: object) -> bool:
    return check_type(include_sources, bool, "include_sources", "an AssetSelection")


def _walk(depth: int | None, include_self: bool, name: str) -> tuple[int | None, bool]:
    place = f"AssetSelection.{name}"
    return check_optional(depth, int, "depth", place), check_type(include_self, bool, "include_self", place)


def _sorted_keys(definition: AssetsDefinition) -> list[AssetKey]:
    return sorted(definition.keys)


def _keys_of(values: Iterable[Any], place: str) -> list[AssetKey]:
    """Return the keys that the arguments of a constructor name. A string has `/` between its parts."""
    found: dict[AssetKey, None] = {}
    for value in values:
        if isinstance(value, AssetsDefinition):
            found.update(dict.fromkeys(_sorted_keys(value)))
        elif isinstance(value, str):
            found[AssetKey.from_user_string(value)] = None
        elif isinstance(value, AssetKey) or (
            isinstance(value, Sequence) and all(isinstance(part, str) for part in value)
        ):
            found[AssetKey.from_coercible(value)] = None
        else:
            raise CheckError(
                f"{place} takes keys, strings, sequences of strings and AssetsDefinitions, not "
                f"{repr_of(value)} of type '{type(value).__name__}'"
            )
    return list(found)


def _graph(assets: AssetGraph | Iterable[Any]) -> AssetGraph:
    if isinstance(assets, AssetGraph):
        return assets
    if isinstance(assets, (str, AssetsDefinition)) or not isinstance(assets, Iterable):
        raise ParameterCheckError(
            "parameter 'all_assets' must be the graph of a project, as Definitions.resolve_asset_graph() "
            f"returns, or a list of AssetsDefinitions and SourceAssets, not {repr_of(assets)}"
        )
    definitions = list(assets)
    for definition in definitions:
        if isinstance(definition, AssetSpec):
            raise CheckError(
                f"parameter 'all_assets' holds {repr_of(definition)}. Give AssetsDefinitions and "
                "SourceAssets, or the graph of a project: Definitions.resolve_asset_graph()."
            )
    return AssetGraph.from_assets(definitions)
