"""The terms that the selection strings of assets mean."""

from __future__ import annotations

import sys
from functools import partial

from dagflow.defs.selections import set_terms as sets
from dagflow.defs.selections import terms
from dagflow.errors import CheckError, DagflowInvalidAssetSelectionError, repr_of
from dagflow.keys import AssetKey
from dagflow.selection import tree


def term_of(selection: tree.Selection, include_sources: bool) -> terms.Term:
    """Return the term for the tree of a selection string.

    Args:
        selection: The tree.
        include_sources: Whether `*` and attributes select assets that are not materializable, too.

    Raises:
        DagflowInvalidAssetSelectionError: A value has no meaning.
    """
    term = partial(term_of, include_sources=include_sources)
    match selection:
        case tree.Everything():
            return terms.AllTerm(include_sources)
        case tree.Name(text):
            return terms.KeysTerm([AssetKey.from_user_string(text)])
        case tree.Attribute():
            return _attribute(selection, include_sources)
        case tree.Walk(of, up, down):
            return _walked(term(of), up, down, sys.maxsize if isinstance(of, tree.Name) else None)
        case tree.Sinks(of):
            return sets.SinksTerm(term(of))
        case tree.Roots(of):
            return sets.RootsTerm(term(of))
        case tree.Not(of):
            return sets.DifferenceTerm(terms.AllTerm(include_sources), term(of))
        case tree.And(parts):
            return sets.AndTerm(map(term, parts))
        case tree.Or(parts):
            return sets.OrTerm(map(term, parts))
    raise CheckError(f"{repr_of(selection)} is not a selection of assets")


def _walked(term: terms.Term, up: int, down: int, unlimited: int | None) -> terms.Term:
    """Return the union of the walks up and down.

    Args:
        term: The start.
        up: The depth of the walk up.
        down: The depth of the walk down.
        unlimited: The depth that stands for all levels.
    """
    if not (up or down):
        return sets.UpstreamTerm(term, 0, True)
    walks: list[terms.Term] = []
    if up:
        walks.append(sets.UpstreamTerm(term, unlimited if up == tree.ALL else up, True))
    if down:
        walks.append(sets.DownstreamTerm(term, unlimited if down == tree.ALL else down, True))
    return walks[0] if len(walks) == 1 else sets.OrTerm(walks)


def _attribute(wanted: tree.Attribute, include_sources: bool) -> terms.Term:
    name, text = wanted.attribute, None if wanted.value is None else wanted.value.text
    tag_value = wanted.tag_value.text if wanted.tag_value else ""
    if name == "kind":
        return terms.KindTerm(text, include_sources)
    if name == "owner":
        return terms.OwnerTerm(text)
    if name == "partitions":
        return terms.PartitionsTerm(text)
    if name == "group":
        if text is not None and "*" in text:
            return terms.GroupPatternTerm(text, include_sources)
        return terms.GroupsTerm(() if text is None else (text,), include_sources)
    if text is not None and name == "key":
        return terms.KeyPatternTerm(text)
    if text is not None and name == "tag":
        return terms.TagTerm(text, tag_value, include_sources)
    if name == "is":
        if text not in ("materializable", "external"):
            raise DagflowInvalidAssetSelectionError(
                f"cannot read the selection: 'is:{text}' has no meaning. Write 'is:materializable' or "
                "'is:external'."
            )
        return terms.IsTerm(text)
    return terms.UnresolvableTerm(name, text, tag_value)
