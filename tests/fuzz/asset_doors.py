"""The public functions and classes of several assets, graphs of ops, selections, projects and automation."""

from __future__ import annotations

from door import Door

RUN = "def run():\n    return dg.materialize_to_memory([water, kettle], resources={'r': 1})"
NAMES = (
    "kettle", "water", "cup", "pot",
    # the message names the value that is not found, or the argument
    "was selected", "Could not find", "no value of asset", "valid name for a", "'assets'", "monitored_jobs", "group_strs",
    "the signature of", "observable source asset '", "an AssetsDefinition", "the observation of assets", "AssetSelection.", "AssetKey.", "SkipReason",
)  # fmt: skip
OPS = "@dg.op\ndef boil(context): return 1\n@dg.op\ndef cool(x: int): return x\n"
WATER = "@dg.asset\ndef water(): return 1\n"
OUTS = WATER + "@{call}\ndef kettle(context, water):\n    return 1, 2\n\n" + RUN
SPECS = (
    WATER
    + "@{call}\ndef kettle(context):\n    for key in ('cup', 'pot'): yield dg.MaterializeResult(key)\n\n"
    + RUN
)
GRAPH = OPS + WATER + "@{call}\ndef kettle(water):\n    return cool(cool(water))\n\n" + RUN
GRAPHS = (
    OPS
    + WATER
    + "@{call}\ndef kettle(water):\n    return {'cup': cool(water), 'pot': cool(boil())}\n\n"
    + RUN
)
TWO = (
    WATER + "@dg.multi_asset(outs={'cup': dg.AssetOut(is_required=False), 'pot': dg.AssetOut(is_required=False)}, can_subset=True)\n"
    "def kettle(context, water):\n    for key in context.selected_asset_keys:\n"
    "        yield dg.Output(1, key.path[-1])\n\n"
)  # fmt: skip
OUT = (
    WATER
    + "@dg.multi_asset(outs={'cup': {call}, 'pot': dg.AssetOut()})\ndef kettle(water):\n    return 1, 2\n\n"
    + RUN
)
CHECK = WATER + "@{call}\ndef kettle(context, water):\n    return dg.AssetCheckResult(passed=True)\n\n" + RUN
CHECKS = (
    WATER + "@{call}\ndef kettle(context):\n"
    "    return dg.AssetCheckResult(passed=True, asset_key='water', check_name='hot')\n\n" + RUN
)
BOILED = (
    OPS + "@dg.graph\ndef steep(water):\n    return cool(water)\n\n" + WATER + "kettle = {call}\n\n" + RUN
)
CHOSEN = (
    TWO.replace("context, water", "context").replace("asset(outs", "asset(deps=['water'], outs")
    + "def run():\n    return dg.materialize_to_memory([water, kettle], selection={call})"
)
TICK = WATER + "JOB = dg.define_asset_job('morning', [water])\n"
SCHEDULE = (
    TICK + "%s\ndef run():\n    return kettle.evaluate_tick(dg.build_schedule_context(resources={'r': 1}))"
)
SENSOR = TICK + "%s\ndef run():\n    return kettle.evaluate_tick(dg.build_sensor_context(resources={'r': 1}))"
MULTI_SENSOR = SENSOR.replace(
    "build_sensor_context(", "build_multi_asset_sensor_context(monitored_assets=[dg.AssetKey('water')], "
).replace("resources={'r': 1}", "instance=dg.DagflowInstance.ephemeral(), repository_def=dg.Definitions([water]).get_repository_def(), resources={'r': 1}")  # fmt: skip
SELECTIONS = {
    "all": {}, "all_asset_checks": {}, "assets": {}, "keys": {}, "checks": {}, "key_prefixes": {},
    "groups": {}, "tag": {"key": "'a'", "value": "'b'"}, "kind": {"kind": "'a'"}, "owner": {"owner": "'a@b.c'"},
    "key_substring": {"key_substring": "'a'"}, "tag_string": {"string": "'a'"}, "from_string": {"string": "'cup'"},
    "from_coercible": {"selection": "['cup']"}, "checks_for_assets": {},
}  # fmt: skip
WALKS = ("downstream", "upstream", "required_multi_asset_neighbors", "roots", "sinks", "materializable")

