"""The public functions and classes whose arguments are drawn, each in a small program that uses it."""

from __future__ import annotations

from asset_doors import DOORS as ASSET_DOORS
from door import Door


def _decorator(callee: str, body: str, run: str, **base: str) -> Door:
    return Door(callee, f"@{{call}}\n{body}\n{run}", base, ("brew", "morning"))


OP_RUN = """
@dg.job
def morning():
    brew()

def run():
    return morning.execute_in_process()
"""
TAKES = "@dg.op\ndef drink(x: int = 1): return x\n\n"
ASSET = "@dg.asset\ndef brew(context): return 1\n\n"
RUN_ASSET = "def run():\n    return dg.materialize_to_memory([brew], resources={'r': 1})"
RUN_MORNING = "def run():\n    return morning.execute_in_process()"
RESOURCE_RUN = """
@dg.op(required_resource_keys={'brew'})
def drink(context):
    return context.resources.brew

@dg.job(resource_defs={'brew': brew})
def morning():
    drink()

def run():
    return morning.execute_in_process()
"""
HOOK_RUN = """
@dg.op
def drink():
    return 1

@dg.job(hooks={brew})
def morning():
    drink()

def run():
    return morning.execute_in_process()
"""
LOGGER_RUN = """
@dg.op
def drink():
    return 1

@dg.job(logger_defs={'brew': brew})
def morning():
    drink()

def run():
    return morning.execute_in_process({'loggers': {'brew': {}}})
"""
IN_OP = """
@dg.op(%s)
def brew(%s):
    %s

@dg.job
def morning():
    brew(%s)

def run():
    return morning.execute_in_process()
"""
EVENT = IN_OP % ("", "context", "context.log_event({call})", "")
YIELDED = IN_OP % ("", "context", "yield {call}\n    yield dg.Output(1)", "")
RAISED = IN_OP % ("", "context", "raise {call}", "")
PARTITIONED = (
    "DAYS = {call}\n@dg.asset(partitions_def=DAYS)\ndef brew(context): return context.partition_key\n\n"
    + (
        "def run():\n    keys = DAYS.get_partition_keys()\n    return dg.materialize_to_memory([brew], "
        "partition_key=keys[0] if keys else 'a')"
    )
)
MAPPED = (
    "DAYS = dg.StaticPartitionsDefinition(['a'])\n@dg.asset(partitions_def=DAYS)\ndef water(): return 1\n"
    "@dg.asset(partitions_def=DAYS, ins={'water': dg.AssetIn(partition_mapping={call})})\n"
    "def brew(water): return water\n\n"
    "def run():\n    return dg.materialize_to_memory([water, brew], partition_key='a')"
)
JOB = "@dg.op\ndef brew(context, x=1):\n    return x\n\n@dg.job\ndef morning():\n    brew()\n\n"
CONTEXT = "@dg.op(config_schema=dict)\ndef brew(context): return context.op_config\n\ndef run():\n    return brew({call})"
CONFIGURED = IN_OP % ("config_schema={'a': {call}}", "context", "return context.op_config", "")


def _given(value: str) -> str:
    config = f"{{'ops': {{'brew': {{'config': {{'a': {value}}}}}}}}}"
    return CONFIGURED.replace("execute_in_process()", f"execute_in_process({config})")


TYPED = "T = {call}\n" + IN_OP % ("ins={'x': dg.In(T)}, out=dg.Out(T)", "x=1", "return x", "")

LOADED = (IN_OP % ("ins={'x': dg.In(T)}", "x", "return x", "")).replace(
    "execute_in_process()", "execute_in_process({'ops': {'brew': {'inputs': {'x': 1}}}})"
)
METADATA = (
    ("int", "value", "1"), ("float", "value", "1.5"), ("text", "text", "'a'"), ("json", "data", "[1]"),
    ("md", "data", "'a'"), ("path", "path", "'a'"), ("url", "url", "'a'"), ("bool", "value", "True"),
    ("asset", "asset_key", "dg.AssetKey('a')"), ("timestamp", "value", "1.5"), ("python_artifact", "python_artifact", "int"),
    ("table", "records", "[dg.TableRecord({'a': 1})]"), ("table_schema", "schema", "dg.TableSchema([dg.TableColumn('a')])"),
    ("notebook", "path", "'a'"), ("dagflow_run", "run_id", "'a'"),
)  # fmt: skip

