"""Cycles between definitions: one that can be divided is divided, so that each part runs at its time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dagflow.dag import find_cycle, levels
from dagflow.defs.assets.catalog import place_of
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.assets.short_names import ShortNames
from dagflow.errors import CircularDependencyError
from dagflow.keys import AssetKey


def without_cycles(parts: Sequence[AssetsDefinition], names: ShortNames) -> Sequence[AssetsDefinition]:
    """Return the definitions with those divided that depend on themselves through other definitions.

    Args:
        parts: The definitions, or the selected parts of them.
        names: The short names of all assets.

    Raises:
        CircularDependencyError: The assets depend on each other in a cycle.
    """
    for part in parts:
        if len(part.keys_by_output_name) > 1:  # no division helps assets that depend on each other
            _check_keys([part], dict.fromkeys(part.keys_by_output_name.values(), 0), names)
    if len(parts) < 2:
        return parts
    makers = {key: index for index, part in enumerate(parts) for key in part.keys_by_output_name.values()}
    by_index = {index: _makers_read(part, makers, names) - {index} for index, part in enumerate(parts)}
    level = levels(by_index)
    if len(level) == len(parts):
        return parts
    _check_keys(parts, makers, names)
    keys = _parents_of_keys(parts, names, makers)
    turns = levels(keys)
    divided: list[AssetsDefinition] = []
    for index, part in enumerate(parts):
        if index in level or not part.can_subset or not turns.keys() >= part.keys:
            divided.append(part)
        else:
            divided += _divided(part, keys, names)
    _check_order(divided, names)
    return divided


def _check_keys(parts: Sequence[AssetsDefinition], makers: Mapping[AssetKey, int], names: ShortNames) -> None:
    """Raise if assets depend on each other in a cycle, so that no division of definitions helps."""
    parents = {
        key: [
            up
            for dep in part.specs_by_key[key].deps
            if (up := names.resolve(dep.asset_key, part)) in makers and up != key
        ]
        for part in parts
        for key in part.keys_by_output_name.values()
    }
    cycle = find_cycle(parents)
    if cycle is not None:
        path = " -> ".join(
            f"'{key.to_user_string()}' ({place_of(parts[makers[key]])})" for key in [*cycle, cycle[0]]
        )
        raise CircularDependencyError(
            f"the assets depend on each other in a cycle: {path}. Remove one dependency of this cycle."
        )


def check_gates(parents: Mapping[str, Iterable[str]]) -> None:
    """Raise if steps wait for each other because of blocking checks.

    Args:
        parents: The nodes that each node of an asset job waits for.

    Raises:
        CircularDependencyError: They form a cycle.
    """
    cycle = find_cycle(parents)
    if cycle is not None:
        path = " -> ".join(f"'{name}'" for name in [*cycle, cycle[0]])
        raise CircularDependencyError(
            f"the steps of assets and blocking checks wait for each other in a cycle: {path}. An asset waits "
            "for the blocking checks of the assets that it depends on, so such a check cannot depend on it. "
            "Remove this dependency, or blocking=True."
        )


def _makers_read(part: AssetsDefinition, makers: Mapping[AssetKey, int], names: ShortNames) -> set[int]:
    return {makers[key] for key in names.keys_read_by(part).values() if key in makers}


def _parents_of_keys(
    parts: Sequence[AssetsDefinition], names: ShortNames, known: Iterable[AssetKey]
) -> dict[AssetKey, list[AssetKey]]:
    """Return the keys that each key waits for. The keys of a definition that stays whole wait for all."""
    known = set(known)
    found: dict[AssetKey, list[AssetKey]] = {}
    for part in parts:
        own = list(part.keys_by_output_name.values())
        if not part.can_subset:
            read = [key for key in names.keys_read_by(part).values() if key in known and key not in own]
            found.update(dict.fromkeys(own, read))
            continue
        for key in own:
            deps = (names.resolve(dep.asset_key, part) for dep in part.specs_by_key[key].deps)
            found[key] = [dep for dep in deps if dep in known and dep != key]
    return found


def _divided(
    part: AssetsDefinition, parents: Mapping[AssetKey, Sequence[AssetKey]], names: ShortNames
) -> list[AssetsDefinition]:
    """Return the parts of a definition: the keys of a part do not depend on it through other definitions."""
    own = part.keys
    turns: dict[AssetKey, int] = {}  # how often the way to a key leaves the definition and comes back
    for key in levels(parents):
        if key in own:
            before = [turns[up] + (up not in own) for up in parents[key] if up in turns]
            turns[key] = max(before, default=0)
        else:
            before = [turns[up] for up in parents[key] if up in turns]
            if before:
                turns[key] = max(before)
    of_checks = {}
    for spec in part.check_specs:
        read = [spec.asset_key, *(names.resolve(dep.asset_key, part) for dep in spec.additional_deps)]
        of_checks[spec.key] = max((turns[up] + (up not in own) for up in read if up in turns), default=0)
    return [
        part.subset_for(
            {key for key in own if turns[key] == turn},
            {key for key, of_check in of_checks.items() if of_check == turn},
        )
        for turn in sorted({*(turns[key] for key in own), *of_checks.values()})
    ]


def _check_order(parts: Sequence[AssetsDefinition], names: ShortNames) -> None:
    makers = {key: index for index, part in enumerate(parts) for key in part.keys_by_output_name.values()}
    cycle = find_cycle(
        {index: _makers_read(part, makers, names) - {index} for index, part in enumerate(parts)}
    )
    if cycle is not None:
        path = " -> ".join(f"{parts[index]!r} ({place_of(parts[index])})" for index in [*cycle, cycle[0]])
        raise CircularDependencyError(
            f"these definitions depend on each other in a cycle: {path}. Define the one with several assets "
            "with can_subset=True, so that its assets can be made one after the other."
        )
