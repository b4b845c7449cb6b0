"""The specs of all assets of a project, with stubs for those that are only named as dependencies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dagflow.defs.assets.catalog import AssetCatalog
from dagflow.defs.assets.definition import spec_of
from dagflow.defs.assets.facts import STUB_MARKER
from dagflow.defs.assets.short_names import ShortNames
from dagflow.defs.assets.spec import DEFAULT_GROUP, AssetSpec
from dagflow.errors import DagflowInvalidDefinitionError
from dagflow.keys import AssetKey
from dagflow.tags import system_tag


def specs_with_stubs(catalog: AssetCatalog) -> list[AssetSpec]:
    """Return the specs of assets with their groups, and a stub for each other asset that is named.

    Stubs are ordered by key.

    Args:
        catalog: The assets and checks. Dependencies and checked assets are named.

    Raises:
        DagflowInvalidDefinitionError: Two dependencies on a missing asset have different metadata.
    """
    known = catalog.assets
    names = ShortNames(known)
    specs = {key: _with_group(spec_of(asset, key)) for key, asset in known.items()}
    missing: dict[AssetKey, tuple[Mapping[str, Any], AssetKey]] = {}
    for reader, spec in specs.items():
        for dep in spec.deps:
            key = names.resolve(dep.asset_key, known[reader])
            if key in known:
                continue
            metadata, first = missing.setdefault(key, (dep.metadata, reader))
            if metadata != dep.metadata:
                raise DagflowInvalidDefinitionError(
                    f"the assets '{first.to_user_string()}' and '{reader.to_user_string()}' depend on asset "
                    f"'{key.to_user_string()}', which has no definition, with different metadata. Write an "
                    "AssetSpec for it."
                )
    for check in catalog.checks:
        if check.asset_key not in known:
            missing.setdefault(check.asset_key, ({}, check.asset_key))
    return [*specs.values(), *_stubs(missing.items())]


def _stubs(missing: Iterable[tuple[AssetKey, tuple[Mapping[str, Any], AssetKey]]]) -> list[AssetSpec]:
    marker = {system_tag(STUB_MARKER): True}
    return [
        AssetSpec(key, group_name=DEFAULT_GROUP, metadata={**metadata, **marker})
        for key, (metadata, _) in sorted(missing)
    ]


def _with_group(spec: AssetSpec) -> AssetSpec:
    return spec if spec.group_name is not None else spec.replace_attributes(group_name=DEFAULT_GROUP)
