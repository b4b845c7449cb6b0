"""The assets of the requests of a sensor with `asset_selection`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagflow._util import nearest
from dagflow.automation.context import EvaluationContext
from dagflow.defs.jobs.run_request import RunRequest
from dagflow.errors import DagflowInvalidSubsetError, DagflowInvariantViolationError
from dagflow.keys import ASSET_JOB_NAME

if TYPE_CHECKING:
    from dagflow.defs.selections.definition import AssetSelection


def with_selected_assets(
    request: RunRequest, selection: AssetSelection, place: str, context: EvaluationContext
) -> RunRequest:
    """Return a request for the job of all assets, with the assets and checks that it selects.

    Args:
        request: The request. Without assets it requests all of the selection.
        selection: The assets of the sensor.
        place: The sensor, for messages.
        context: The context of the tick.

    Raises:
        DagflowInvariantViolationError: The context has no repository.
        DagflowInvalidSubsetError: The request selects an asset or check outside of the selection.
    """
    repository = context.given_repository
    if repository is None:
        raise DagflowInvariantViolationError(
            f"{place} has an asset_selection, which is resolved among the assets of a repository: give "
            f"{context.builder} the argument definitions or repository_def"
        )
    graph = repository.asset_graph
    selected = selection.resolve(graph)
    assets = sorted(selected) if request.asset_selection is None else list(request.asset_selection)
    for key in assets:
        if key not in selected:
            names = sorted(one.to_user_string() for one in selected)
            raise DagflowInvalidSubsetError(
                f"RunRequest includes asset keys that are not part of the asset selection of {place}: "
                f"'{key.to_user_string()}' is not one of {names}.{nearest(key.to_user_string(), names)}"
            )
    known = graph.asset_check_keys
    if request.asset_check_keys is None:
        own = selection.resolve_checks(graph) if request.asset_selection is None else set()
        checks = sorted(graph.get_check_keys_for_assets(assets) | own)
    else:
        checks = list(request.asset_check_keys)
        for check in checks:
            if check not in known:
                text, names = check.to_user_string(), [one.to_user_string() for one in known]
                raise DagflowInvalidSubsetError(
                    f"RunRequest of {place} includes the asset check '{text}', which no definition has."
                    f"{nearest(text, names)}"
                )
    return request.with_replaced_attrs(
        job_name=ASSET_JOB_NAME, asset_selection=assets, asset_check_keys=checks
    )
