"""The strategy that draws selections."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from dagflow import AssetKey
from dagflow.testing import graph_of
from pytest_dagflow.drawing.arguments import as_job, check_flag

_WALKS = ("", "+", "*", "++")


def selections(job: Any, *, complete: bool = False) -> st.SearchStrategy[list[str]]:
    """Draw selections of a part of a job, each of which selects at least one node.

    Args:
        job: A job, whose runs take them as `op_selection`. Or a list of assets, which `materialize` takes as
            `selection`.
        complete: Whether everything upstream is selected too, so that the part can run alone.

    Returns:
        A strategy of lists of clauses, as ["*brew+", "beans"]. It shrinks to the name of one node.

    Raises:
        ParameterCheckError: The argument is not a job.

    Example:
        >>> from hypothesis import find
        >>> from pytest_dagflow.strategies import build_job
        >>> find(selections(build_job("a", "b(a)")), lambda clauses: "b" in clauses[0])
        ['b']
    """
    found = as_job("job", job)
    check_flag("complete", complete)
    if found.is_asset_job:
        keys = [node.key for node in graph_of(found).nodes]
        names = [key.to_user_string() for key in keys if isinstance(key, AssetKey)]
    else:
        names = list(found.graph.node_dict)
    before = st.just("*") if complete else st.sampled_from(_WALKS)
    after = st.just("") if complete else st.sampled_from(_WALKS)
    clauses = st.tuples(before, st.sampled_from(names), after).map("".join)
    return st.lists(clauses, min_size=1, max_size=3, unique=True)
