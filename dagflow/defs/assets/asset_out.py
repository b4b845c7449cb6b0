"""One of the assets that a function with several outputs makes: `AssetOut`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import EllipsisType
from typing import TYPE_CHECKING, Any

from dagflow._util import UNSET
from dagflow.defs.assets.dependency import CoercibleToAssetDep
from dagflow.defs.assets.spec import AssetSpec
from dagflow.defs.ops.ports import DEFAULT_IO_MANAGER_KEY, Out
from dagflow.errors import CheckError, DagflowInvalidDefinitionError, check_optional, check_type, repr_of
from dagflow.keys import AssetKey, CoercibleToAssetKey, check_name, prefix_parts
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.tags import check_kinds

if TYPE_CHECKING:
    from dagflow.defs.conditions.auto_materialize import AutoMaterializePolicy
    from dagflow.defs.conditions.condition import AutomationCondition
    from dagflow.defs.conditions.freshness import FreshnessPolicy
    from dagflow.defs.conditions.legacy_freshness import LegacyFreshnessPolicy
    from dagflow.partitions.backfill import BackfillPolicy


class AssetOut:
    """One of the assets that a function with several outputs makes.

    Args:
        key_prefix: The parts of the key before the name of the output.
        key: The whole key, instead of `key_prefix`.
        dagflow_type: The type of the value; default: the type of the return annotation.
        description: A sentence for people.
        is_required: Whether the function must produce the output.
        io_manager_key: The resource that stores the asset; default: "io_manager".
        metadata: Metadata by name.
        group_name: The group that the asset is shown in.
        code_version: The version of the code that makes the asset.
        automation_condition: The condition under which a deployment materializes it. A run ignores it.
        backfill_policy: The number of partitions in one run of a backfill. A run ignores it.
        owners: The owners: email addresses, or teams as `team:name`.
        tags: Short strings by name.
        kinds: The technologies of the asset, such as "sql"; at most ten.
        freshness_policy: The age from which it counts as stale. A run ignores it.
        is_virtual: Whether it has no data of its own, as a view.
        legacy_freshness_policy: The older form of `freshness_policy`.
        auto_materialize_policy: The older form of `automation_condition`.

    Raises:
        CheckError: An argument is of the wrong type, or both `key` and `key_prefix` are given.
        DagflowInvalidDefinitionError: An owner, a group, a tag or the number of kinds is invalid.

    Example:
        >>> AssetOut(key_prefix="bar", kinds={"csv"}).key_for("cups")
        AssetKey(['bar', 'cups'])
    """

    __slots__ = (
        "backfill_policy",
        "dagflow_type",
        "facts",
        "io_manager_key",
        "is_required",
        "key",
        "key_prefix",
    )

    def __init__(
        self,
        key_prefix: str | Sequence[str] | None = None,
        key: CoercibleToAssetKey | None = None,
        dagflow_type: Any = UNSET,
        description: str | None = None,
        is_required: bool = True,
        io_manager_key: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        group_name: str | None = None,
        code_version: str | None = None,
        automation_condition: AutomationCondition | None = None,
        backfill_policy: BackfillPolicy | None = None,
        owners: Sequence[str] | None = None,
        tags: Mapping[str, str] | None = None,
        kinds: Iterable[str] | None = None,
        freshness_policy: FreshnessPolicy | None = None,
        is_virtual: bool = False,
        legacy_freshness_policy: LegacyFreshnessPolicy | None = None,
        auto_materialize_policy: AutoMaterializePolicy | None = None,
    ) -> None:
        prefix = prefix_parts(key_prefix)
        if key is not None and prefix:
            raise CheckError(
                f"an AssetOut has the key {repr_of(key)} and the key_prefix {repr_of(key_prefix)}. Give one "
                "of them: 'key' is the whole key."
            )
        self.key: AssetKey | None = None if key is None else AssetKey.from_coercible(key)
        self.key_prefix: list[str] | None = list(prefix) or None
        self.facts: AssetSpec = _FactsOfOut(
            self.key or AssetKey([]),
            description=description,
            metadata=metadata,
            group_name=group_name,
            code_version=code_version,
            automation_condition=automation_condition,
            owners=owners,
            tags=tags,
            kinds=kinds,
            freshness_policy=freshness_policy,
            is_virtual=is_virtual,
            legacy_freshness_policy=legacy_freshness_policy,
            auto_materialize_policy=auto_materialize_policy,
        )
        self.dagflow_type: Any = dagflow_type
        self.is_required: bool = check_type(is_required, bool, "is_required", "an AssetOut")
        self.io_manager_key: str | None = check_optional(io_manager_key, str, "io_manager_key", "an AssetOut")
        self.backfill_policy: BackfillPolicy | None = None
        if backfill_policy is not None:
            from dagflow.partitions.backfill import BackfillPolicy  # few assets have one

            self.backfill_policy = check_type(
                backfill_policy, BackfillPolicy, "backfill_policy", "an AssetOut"
            )
        self.to_out()  # so that the traceback of an invalid type has the user's line

    @staticmethod
    def from_spec(
        spec: AssetSpec,
        dagflow_type: Any = UNSET,
        is_required: bool = True,
        io_manager_key: str | None = None,
        backfill_policy: BackfillPolicy | None = None,
    ) -> AssetOut:
        """Return the AssetOut of an asset with the facts of a spec.

        Args:
            spec: The spec, without dependencies.
            dagflow_type: The type of the value; default: the type of the return annotation.
            is_required: Whether the function must produce the output.
            io_manager_key: The resource that stores the asset; default: that of the spec, else "io_manager".
            backfill_policy: The number of partitions in one run of a backfill.

        Raises:
            ParameterCheckError: An argument is of the wrong type.
            DagflowInvalidDefinitionError: The spec has dependencies.

        Example:
            >>> AssetOut.from_spec(AssetSpec("cups", kinds={"csv"})).kinds
            {'csv'}
        """
        check_type(spec, AssetSpec, "spec", "AssetOut.from_spec")
        if spec.deps:
            raise DagflowInvalidDefinitionError(
                f"AssetOut.from_spec got the spec of asset '{spec.key.to_user_string()}' with 'deps'. Remove "
                "them, and give the dependencies to the decorator."
            )
        out = AssetOut(
            key=spec.key,
            dagflow_type=dagflow_type,
            is_required=is_required,
            io_manager_key=io_manager_key,
            backfill_policy=backfill_policy,
        )
        out.facts = spec
        return out

    def key_for(self, output_name: str) -> AssetKey:
        """Return the key of the asset, which is the name of its output by default."""
        if self.key is not None:
            return self.key
        key = AssetKey(output_name)
        return key.with_prefix(self.key_prefix) if self.key_prefix else key

    def to_out(self) -> Out:
        """Return the output of the op that stores the asset.

        Example:
            >>> AssetOut(io_manager_key="cellar").to_out().io_manager_key
            'cellar'
        """
        return Out(
            self.dagflow_type,
            self.description,
            self.is_required,
            self.io_manager_key or self.facts.io_manager_key or DEFAULT_IO_MANAGER_KEY,
            self.metadata,
            self.code_version,
        )

    def to_spec(
        self,
        key: CoercibleToAssetKey,
        deps: Iterable[CoercibleToAssetDep],
        additional_tags: Mapping[str, str] | None = None,
        partitions_def: PartitionsDefinition | EllipsisType | None = ...,
    ) -> AssetSpec:
        """Return the spec of the asset.

        Args:
            key: Its key.
            deps: The assets that come before it.
            additional_tags: Further tags. Its own tags win.
            partitions_def: Its partitions; default: those of the spec of `from_spec`, or none.

        Raises:
            CheckError, DagflowInvalidDefinitionError: An argument is invalid, as in AssetSpec(...).

        Example:
            >>> AssetOut(tags={"roast": "dark"}).to_spec(AssetKey("cups"), ["beans"], {"size": "xl"}).tags
            {'size': 'xl', 'roast': 'dark'}
        """
        facts = self.facts
        kinds = facts.kinds
        if kinds:
            check_kinds(kinds, f"asset '{AssetKey.from_coercible(key).to_user_string()}'")
        return AssetSpec(
            key,
            deps=deps,
            description=facts.description,
            metadata=facts.metadata,
            skippable=facts.skippable,
            group_name=facts.group_name,
            code_version=facts.code_version,
            automation_condition=facts.automation_condition,
            owners=facts.owners,
            tags={**(additional_tags or {}), **facts.tags_without_kinds()},
            kinds=sorted(kinds),
            partitions_def=facts.partitions_def if partitions_def is ... else partitions_def,
            freshness_policy=facts.freshness_policy,
            is_virtual=facts.is_virtual,
            legacy_freshness_policy=facts.legacy_freshness_policy,
        )

    @property
    def description(self) -> str | None:
        """A sentence for people."""
        return self.facts.description

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Metadata by name."""
        return self.facts.metadata

    @property
    def group_name(self) -> str | None:
        """The group that the asset is shown in."""
        return self.facts.group_name

    @property
    def code_version(self) -> str | None:
        """The version of the code that makes the asset."""
        return self.facts.code_version

    @property
    def automation_condition(self) -> AutomationCondition | None:
        """The condition under which a deployment materializes the asset."""
        return self.facts.automation_condition

    @property
    def auto_materialize_policy(self) -> AutoMaterializePolicy | None:
        """The automation condition in its older form; None without a condition."""
        return self.facts.auto_materialize_policy

    @property
    def owners(self) -> list[str]:
        """The owners."""
        return self.facts.owners

    @property
    def tags(self) -> dict[str, str]:
        """Short strings by name."""
        return self.facts.tags

    @property
    def kinds(self) -> set[str]:
        """The technologies of the asset."""
        return self.facts.kinds

    @property
    def freshness_policy(self) -> FreshnessPolicy | None:
        """The age from which the asset counts as stale."""
        return self.facts.freshness_policy

    @property
    def legacy_freshness_policy(self) -> LegacyFreshnessPolicy | None:
        """The older form of `freshness_policy`."""
        return self.facts.legacy_freshness_policy

    @property
    def is_virtual(self) -> bool:
        """Whether the asset has no data of its own."""
        return self.facts.is_virtual

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AssetOut):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in AssetOut.__slots__)

    def __hash__(self) -> int:
        return hash((self.key, tuple(self.key_prefix or ())))

    def __repr__(self) -> str:
        return f"AssetOut({self.key!r})" if self.key is not None else "AssetOut()"