DOORS = (
    Door("dg.multi_asset", OUTS, {"outs": "{'cup': dg.AssetOut(), 'pot': dg.AssetOut()}"}, NAMES),
    Door("dg.multi_asset", SPECS, {"specs": "[dg.AssetSpec('cup', deps=['water']), dg.AssetSpec('pot')]"}, NAMES),
    Door("dg.graph_asset", GRAPH, {}, NAMES),
    Door("dg.graph_multi_asset", GRAPHS, {"outs": "{'cup': dg.AssetOut(), 'pot': dg.AssetOut()}"}, NAMES),
    Door("dg.AssetOut", OUT, {}, NAMES),
    Door("dg.AssetsDefinition", BOILED, {"specs": "[dg.AssetSpec('cup')]"}, NAMES),
    Door("dg.AssetsDefinition", BOILED, {"node_def": "cool", "keys_by_input_name": "{'x': dg.AssetKey('water')}", "keys_by_output_name": "{'result': dg.AssetKey('cup')}"}, (*NAMES, "cool")),
    Door("dg.AssetsDefinition.from_graph", BOILED, {"graph_def": "steep"}, (*NAMES, "steep", "cool")),
    Door("dg.AssetsDefinition.from_op", BOILED, {"op_def": "cool", "keys_by_input_name": "{'x': dg.AssetKey('water')}"}, (*NAMES, "cool")),
    Door("dg.AssetsDefinition.with_attributes", TWO.replace("def kettle", "def kettle_") + "kettle = {call}\n\n" + RUN, {"_self": "kettle_"}, (*NAMES, "kettle_")),
    Door("dg.AssetsDefinition.with_resources", TWO.replace("def kettle", "def kettle_") + "kettle = {call}\n\n" + RUN, {"_self": "kettle_", "resource_defs": "{'q': dg.ResourceDefinition.hardcoded_resource(1)}"}, NAMES),
    Door("dg.map_asset_specs", TWO + "def run():\n    return dg.materialize_to_memory([*{call}])", {"func": "lambda spec: spec", "iterable": "[water, kettle]"}, NAMES),
    Door("dg.AssetSpec.replace_attributes", WATER + "kettle = {call}\n\n" + RUN, {"_self": "dg.AssetSpec('cup')"}, NAMES),
    Door("dg.AssetSpec.merge_attributes", WATER + "kettle = {call}\n\n" + RUN, {"_self": "dg.AssetSpec('cup')"}, NAMES),
    Door("dg.asset_check", CHECK, {"asset": "'water'"}, NAMES),
    Door("dg.multi_asset_check", CHECKS, {"specs": "[dg.AssetCheckSpec('hot', asset='water')]"}, (*NAMES, "hot")),
    Door("dg.AssetCheckSpec", CHECKS.replace("{call}", "dg.multi_asset_check(specs=[{call}])"), {"name": "'hot'", "asset": "'water'"}, (*NAMES, "hot")),
    Door("dg.observable_source_asset", WATER + "@{call}\ndef kettle(context):\n    return dg.DataVersion('1')\n\ndef run():\n    return dg.observe([kettle], resources={'r': 1})", {}, NAMES),
    Door("dg.multi_observable_source_asset", WATER + "@{call}\ndef kettle(context):\n    yield dg.ObserveResult('cup')\n\ndef run():\n    return dg.observe([kettle], resources={'r': 1})", {"specs": "[dg.AssetSpec('cup')]"}, NAMES),
    Door("dg.ObserveResult", WATER + "@dg.multi_observable_source_asset(specs=[dg.AssetSpec('cup')])\ndef kettle(context):\n    yield {call}\n\ndef run():\n    return dg.observe([kettle])", {}, NAMES),
    Door("dg.observe", "@dg.observable_source_asset\ndef water(context):\n    return dg.DataVersion('1')\n\ndef run():\n    return {call}", {"assets": "[water]"}, NAMES),
    *(Door(f"dg.AssetSelection.{name}", CHOSEN, base, (*NAMES, "AssetSelection", "selection")) for name, base in SELECTIONS.items()),
    *(Door(f"dg.AssetSelection.{name}", CHOSEN, {"_self": "dg.AssetSelection.all()"}, (*NAMES, "AssetSelection", "selection")) for name in WALKS),
    Door("dg.AssetSelection.resolve", TWO + "def run():\n    return {call}", {"_self": "dg.AssetSelection.all()", "all_assets": "[water, kettle]"}, (*NAMES, "AssetSelection")),
    Door("dg.materialize_to_memory", TWO + "def run():\n    return {call}", {"assets": "[water, kettle]"}, NAMES),
    Door("dg.define_asset_job", TWO + "def run():\n    return dg.Definitions([water, kettle], jobs=[{call}]).get_job_def('morning').execute_in_process()", {"name": "'morning'"}, (*NAMES, "morning")),
    Door("dg.JobDefinition.execute_in_process", TWO + "JOB = dg.Definitions([water, kettle]).get_implicit_global_asset_job_def()\ndef run():\n    return {call}", {"_self": "JOB"}, (*NAMES, "job of all assets")),
    Door("dg.JobDefinition.get_subset", TWO + "JOB = dg.Definitions([water, kettle]).get_implicit_global_asset_job_def()\ndef run():\n    return {call}.execute_in_process()", {"_self": "JOB"}, (*NAMES, "job of all assets")),
    Door("dg.Definitions", TWO + "def run():\n    return {call}.get_implicit_global_asset_job_def().execute_in_process()", {"assets": "[water, kettle]"}, (*NAMES, "Definitions")),
    Door("dg.Definitions.merge", TWO + "def run():\n    return dg.Definitions.merge(dg.Definitions([water, kettle]), {call}).get_implicit_global_asset_job_def().execute_in_process()", {}, (*NAMES, "Definitions")),
    Door("dg.Definitions.map_asset_specs", TWO + "def run():\n    return {call}.get_implicit_global_asset_job_def().execute_in_process()", {"_self": "dg.Definitions([water, kettle])", "func": "lambda spec: spec"}, (*NAMES, "Definitions")),
    Door("dg.Definitions.map_resolved_asset_specs", TWO + "def run():\n    return {call}.get_implicit_global_asset_job_def().execute_in_process()", {"_self": "dg.Definitions([water, kettle])", "func": "lambda spec: spec"}, (*NAMES, "Definitions")),
    Door("dg.Definitions.get_job_def", TWO + "def run():\n    return {call}.execute_in_process()", {"_self": "dg.Definitions([water, kettle], jobs=[dg.define_asset_job('kettle')])", "name": "'kettle'"}, (*NAMES, "Definitions")),
    Door("dg.Definitions.get_assets_def", TWO + "def run():\n    return {call}", {"_self": "dg.Definitions([water, kettle])", "key": "'cup'"}, (*NAMES, "Definitions")),
    Door("dg.Definitions.load_asset_value", TWO + "class Shelf(dg.IOManager):\n    def handle_output(self, context, obj): pass\n    def load_input(self, context): return 1\nDEFS = dg.Definitions([water, kettle], resources={'io_manager': Shelf()})\ndef run():\n    return {call}", {"_self": "DEFS", "asset_key": "'cup'"}, (*NAMES, "Definitions")),
    Door("dg.repository", TWO + "@{call}\ndef kitchen():\n    return [water, kettle]\n\ndef run():\n    return kitchen.get_job('__ASSET_JOB').execute_in_process()", {}, (*NAMES, "kitchen", "repository")),
    Door("dg.create_repository_using_definitions_args", TWO + "def run():\n    return {call}.get_job('__ASSET_JOB').execute_in_process()", {"name": "'kitchen'", "assets": "[water, kettle]"}, (*NAMES, "kitchen", "repository")),
    Door("dg.load_assets_from_modules", TWO + "MODULE = SimpleNamespace(water=water, kettle=kettle)\ndef run():\n    return dg.materialize_to_memory({call})", {"modules": "[sys.modules['program']]"}, (*NAMES, "load_assets_from_modules")),
    Door("dg.schedule", SCHEDULE % "@{call}\ndef kettle(context):\n    return dg.RunRequest()", {"cron_schedule": "'0 0 * * *'", "job": "JOB"}, (*NAMES, "morning")),
    Door("dg.ScheduleDefinition", SCHEDULE % "kettle = {call}", {"name": "'kettle'", "cron_schedule": "'0 0 * * *'", "job": "JOB"}, (*NAMES, "morning")),
    Door("dg.build_schedule_from_partitioned_job", SCHEDULE.replace("@dg.asset", "@dg.asset(partitions_def=dg.DailyPartitionsDefinition('2024-01-01'))") % "kettle = {call}\nkettle = dg.Definitions([water], schedules=[kettle]).get_schedule_def(kettle.name)", {"job": "JOB"}, (*NAMES, "morning")),
    Door("dg.sensor", SENSOR % "@{call}\ndef kettle(context):\n    yield dg.RunRequest()", {"job": "JOB"}, (*NAMES, "morning")),
    Door("dg.SensorDefinition", SENSOR % "kettle = {call}", {"name": "'kettle'", "evaluation_fn": "lambda context: dg.SkipReason('a')", "job": "JOB"}, (*NAMES, "morning")),
    Door("dg.asset_sensor", SENSOR.replace("(resources", "(instance=dg.DagflowInstance.ephemeral(), resources") % "@{call}\ndef kettle(context, event):\n    return dg.RunRequest()", {"asset_key": "dg.AssetKey('water')", "job": "JOB"}, (*NAMES, "morning")),
    Door("dg.multi_asset_sensor", MULTI_SENSOR % "@{call}\ndef kettle(context):\n    context.advance_all_cursors()\n    return dg.RunRequest()", {"monitored_assets": "[dg.AssetKey('water')]", "job": "JOB"}, (*NAMES, "morning")),
    Door("dg.run_status_sensor", TICK + "@{call}\ndef kettle(context):\n    return dg.RunRequest()\ndef run():\n    return kettle", {"run_status": "dg.DagflowRunStatus.SUCCESS"}, NAMES),
    Door("dg.run_failure_sensor", TICK + "@{call}\ndef kettle(context):\n    return dg.RunRequest()\ndef run():\n    return kettle", {}, NAMES),
    Door("dg.build_schedule_context", "@dg.schedule(cron_schedule='@daily', job_name='a')\ndef kettle(context):\n    return dg.RunRequest()\ndef run():\n    return kettle({call})", {}, (*NAMES, "context")),
    Door("dg.build_sensor_context", "@dg.sensor(job_name='a')\ndef kettle(context):\n    return dg.RunRequest()\ndef run():\n    return kettle({call})", {}, (*NAMES, "context")),
    Door("dg.SensorResult", SENSOR % "@dg.sensor(job=JOB)\ndef kettle(context):\n    return {call}", {}, (*NAMES, "morning", "SensorResult")),
    Door("dg.SkipReason", SENSOR % "@dg.sensor(job=JOB)\ndef kettle(context):\n    return {call}", {}, NAMES),
    Door("dg.RunRequest", SENSOR % "@dg.sensor(job=JOB)\ndef kettle(context):\n    return {call}", {}, (*NAMES, "morning", "RunRequest")),
    Door("dg.RunRequest", SCHEDULE % "@dg.schedule(job=JOB, cron_schedule='@daily')\ndef kettle(context):\n    return {call}", {}, (*NAMES, "morning", "RunRequest")),
    Door("dg.ReexecutionOptions", base={"parent_run_id": "'a'"}),
    Door("dg.BackfillPolicy.multi_run"),
    Door("dg.FreshnessPolicy.time_window", base={"fail_window": "datetime.timedelta(1)"}),
    Door("dg.FreshnessPolicy.cron", base={"deadline_cron": "'0 0 * * *'", "lower_bound_delta": "datetime.timedelta(hours=1)"}),
    Door("dg.AutomationCondition.on_cron", "CONDITION = {call}\n" + WATER.replace("asset", "asset(automation_condition=CONDITION)") + "kettle = dg.AssetSpec('kettle')\n" + RUN, {"cron_schedule": "'0 0 * * *'"}, (*NAMES, "AutomationCondition")),
    Door("dg.AutomationCondition.replace", base={"_self": "dg.AutomationCondition.eager()", "old": "'a'", "new": "dg.AutomationCondition.eager()"}),
    Door("dg.build_asset_check_context", WATER + "@dg.asset_check(asset=water)\ndef kettle(context): return dg.AssetCheckResult(passed=True)\n\ndef run():\n    return kettle({call})", {}, NAMES),
    Door("dg.build_asset_context", TWO + "def run():\n    return list(kettle({call}, 1))", {}, NAMES),
)  # fmt: skip
