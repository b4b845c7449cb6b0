"""The common part of the functions that build ready-made checks: their assets, their op and their results.

Each of these functions builds one definition with a check of each asset. Its op reads the events of the
instance, so the checks need no function from the user.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dagflow.defs.assets.check_spec import AssetCheckSpec
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.assets.dependency import key_of
from dagflow.defs.assets.spec import AssetSpec
from dagflow.defs.checks.decorator import multi_asset_check
from dagflow.defs.checks.definition import AssetChecksDefinition
from dagflow.errors import CheckError, ParameterCheckError, check_type, repr_of
from dagflow.events.check import AssetCheckResult, AssetCheckSeverity
from dagflow.keys import AssetKey
from dagflow.tags import system_tag_spellings

if TYPE_CHECKING:
    from dagflow.metadata.value import MetadataValue


class Verdict(NamedTuple):
    """The outcome of a check of one asset."""

    passed: bool
    description: str
    metadata: Mapping[str, Any] | None = None


Judge = Callable[[Any, AssetKey], Verdict]
"""A function that checks one asset. It gets the context of the check and the key of the asset."""


def checked_keys(assets: Sequence[Any], place: str, *, unique: bool = False) -> list[AssetKey]:
    """Return the keys of the assets to check, each once.

    Args:
        assets: Keys, and definitions of assets. A definition of several assets stands for all of them.
        place: The function that builds the checks, for messages.
        unique: Whether an asset that is named twice is an error.

    Raises:
        ParameterCheckError: `assets` is not a list.
        CheckError: An element is not an asset, or an asset is named twice.
    """
    if isinstance(assets, (str, Mapping)) or not isinstance(assets, Sequence):
        raise ParameterCheckError(
            f"parameter 'assets' of {place} must be a list of assets, not {repr_of(assets)}. Write [asset] "
            "for one asset."
        )
    keys: list[AssetKey] = []
    for asset in assets:
        if isinstance(asset, AssetSpec):
            raise ParameterCheckError(
                f"parameter 'assets' of {place} holds {asset!r}. Give its key: {asset.key.path!r}."
            )
        keys += _keys_of(asset, place)
    found = list(dict.fromkeys(keys))
    if unique and len(found) < len(keys):
        twice = sorted({key.to_user_string() for key in found if keys.count(key) > 1})
        raise CheckError(
            f"Found duplicate assets in parameter 'assets' of {place}: {twice}. Name each asset once."
        )
    return found


def _keys_of(asset: Any, place: str) -> Iterable[AssetKey]:
    if not isinstance(asset, AssetsDefinition):
        return [key_of(asset)]
    if not asset.has_keys:
        raise CheckError(f"parameter 'assets' of {place} holds {asset!r}, which has no assets")
    return [key for key in asset.specs_by_key if key in asset.keys]


def build_checks(
    specs: Sequence[AssetCheckSpec],
    prefix: str,
    ids: Iterable[object],
    severity: AssetCheckSeverity,
    judge: Judge,
) -> list[AssetChecksDefinition]:
    """Return a list with the definition of checks of several assets. A run may select some of them.

    Args:
        specs: The declaration of the check of each asset.
        prefix: The start of the name of the op.
        ids: Keys that the name of the op is made of. Their order does not matter.
        severity: The severity of each failed check.
        judge: Checks one asset.

    Raises:
        ParameterCheckError: `severity` is not an AssetCheckSeverity.
    """
    check_type(severity, AssetCheckSeverity, "severity")
    digest = hashlib.md5(json.dumps(sorted(map(str, ids))).encode(), usedforsecurity=False).hexdigest()

    def evaluate(context: Any) -> Iterator[AssetCheckResult]:
        for key in sorted(context.selected_asset_check_keys):
            passed, description, metadata = judge(context, key.asset_key)
            yield AssetCheckResult(
                passed=passed,
                asset_key=key.asset_key,
                check_name=key.name,
                description=description,
                metadata=metadata,
                severity=severity,
            )

    return [multi_asset_check(name=f"{prefix}_{digest[:8]}", specs=specs, can_subset=True)(evaluate)]


def system_value(metadata: Mapping[str, MetadataValue], name: str) -> MetadataValue | None:
    """Return a metadata value with a key of dagflow, in any spelling; None if it is missing."""
    return next((metadata[key] for key in system_tag_spellings(name) if key in metadata), None)
