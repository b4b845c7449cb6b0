"""The arguments of public functions that Dagster warns of. dagflow accepts them; here they get their warning.

An argument of which dagflow itself warns has no row.
"""

from __future__ import annotations

from typing import Any

from dagflow.compat.marks import deprecated, deprecated_param

_POLICY = ("auto_materialize_policy", "1.10.0", "Use `automation_condition` instead.")
_FRESHNESS = ("legacy_freshness_policy", "1.12.0", "Use freshness checks instead.")
_KIND = ("compute_kind", "1.10.0", "Use `kinds` instead.")
_DEPS = ("non_argument_deps", "2.0.0", "Use `deps` instead.")
_METADATA = ("metadata", "2.0", "Use `definition_metadata` instead.")
_TAGS = ("tags_for_partition_fn", "2.0", "Use `tags_for_partition_key_fn` instead.")

# function -> its arguments, each with the version without it and a sentence about the remedy
ARGUMENTS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "asset": (_KIND, _FRESHNESS, _POLICY, _DEPS),
    "build_input_context": (_METADATA,),
    "build_output_context": (_METADATA,),
    "define_asset_job": (("partitions_def", "2.0.0", "The selected assets have the partitions."),),
    "dynamic_partitioned_config": (_TAGS,),
    "graph_asset": (_POLICY, _FRESHNESS),
    "multi_asset": (_KIND, _DEPS),
    "op": (("version", "2.0", "Use `code_version` instead."),),
    "static_partitioned_config": (_TAGS,),
}

# class -> the version without it and a sentence about the remedy
CLASSES = {"MetadataEntry": ("2.0", "Use a dict with `MetadataValue` values instead.")}


def with_deprecations(name: str, function: Any) -> Any:
    """Return a public function or class that warns of its deprecated arguments, or of itself.

    Another value is returned unchanged.

    Args:
        name: Its name in dagflow.
        function: The object of this name.
    """
    if name in CLASSES:
        version, remedy = CLASSES[name]
        function = deprecated(breaking_version=version, additional_warn_text=remedy)(function)
    for param, version, remedy in ARGUMENTS.get(name, ()):
        mark = deprecated_param(param=param, breaking_version=version, additional_warn_text=remedy)
        function = mark(function)
    return function