def keys_of_outs(outs: Mapping[str, AssetOut], place: str) -> dict[str, AssetKey]:
    """Return the key of the asset of each output, after a check of the argument `outs` of a decorator.

    Args:
        outs: The argument.
        place: The definition, for messages.

    Raises:
        CheckError: The argument is not a dict of AssetOuts.
        DagflowInvalidDefinitionError: A name is invalid, or two outputs have one key.
    """
    owners: dict[AssetKey, str] = {}
    for name, out in check_type(outs, Mapping, "outs", place).items():
        if not isinstance(out, AssetOut):
            raise CheckError(
                f"outs[{repr_of(name)}] of {place} is {repr_of(out)} of type '{type(out).__name__}', which "
                "is not an AssetOut. Write AssetOut(...)."
            )
        key = out.key_for(check_name(name, f"output of {place}"))
        if owners.setdefault(key, name) != name:
            raise DagflowInvalidDefinitionError(
                f"the outputs '{owners[key]}' and '{name}' of {place} have the same asset key "
                f"'{key.to_user_string()}'. Give one of them another key."
            )
    return {name: key for key, name in owners.items()}


class _FactsOfOut(AssetSpec):
    """The facts about an asset whose key is not known yet."""

    __slots__ = ()

    def _place(self) -> str:
        return f"an AssetOut of {super()._place()}" if self.key.parts else "an AssetOut"
