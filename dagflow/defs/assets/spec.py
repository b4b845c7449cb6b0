"""The facts about one asset: `AssetSpec`.

How an asset is computed is in `definition`; an asset that is only read is in `source_asset`.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import EllipsisType
from typing import TYPE_CHECKING, Any

from dagflow.defs.assets.dependency import AssetDep, CoercibleToAssetDep, mappings_of_deps, unique_deps
from dagflow.defs.graphs.wiring import ReadableAsset
from dagflow.defs.ops.ports import DEFAULT_IO_MANAGER_KEY
from dagflow.defs.parts.owners import check_owners
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvariantViolationError,
    ParameterCheckError,
    check_elements,
    check_optional,
    check_texts,
    check_type,
    repr_of,
)
from dagflow.keys import AssetKey, CoercibleToAssetKey, check_name
from dagflow.metadata.normalize import normalize_metadata
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.tags import check_asset_tags, check_kinds, system_tag, system_tag_spellings

if TYPE_CHECKING:
    from dagflow.defs.conditions.auto_materialize import AutoMaterializePolicy
    from dagflow.defs.conditions.condition import AutomationCondition
    from dagflow.defs.conditions.freshness import FreshnessPolicy
    from dagflow.defs.conditions.legacy_freshness import LegacyFreshnessPolicy
    from dagflow.partitions.mapping import PartitionMapping

_MOST_KINDS = 10
DEFAULT_GROUP = "default"


class AssetSpec(ReadableAsset):
    """The facts about an asset, apart from how it is computed. On its own: an asset that is only read.

    Args:
        key: Its key.
        deps: The assets that come before it. An asset that is named twice is one dependency.
        description: A sentence for people.
        metadata: Metadata by name.
        skippable: Whether the function that makes the asset may leave it out.
        group_name: The group that it is shown in; default: "default".
        code_version: The version of the code that makes it.
        automation_condition: The condition under which a deployment materializes it. A run ignores it.
        owners: Its owners: email addresses, or teams as `team:name`.
        tags: Short strings by name.
        kinds: Its technologies, such as "sql"; at most ten.
        partitions_def: Its partitions.
        freshness_policy: The age from which it counts as stale. A run ignores it.
        is_virtual: Whether it has no data of its own, as a view.
        legacy_freshness_policy: The older form of `freshness_policy`.
        auto_materialize_policy: The older form of `automation_condition`.

    Raises:
        CheckError: An argument is of the wrong type, or an asset with the older freshness policy has
            partitions that are not by time.
        DagflowInvalidDefinitionError: An owner, a group, a tag or the number of kinds is invalid.
        DagflowInvariantViolationError: There are an automation condition and an auto-materialize policy, or
            two different dependencies on one asset.

    Example:
        >>> AssetSpec("beans", deps=["farm"], kinds={"csv"}).tags
        {'dagflow/kind/csv': ''}
    """

    __slots__ = (
        "automation_condition",
        "code_version",
        "deps",
        "description",
        "freshness_policy",
        "group_name",
        "is_virtual",
        "key",
        "legacy_freshness_policy",
        "metadata",
        "owners",
        "partitions_def",
        "skippable",
        "tags",
    )

    key: AssetKey
    partitions_def: PartitionsDefinition | None

    def __init__(
        self,
        key: CoercibleToAssetKey,
        *,
        deps: Iterable[CoercibleToAssetDep] | None = None,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        skippable: bool = False,
        group_name: str | None = None,
        code_version: str | None = None,
        automation_condition: AutomationCondition | None = None,
        owners: Sequence[str] | None = None,
        tags: Mapping[str, str] | None = None,
        kinds: Iterable[str] | None = None,
        partitions_def: PartitionsDefinition | None = None,
        freshness_policy: FreshnessPolicy | None = None,
        is_virtual: bool = False,
        legacy_freshness_policy: LegacyFreshnessPolicy | None = None,
        auto_materialize_policy: AutoMaterializePolicy | None = None,
    ) -> None:
        self.key = AssetKey.from_coercible(key)
        place = self._place()
        check_texts(place, description=description, code_version=code_version)
        self.deps: list[AssetDep] = unique_deps(() if deps is None else deps, place)
        self.description: str | None = description
        if metadata is not None:
            normalize_metadata(metadata, place)  # only checks: users read their own values back
        self.metadata: Mapping[str, Any] = metadata or {}
        self.skippable: bool = check_type(skippable, bool, "skippable", place)
        self.group_name: str | None = None if group_name is None else check_group(group_name, place)
        self.code_version: str | None = code_version
        self.owners: list[str] = check_owners(owners, place)
        self.tags: dict[str, str] = {} if tags is None else _checked_tags(tags, place)
        if kinds is not None:
            self.tags.update(_tags_of_kinds(kinds, place))
        self.partitions_def = check_optional(partitions_def, PartitionsDefinition, "partitions_def", place)
        self.is_virtual: bool = check_type(is_virtual, bool, "is_virtual", place)
        self.automation_condition: AutomationCondition | None = None
        if automation_condition is not None or auto_materialize_policy is not None:
            self.automation_condition = _condition(automation_condition, auto_materialize_policy, place)
        self.freshness_policy: FreshnessPolicy | None = None
        if freshness_policy is not None:
            self.freshness_policy = _freshness(freshness_policy, place)
        self.legacy_freshness_policy: LegacyFreshnessPolicy | None = None
        if legacy_freshness_policy is not None:
            self.legacy_freshness_policy = _legacy_freshness(legacy_freshness_policy, partitions_def, place)

    def _place(self) -> str:
        return f"asset '{self.key.to_user_string()}'"

    @property
    def auto_materialize_policy(self) -> AutoMaterializePolicy | None:
        """The automation condition in its older form; None without a condition."""
        if self.automation_condition is None:
            return None
        return self.automation_condition.as_auto_materialize_policy()

    @property
    def shown_group(self) -> str:
        """The group that it is shown in: "default" without one of its own."""
        return self.group_name or DEFAULT_GROUP

    @property
    def partition_mappings(self) -> dict[AssetKey, PartitionMapping]:
        """The partition mapping of each dependency that has one."""
        return mappings_of_deps(self.deps, "an AssetSpec")

    @property
    def io_manager_key(self) -> str:
        """The resource that loads the asset."""
        keys = (self.metadata.get(key) for key in system_tag_spellings("io_manager_key"))
        return next((key for key in keys if key), DEFAULT_IO_MANAGER_KEY)

    def with_io_manager_key(self, io_manager_key: str) -> AssetSpec:
        """Return a copy of this spec that another resource loads.

        Args:
            io_manager_key: The key of the I/O manager. It is stored in the metadata.

        Raises:
            ParameterCheckError: The key is not a string.

        Example:
            >>> AssetSpec("beans").with_io_manager_key("cellar").metadata
            {'dagflow/io_manager_key': 'cellar'}
        """
        key = check_type(io_manager_key, str, "io_manager_key", self._place())
        new = copy.copy(self)
        new.metadata = {**self.metadata, system_tag("io_manager_key"): key}
        return new

    def with_partitions_def(self, partitions_def: PartitionsDefinition) -> AssetSpec:
        """Return a copy of this spec with other partitions."""
        new = copy.copy(self)
        new.partitions_def = check_type(partitions_def, PartitionsDefinition, "partitions_def", self._place())
        return new

    def tags_without_kinds(self) -> dict[str, str]:
        """Return the tags that are not kinds."""
        starts = system_tag_spellings("kind/")
        return {name: tag for name, tag in self.tags.items() if not name.startswith(starts)}

    def of_definition(self, partitions_def: PartitionsDefinition | None) -> AssetSpec:
        """Return this spec with the group, and the partitions if it has none, that a definition gives it."""
        partitions_def = partitions_def if self.partitions_def is None else self.partitions_def
        if self.group_name is not None and partitions_def is self.partitions_def:
            return self
        new = copy.copy(self)
        new.group_name, new.partitions_def = self.shown_group, partitions_def
        return new

    @property
    def kinds(self) -> set[str]:
        """Its technologies."""
        starts = system_tag_spellings("kind/")
        return {tag[len(start) :] for tag in self.tags for start in starts if tag.startswith(start)}

    def replace_attributes(
        self,
        *,
        key: CoercibleToAssetKey | EllipsisType = ...,
        deps: Iterable[CoercibleToAssetDep] | EllipsisType | None = ...,
        description: str | EllipsisType | None = ...,
        metadata: Mapping[str, Any] | EllipsisType | None = ...,
        skippable: bool | EllipsisType = ...,
        group_name: str | EllipsisType | None = ...,
        code_version: str | EllipsisType | None = ...,
        automation_condition: AutomationCondition | EllipsisType | None = ...,
        owners: Sequence[str] | EllipsisType | None = ...,
        tags: Mapping[str, str] | EllipsisType | None = ...,
        kinds: Iterable[str] | EllipsisType | None = ...,
        partitions_def: PartitionsDefinition | EllipsisType | None = ...,
        freshness_policy: FreshnessPolicy | EllipsisType | None = ...,
        is_virtual: bool | EllipsisType = ...,
        legacy_freshness_policy: LegacyFreshnessPolicy | EllipsisType | None = ...,
    ) -> AssetSpec:
        """Return a copy of this spec with the given attributes. None clears an attribute.

        The kinds are kept if `tags` is given, and the other tags are kept if `kinds` is given.

        Raises:
            CheckError, DagflowInvalidDefinitionError: An attribute is invalid, as in AssetSpec(...).

        Example:
            >>> beans = AssetSpec("beans", tags={"roast": "dark"}, kinds={"csv"})
            >>> beans.replace_attributes(tags={"roast": "light"}).tags
            {'roast': 'light', 'dagflow/kind/csv': ''}
        """
        return AssetSpec(
            self.key if key is ... else key,
            deps=self.deps if deps is ... else deps,
            description=self.description if description is ... else description,
            metadata=self.metadata if metadata is ... else metadata,
            skippable=self.skippable if skippable is ... else skippable,
            group_name=self.group_name if group_name is ... else group_name,
            code_version=self.code_version if code_version is ... else code_version,
            automation_condition=self.automation_condition
            if automation_condition is ...
            else automation_condition,
            owners=self.owners if owners is ... else owners,
            tags=self.tags_without_kinds() if tags is ... else tags,
            kinds=sorted(self.kinds) if kinds is ... else kinds,
            partitions_def=self.partitions_def if partitions_def is ... else partitions_def,
            freshness_policy=self.freshness_policy if freshness_policy is ... else freshness_policy,
            is_virtual=self.is_virtual if is_virtual is ... else is_virtual,
            legacy_freshness_policy=self.legacy_freshness_policy
            if legacy_freshness_policy is ...
            else legacy_freshness_policy,
        )

    _replace = replace_attributes  # its name while a spec was a named tuple in Dagster

    def merge_attributes(
        self,
        *,
        deps: Iterable[CoercibleToAssetDep] | EllipsisType = ...,
        metadata: Mapping[str, Any] | EllipsisType = ...,
        owners: Sequence[str] | EllipsisType = ...,
        tags: Mapping[str, str] | EllipsisType = ...,
        kinds: Iterable[str] | EllipsisType = ...,
    ) -> AssetSpec:
        """Return a copy of this spec with further dependencies, metadata, owners, tags or kinds.

        Metadata and tags with an existing name replace the old ones.

        Raises:
            TypeError: An argument is None.
            CheckError, DagflowInvalidDefinitionError: An argument is invalid, as in AssetSpec(...).

        Example:
            >>> AssetSpec("beans", tags={"roast": "dark"}).merge_attributes(tags={"origin": "peru"}).tags
            {'roast': 'dark', 'origin': 'peru'}
        """
        given = {"deps": deps, "metadata": metadata, "owners": owners, "tags": tags, "kinds": kinds}
        for name, value in given.items():
            if value is None:
                raise TypeError(
                    f"'{name}' of merge_attributes for asset '{self.key.to_user_string()}' is None. Leave "
                    f"the argument out to keep the attribute, or clear it by replace_attributes({name}=None)."
                )
            if value is not ...:
                kind = Mapping if name in ("metadata", "tags") else Collection
                check_type(value, kind, name, f"merge_attributes for asset '{self.key.to_user_string()}'")
        return self.replace_attributes(
            deps=... if deps is ... else [*self.deps, *deps],
            metadata=... if metadata is ... else {**self.metadata, **metadata},
            owners=... if owners is ... else [*self.owners, *owners],
            tags=... if tags is ... else {**self.tags_without_kinds(), **tags},
            kinds=... if kinds is ... else [*sorted(self.kinds), *kinds],
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AssetSpec):
            return NotImplemented
        return self is other or all(
            getattr(self, name) == getattr(other, name) for name in AssetSpec.__slots__
        )

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"AssetSpec({self.key!r})"


def check_group(name: Any, place: str) -> str:
    """Return the name of a group, after a check: one or more names, joined by slashes.

    Raises:
        ParameterCheckError: It is not a string.
        DagflowInvalidDefinitionError: It is not such a name.

    Example:
        >>> check_group("bar/machines", "asset 'cups'")
        'bar/machines'
    """
    for part in check_type(name, str, "group_name", place).split("/"):
        check_name(part, f"group of {place} (or a part of one, between slashes)", reserved=False)
    return str(name)


def _checked_tags(tags: Mapping[str, str], place: str) -> dict[str, str]:
    """Return the tags as a dict. A kind in its tag follows the rule for names of tags."""
    starts = system_tag_spellings("kind/")
    checked = check_asset_tags(tags, place, starts)
    kinds = {key.split("/", 2)[2]: value for key, value in checked.items() if key.startswith(starts)}
    check_kinds(kinds, place)
    check_asset_tags(kinds, f"{place} with kinds as tags")
    return checked


def _tags_of_kinds(kinds: Iterable[str], place: str) -> dict[str, str]:
    names = dict.fromkeys(check_elements(kinds, str, "kinds"))
    if len(names) > _MOST_KINDS:
        raise DagflowInvalidDefinitionError(
            f"{place} has {len(names)} kinds: {', '.join(sorted(names))}. An asset can have {_MOST_KINDS} at "
            "most."
        )
    return {system_tag(f"kind/{kind}"): "" for kind in names}


def _condition(condition: Any, policy: Any, place: str) -> AutomationCondition:
    # few assets have a condition
    from dagflow.defs.conditions.auto_materialize import AutoMaterializePolicy
    from dagflow.defs.conditions.condition import AutomationCondition

    if policy is None:
        return check_type(condition, AutomationCondition, "automation_condition", place)
    if condition is not None:
        raise DagflowInvariantViolationError(
            f"{place} has an 'automation_condition' and an 'auto_materialize_policy', which is the older "
            "form of the same. Keep the condition."
        )
    return check_type(
        policy, AutoMaterializePolicy, "auto_materialize_policy", place
    ).to_automation_condition()


def _freshness(policy: Any, place: str) -> FreshnessPolicy:
    # few assets have a policy
    from dagflow.defs.conditions.freshness import FreshnessPolicy
    from dagflow.defs.conditions.legacy_freshness import LegacyFreshnessPolicy

    if isinstance(policy, LegacyFreshnessPolicy):
        raise ParameterCheckError(
            f"parameter 'freshness_policy' of {place} is a LegacyFreshnessPolicy: give it as "
            "'legacy_freshness_policy', or use a FreshnessPolicy"
        )
    return check_type(policy, FreshnessPolicy, "freshness_policy", place)


def _legacy_freshness(
    policy: Any, partitions_def: PartitionsDefinition | None, place: str
) -> LegacyFreshnessPolicy:
    # few assets have one
    from dagflow.defs.conditions.legacy_freshness import LegacyFreshnessPolicy
    from dagflow.partitions.time_window import TimeWindowPartitionsDefinition

    if not isinstance(partitions_def, (TimeWindowPartitionsDefinition, type(None))):
        raise CheckError(
            f"{place} has a 'legacy_freshness_policy', so its partitions must be by time, not "
            f"{repr_of(partitions_def)}"
        )
    return check_type(policy, LegacyFreshnessPolicy, "legacy_freshness_policy", place)
