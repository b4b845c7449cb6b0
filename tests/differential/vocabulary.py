"""The elements that descriptions are drawn from: features, names, types, config schemas, partitions.

Every string is source code, except for features and names.
"""

from __future__ import annotations

FEATURES = [
    "several outputs",
    "types",
    "generators",
    "graphs",
    "aliases",
    "fan-in",
    "nothing",
    "optional",
    "defaults",
    "dynamic",
    "retries",
    "failures",
    "reports",
    "resources",
    "priorities",
    "selection",
    "inputs",
    "hooks",
    "config",
    "partitions",
]
ASSET_FEATURES = [
    "deps",
    "prefixes",
    "partitions",
    "manners",
    "optional",
    "retries",
    "failures",
    "types",
    "selection",
]
NAMES = ["a", "b", "c", "d", "e", "f", "g", "h", "Z", "z9", "z10", "a_b"]
MANNERS = ["return", "Output", "yield", "MaterializeResult", "None", "nothing", "no yield"]
TYPES = (
    "int",
    "str",
    "float",
    "bool",
    "list",
    "dict",
    "typing.List[int]",
    "typing.Dict[str, int]",
    "typing.Optional[int]",
    "typing.Tuple[int, str]",
    "typing.Set[str]",
)
DEFAULTS = {
    None: "'default'",
    "int": "3",
    "str": "'s'",
    "float": "0.5",
    "bool": "True",
    "list": "[]",
    "dict": "{}",
}
ERRORS = (
    "ValueError('x')",
    "dg.Failure('x')",
    "dg.Failure('x', allow_retries=False)",
    "dg.RetryRequested(max_retries=2)",
    "dg.RetryRequested(max_retries=0)",
    "dg.RetryRequested(max_retries=1, seconds_to_wait=0)",
    "dg.DagflowInvariantViolationError('x')",
)
REPORTS = (
    "dg.AssetMaterialization('shop')",
    "dg.AssetObservation('shop')",
    "dg.ExpectationResult(success=False)",
)


SCHEMAS = {  # a schema, and values; the first ones are valid
    "{'n': dg.Field(int, default_value=3), 's': dg.Field(str, is_required=False)}": (
        "{}",
        "{'n': 1}",
        "{'s': 'x', 'n': 2}",
        "{'n': 'x'}",
        "{'z': 1}",
    ),
    "int": ("1", "True", "'x'", "None"),
    "dg.Field(str, default_value='x')": ("'y'", "1"),
    "{'deep': {'xs': [int], 'e': dg.Field(dg.Noneable(str), default_value=None)}}": (
        "{'deep': {'xs': [1, 2]}}",
        "{'deep': {'xs': [], 'e': 'x'}}",
        "{'deep': {}}",
        "{'deep': {'xs': ['a']}}",
    ),
    "dg.Permissive({'a': int})": ("{'a': 1, 'b': 'x'}", "{'b': 1}"),
    "dg.Selector({'a': int, 'b': dg.Field(str, default_value='x')})": (
        "{'a': 1}",
        "{'b': {}}",
        "{'a': 1, 'b': 'x'}",
        "{}",
    ),
    "dg.Enum('E', [dg.EnumValue('x'), dg.EnumValue('y')])": ("'x'", "'z'"),
    "{'m': dg.Map(str, int)}": ("{'m': {'k': 1}}", "{'m': {'k': 'x'}}"),
    "dg.Any": ("[1]", "None"),
}
PARTITIONS = {
    "dg.StaticPartitionsDefinition(['x', 'y'])": ("'x'", "'y'", "'nope'"),
    "dg.DailyPartitionsDefinition(start_date='2024-01-01', end_date='2024-01-05')": (
        "'2024-01-01'",
        "'2024-01-04'",
        "'2024-01-05'",
    ),
}
PARTITIONED_CONFIG = {
    "dg.static_partitioned_config(['x', 'y'])": PARTITIONS["dg.StaticPartitionsDefinition(['x', 'y'])"],
    "dg.daily_partitioned_config(start_date='2024-01-01')": (
        "'2024-01-02'",
        "'2024-01-05'",
    ),
}