DOORS = (
    _decorator("dg.op", "def brew(context):\n    return 1", OP_RUN),
    _decorator("dg.op", "def brew(context, x=1):\n    yield dg.Output(x)", OP_RUN),
    _decorator("dg.asset", "def brew(context):\n    return 1", RUN_ASSET),
    _decorator("dg.asset", "def brew():\n    return dg.MaterializeResult(value=1)", RUN_ASSET),
    Door("dg.graph", TAKES + "@{call}\ndef brew():\n    drink()\n" + OP_RUN, {}, ("brew", "drink", "morning")),
    Door("dg.job", TAKES + "@{call}\ndef morning():\n    drink()\n\n" + RUN_MORNING, {}, ("morning", "drink")),
    _decorator("dg.resource", "def brew(context):\n    yield 1", RESOURCE_RUN),
    _decorator("dg.io_manager", "def brew(context):\n    return dg.InMemoryIOManager()", RESOURCE_RUN),
    _decorator("dg.input_manager", "def brew(context):\n    return 1", RESOURCE_RUN),
    _decorator("dg.success_hook", "def brew(context):\n    return 1", HOOK_RUN),
    _decorator("dg.failure_hook", "def brew(context):\n    return 1", HOOK_RUN),
    _decorator("dg.event_list_hook", "def brew(context, event_list):\n    return dg.HookExecutionResult('brew')", HOOK_RUN),
    _decorator("dg.logger", "def brew(context):\n    return logging.getLogger('x')", LOGGER_RUN),
    Door("dg.executor", "@{call}\ndef brew(context):\n    return dg.InProcessExecutor()\n\n" + HOOK_RUN.replace("hooks={brew}", "executor_def=brew"), {}, ("brew", "morning")),
    Door("dg.define_asset_job", ASSET + "def run():\n    return dg.Definitions([brew], jobs=[{call}]).get_job_def('morning').execute_in_process()", {"name": "'morning'"}, ("brew", "morning")),
    Door("dg.Definitions", ASSET + "def run():\n    return {call}.get_implicit_global_asset_job_def().execute_in_process()", {"assets": "[brew]"}, ("brew",)),
    Door("dg.Definitions", ASSET + JOB.replace("brew", "drink") + "def run():\n    return {call}.get_job_def('morning').execute_in_process()", {"assets": "[brew]", "jobs": "[morning]"}, ("brew", "morning", "drink")),
    Door("dg.with_resources", "@dg.asset(required_resource_keys={'r'})\ndef brew(context): return context.resources.r\n\ndef run():\n    return dg.materialize_to_memory({call})", {"definitions": "[brew]", "resource_defs": "{'r': 1}"}, ("brew",)),
    Door("dg.materialize_to_memory", ASSET + "def run():\n    return {call}", {"assets": "[brew]"}, ("brew",)),
    Door("dg.materialize", ASSET + "def run():\n    return {call}", {"assets": "[brew]", "resources": "{'io_manager': dg.mem_io_manager}"}, ("brew",)),
    Door("dg.JobDefinition.execute_in_process", JOB + "def run():\n    return {call}", {"_self": "morning"}, ("brew", "morning")),
    Door("dg.GraphDefinition.execute_in_process", JOB.replace("@dg.job", "@dg.graph") + "def run():\n    return {call}", {"_self": "morning"}, ("brew", "morning")),
    Door("dg.GraphDefinition.to_job", JOB.replace("@dg.job", "@dg.graph") + "def run():\n    return {call}.execute_in_process()", {"_self": "morning"}, ("brew", "morning")),
    Door("dg.validate_run_config", JOB + "def run():\n    return {call}", {"job_def": "morning"}, ("brew", "morning")),
    Door("dg.build_op_context", CONTEXT, {}, ("brew",)),
    Door("dg.build_op_context", CONTEXT.replace("return context.op_config", "return context.resources, context.run_tags, context.has_partition_key"), {}, ("brew",)),
    Door("dg.build_asset_context", ASSET + "def run():\n    return brew({call})", {}, ("brew",)),
    Door("dg.build_hook_context", "@dg.success_hook\ndef brew(context): return context.resources, context.log\n\ndef run():\n    return brew({call})", {}, ("brew",)),
    Door("dg.build_init_resource_context", "@dg.resource(config_schema=dict)\ndef brew(context): return context.resource_config, context.resources\n\ndef run():\n    return brew({call})", {}, ("brew",)),
    Door("dg.build_init_logger_context", "@dg.logger(config_schema=dict)\ndef brew(context): return logging.getLogger('x')\n\ndef run():\n    return brew({call})", {}, ("brew",)),
    Door("dg.build_input_context", "@dg.input_manager\ndef brew(context): return 1\n\ndef run():\n    context = {call}\n    return context.name, context.config, context.has_asset_key, context.resources", {"name": "'a'"}, ("brew",)),
    Door("dg.build_output_context", "def run():\n    return dg.InMemoryIOManager().handle_output({call}, 1)", {"name": "'a'", "step_key": "'a'", "run_id": "'a'"}),
    Door("dg.build_resources", "def run():\n    with {call} as found:\n        return found", {"resources": "{'r': 1}"}),
    Door("dg.check_dagflow_type", base={"dagflow_type": "int", "value": "1"}),
    Door("dg.In", IN_OP % ("ins={'x': {call}}", "x=1", "return x", ""), {}, ("brew", "morning")),
    Door("dg.Out", IN_OP % ("out={call}", "", "return 1", ""), {}, ("brew", "morning")),
    Door("dg.DynamicOut", IN_OP % ("out={call}", "", "yield dg.DynamicOutput(1, 'a')", ""), {}, ("brew", "morning")),
    Door("dg.GraphIn", TAKES + "@dg.graph(ins={'x': {call}})\ndef brew(x):\n    drink(x)\n\ndef run():\n    return brew.execute_in_process(input_values={'x': 1})", {}, ("brew",)),
    Door("dg.GraphOut", TAKES + "@dg.graph(out={call})\ndef brew():\n    return drink()\n\ndef run():\n    return brew.execute_in_process()", {}, ("brew",)),
    Door("dg.AssetIn", "@dg.asset\ndef water(): return 1\n@dg.asset(ins={'water': {call}})\ndef brew(water): return water\n\ndef run():\n    return dg.materialize_to_memory([water, brew])", {}, ("brew", "water")),
    Door("dg.AssetDep", "@dg.asset\ndef water(): return 1\n@dg.asset(deps=[{call}])\ndef brew(): return 1\n\ndef run():\n    return dg.materialize_to_memory([water, brew])", {"asset": "water"}, ("brew", "water")),
    Door("dg.AssetSpec", "@dg.asset(deps=[{call}])\ndef brew(): return 1\n\n" + RUN_ASSET, {"key": "'water'"}, ("brew", "water")),
    Door("dg.SourceAsset", "water = {call}\n@dg.asset(deps=[water])\ndef brew(): return 1\n\ndef run():\n    return dg.materialize_to_memory([brew, water])", {"key": "'water'"}, ("brew", "water")),
    Door("dg.AssetKey", base={"path": "'a'"}),
    Door("dg.Output", IN_OP % ("", "", "yield {call}", ""), {"value": "1"}, ("brew",)),
    Door("dg.Output", IN_OP % ("", "", "return {call}", ""), {"value": "1"}, ("brew",)),
    Door("dg.DynamicOutput", IN_OP % ("out=dg.DynamicOut()", "", "yield {call}", ""), {"value": "1", "mapping_key": "'a'"}, ("brew",)),
    Door("dg.AssetMaterialization", EVENT, {"asset_key": "'a'"}, ("brew",)),
    Door("dg.AssetMaterialization", YIELDED, {"asset_key": "'a'"}, ("brew",)),
    Door("dg.AssetObservation", EVENT, {"asset_key": "'a'"}, ("brew",)),
    Door("dg.ExpectationResult", YIELDED, {"success": "True"}, ("brew",)),
    Door("dg.AssetCheckEvaluation", YIELDED, {"asset_key": "dg.AssetKey('a')", "check_name": "'a'", "passed": "True"}, ("brew",)),
    Door("dg.AssetCheckResult", base={"passed": "True"}),
    Door("dg.Failure", RAISED, {}, ("brew",)),
    Door("dg.RetryRequested", RAISED, {"max_retries": "0"}, ("brew",)),
    Door("dg.RetryPolicy", IN_OP % ("retry_policy={call}", "", "oops()", ""), {"max_retries": "0"}, ("brew",)),
    Door("dg.MaterializeResult", "@dg.asset\ndef brew(): return {call}\n\n" + RUN_ASSET, {}, ("brew",)),
    Door("dg.DataVersion", base={"value": "'a'"}),
    Door("dg.TypeCheck", "T = dg.DagflowType(lambda _, value: {call}, name='T')\n" + IN_OP % ("out=dg.Out(T)", "", "return 1", ""), {"success": "True"}, ("brew",)),
    Door("dg.DagflowType", TYPED, {"type_check_fn": "lambda _, value: True", "name": "'T'"}, ("brew", "T")),
    Door("dg.PythonObjectDagflowType", TYPED, {"python_type": "int"}, ("brew",)),
    Door("dg.usable_as_dagflow_type", "@{call}\nclass T: pass\n" + IN_OP % ("out=dg.Out(T)", "", "return T()", ""), {}, ("brew", "T")),
    Door("dg.dagflow_type_loader", "@{call}\ndef load(context, config): return 1\nT = dg.DagflowType(lambda _, value: True, name='T', loader=load)\n" + LOADED, {"config_schema": "int"}, ("brew", "T", "load")),
    Door("dg.Field", _given("1"), {"config": "int"}, ("brew", "Error defining config")),
    Door("dg.Noneable", _given("1"), {"inner_type": "int"}, ("brew", "Error defining config")),
    Door("dg.Shape", _given("{'b': 1}"), {"fields": "{'b': int}"}, ("brew", "Error defining config")),
    Door("dg.Permissive", _given("{'b': 1}"), {"fields": "{'b': int}"}, ("brew", "Error defining config")),
    Door("dg.Selector", _given("{'b': 1}"), {"fields": "{'b': int}"}, ("brew", "Error defining config")),
    Door("dg.Map", _given("{'b': 1}"), {"key_type": "str", "inner_type": "int"}, ("brew", "Error defining config")),
    Door("dg.Array", _given("[1]"), {"inner_type": "int"}, ("brew", "Error defining config")),
    Door("dg.ScalarUnion", _given("1"), {"scalar_type": "int", "non_scalar_schema": "{'b': int}"}, ("brew", "Error defining config")),
    Door("dg.Enum", _given("'b'"), {"name": "'E'", "enum_values": "[dg.EnumValue('b')]"}, ("brew", "'E'")),
    Door("dg.EnumValue", _given("'b'").replace("{call}", "dg.Enum('E', [{call}])"), {"config_value": "'b'"}, ("brew", "'E'", "Error defining config")),
    Door("dg.StaticPartitionsDefinition", PARTITIONED, {"partition_keys": "['a']"}, ("brew",)),
    Door("dg.MultiPartitionsDefinition", PARTITIONED, {"partitions_defs": "{'x': dg.StaticPartitionsDefinition(['a']), 'y': dg.StaticPartitionsDefinition(['b'])}"}, ("brew",)),
    Door("dg.DynamicPartitionsDefinition", PARTITIONED, {"partition_fn": "lambda _: ['a']"}, ("brew", "days")),
    *(Door(f"dg.{name}PartitionsDefinition", PARTITIONED, {"start_date": "'2024-01-01'", "end_date": "'2024-03-03'", "fmt": "'%Y-%m-%d'"}, ("brew",)) for name in ("Daily", "Weekly", "Monthly")),
    Door("dg.HourlyPartitionsDefinition", PARTITIONED, {"start_date": "'2024-01-01-00:00'", "end_date": "'2024-01-02-00:00'"}, ("brew",)),
    Door("dg.TimeWindowPartitionsDefinition", PARTITIONED, {"start": "'2024-01-01'", "end": "'2024-03-03'", "fmt": "'%Y-%m-%d'", "cron_schedule": "'0 0 * * *'"}, ("brew",)),
    Door("dg.MultiPartitionKey", base={"keys_by_dimension": "{'a': 'b'}"}),
    Door("dg.PartitionKeyRange", base={"start": "'a'", "end": "'b'"}),
    Door("dg.TimeWindowPartitionMapping", MAPPED.replace("dg.StaticPartitionsDefinition(['a'])", "dg.DailyPartitionsDefinition('2024-01-01', end_date='2024-02-01')").replace("='a'", "='2024-01-05'"), {}, ("brew", "water")),
    Door("dg.SpecificPartitionsPartitionMapping", MAPPED, {"partition_keys": "['a']"}, ("brew", "water")),
    Door("dg.StaticPartitionMapping", MAPPED, {"downstream_partition_keys_by_upstream_partition_key": "{'a': 'a'}"}, ("brew", "water")),
    Door("dg.static_partitioned_config", "@{call}\ndef conf(key): return {}\n" + JOB.replace("@dg.job", "@dg.job(config=conf)") + "def run():\n    return morning.execute_in_process(partition_key='a')", {"partition_keys": "['a']"}, ("conf", "morning", "PartitionedConfig")),
    Door("dg.RunConfig", JOB + "def run():\n    return morning.execute_in_process({call})", {}, ("brew", "morning")),
    Door("dg.RunRequest"),
    Door("dg.RunsFilter", "def run():\n    return dg.DagflowInstance.ephemeral().get_runs({call})"),
    Door("dg.serialize_value", base={"val": "1"}, names=("JSON",)),
    Door("dg.deserialize_value", base={"val": "'1'"}),
    Door("dg.ResourceDefinition", "brew = {call}\n" + RESOURCE_RUN, {"resource_fn": "lambda _: 1"}, ("brew",)),
    Door("dg.IOManagerDefinition.hardcoded_io_manager", "brew = {call}\n" + RESOURCE_RUN, {"value": "dg.InMemoryIOManager()"}, ("brew",)),
    Door("dg.ResourceDefinition.hardcoded_resource", "brew = {call}\n" + RESOURCE_RUN, {"value": "1"}, ("brew",)),
    Door("dg.TableColumn", base={"name": "'a'"}),
    Door("dg.TableSchema", base={"columns": "[dg.TableColumn('a')]"}),
    Door("dg.TableRecord", base={"data": "{'a': 1}"}),
    *(Door(f"dg.MetadataValue.{name}", base={parameter: value}) for name, parameter, value in METADATA),
    Door("dg.MetadataValue.job", base={"job_name": "'a'", "location_name": "'b'"}),
    Door("dg.AssetKey.from_user_string", base={"asset_key_string": "'a'"}),
    *ASSET_DOORS,
)  # fmt: skip
CALLS = [(door, parameter) for door in DOORS for parameter in door.parameters()]
