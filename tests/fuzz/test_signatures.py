"""Tests of functions: a function of any kind and signature is given to any decorator, and used in any way."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from law import Program, check, examples
from signatures import INPUTS, Function, functions, local_classes

A_CONFIG = "config_schema={'a': dg.Field(int, default_value=1)}"
OPS = (
    "dg.op(name='brew')",
    "dg.op",
    "dg.op(name='brew', out=dg.Out(int))",
    "dg.op(name='brew', out={'a': dg.Out(), 'b': dg.Out(is_required=False)})",
    f"dg.op(name='brew', required_resource_keys={{'pot'}}, {A_CONFIG})",
    "dg.op(name='brew', ins={'x': dg.In(int)})",
    "dg.op(name='brew', ins={'x': dg.In(dg.Nothing)})",
)
ASSETS = (
    "dg.asset(name='brew')",
    "dg.asset",
    "dg.asset(name='brew', required_resource_keys={'pot'})",
    "dg.asset(name='brew', deps=['x'])",
    "dg.asset(name='brew', dagflow_type=int)",
)
# <inputs>: the names; <passed>: x=x; <keywords>: x=1; <values>: 1; <given>: 'x': 1; <upstream>: an asset for each name
OP_USES = (
    "@dg.graph\ndef morning(<inputs>): brew(<passed>)\n"
    "def run(): return morning.execute_in_process(input_values={<given>}, resources={'pot': 1})",
    "@dg.job(resource_defs={'pot': Pot()})\ndef morning(): brew()\ndef run(): return morning.execute_in_process()",
    "def run(): return used(brew(dg.build_op_context(resources={'pot': 1}), <keywords>))",
    "def run(): return used(brew(<keywords>))",
    "def run(): return used(brew(<values>))",
    "def run(): return used(brew(None, <values>))",
)
ASSET_USES = (
    "<upstream>\ndef run(): return dg.materialize_to_memory([brew, <inputs>], resources={'pot': Pot()})",
    "<upstream>\ndef run():\n    defs = dg.Definitions([brew, <inputs>], resources={'pot': Pot()})\n"
    "    return defs.get_implicit_global_asset_job_def().execute_in_process()",
    "def run(): return used(brew(dg.build_asset_context(resources={'pot': 1}), <keywords>))",
    "def run(): return used(brew(<keywords>))",
)
READ = """
@dg.op(required_resource_keys={'brew'})
def drink(context): return context.resources.brew
@dg.job(resource_defs={'brew': brew})
def morning(): drink()
def run(): return morning.execute_in_process()
"""
STORED = READ.replace("required_resource_keys={'brew'}", "out=dg.Out(io_manager_key='brew')").replace(
    "return context.resources.brew", "return 1"
)


def _in_job(arguments: str, config: str = "") -> str:
    return (
        f"@dg.op({A_CONFIG})\ndef drink(context): return 1\n@dg.job({arguments})\ndef morning(): drink()\n"
        f"def run(): return morning.execute_in_process({config})"
    )


CONTEXTS = "def run(): return used(brew(dg.build_{}_context()))"
OTHERS = (
    ("dg.resource", READ),
    (f"dg.resource({A_CONFIG})", READ),
    ("dg.ResourceDefinition", READ),
    ("dg.resource", CONTEXTS.format("init_resource")),
    ("dg.resource", "def run(): return used(brew())"),
    ("dg.resource", "def run():\n    with dg.build_resources({'brew': brew}) as found: return found.brew"),
    ("dg.io_manager", STORED),
    ("dg.success_hook(name='brew')", _in_job("hooks={brew}")),
    ("dg.success_hook", _in_job("hooks={brew}")),
    ("dg.failure_hook", _in_job("hooks={brew}").replace("return 1", "oops()")),
    ("dg.event_list_hook(name='brew')", _in_job("hooks={brew}")),
    ("dg.success_hook", CONTEXTS.format("hook")),
    ("dg.logger", _in_job("logger_defs={'brew': brew}", "{'loggers': {'brew': {}}}")),
    ("dg.logger", CONTEXTS.format("init_logger")),
    ("dg.executor(name='brew')", _in_job("executor_def=brew")),
    (f"dg.config_mapping({A_CONFIG})", _in_job("config=brew")),
    (f"dg.configured(drink_op, {A_CONFIG}, name='brew')", OP_USES[1]),
    ("dg.static_partitioned_config(['a'])", _in_job("config=brew", "partition_key='a'")),
    (
        "dg.dagflow_type_loader(dg.Noneable(int))",
        "@dg.op(ins={'x': dg.In(dg.DagflowType(lambda _, value: True, name='of_brew', loader=brew))})\n"
        "def drink(x): return x\n@dg.job\ndef morning(): drink()\n"
        "def run(): return morning.execute_in_process({'ops': {'drink': {'inputs': {'x': 1}}}})",
    ),
    ("lambda made: dg.DagflowType(made, name='brew')", _in_job("").replace("@dg.op(", "@dg.op(out=dg.Out(brew), ")),
    ("dg.graph(name='brew')", "def run(): return brew.execute_in_process(input_values={<given>})"),
    ("dg.job(name='brew')", "def run(): return brew.execute_in_process(input_values={<given>})"),
    ("dg.repository(name='brew')", "def run(): return brew.get_all_jobs()"),
    (
        "dg.input_manager",
        "@dg.op(ins={'x': dg.In(input_manager_key='brew')})\ndef drink(x): return x\n"
        "@dg.job(resource_defs={'brew': brew})\ndef morning(): drink(drink_op())\n"
        "def run(): return morning.execute_in_process()",
    ),
    ("dg.op(name='brew')", "brew = dg.op(brew)\n" + OP_USES[1]),
    ("lambda made: made", "class Outer(dg.ConfigurableResource):\n    inner: dg.ResourceDependency[typing.Any]\n"
    "@dg.op\ndef drink(brew: Outer): return brew.inner\n@dg.job(resource_defs={'brew': Outer(inner=dg.resource(brew))})\n"
    "def morning(): drink()\ndef run(): return morning.execute_in_process()"),
)  # fmt: skip
FIRST = """
def used(result):
    if hasattr(type(result), '__await__'):
        return asyncio.run(awaited(result))
    if hasattr(type(result), '__aiter__'):
        return asyncio.run(collected(result))
    return list(result) if hasattr(type(result), '__next__') else result
async def awaited(result): return await result
async def collected(result): return [item async for item in result]
@dg.op(config_schema=dg.Noneable(int))
def drink_op(context): return 1
"""
NAMES = (
    *("brew", "morning", "drink", "made", "raw", "<program>:"),
    *('"<lambda>"', "asset 'asset'", "'resource_fn'", *(f"'{name}'" for name in INPUTS)),
    *(
        "PartitionedConfig",
        "'config_fn'",
        '"self"',
        '"ctx"',
        "the function at unknown place",
        "the config (unknown place)",
        *(f'"{name}"' for name in INPUTS),
    ),
    *("@repository", "@op", "@asset", "@job", "@graph", "@success_hook", "@failure_hook", "@event_list_hook"),
    *("Own", "'Mock'", "'MagicMock'", "'partial'", "'object'"),  # the classes of callables without a name
)

# some programs make a coroutine that nobody awaits
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Draw a program that decorates a function and uses the definition."""
    function = draw(functions())
    uses = [(definition, use) for definition in OPS for use in OP_USES]
    uses += [(definition, use) for definition in ASSETS for use in ASSET_USES]
    definition, use = draw(st.one_of(st.sampled_from(uses), st.sampled_from(OTHERS)))
    body = f"{function.source}\nbrew = ({definition})(made)\n{_filled(use, function)}"
    body = local_classes(body) + body
    if draw(st.booleans()):
        lines = "\n".join(f"    {line}" for line in body.splitlines())
        body = f"def scope():\n{lines}\n    return run\nrun = scope()"
    source = FIRST + body
    assume(_is_valid(source))
    return Program(source, NAMES, postponed=draw(st.booleans()))


def _filled(use: str, function: Function) -> str:
    values = function.values
    parts = {
        "<inputs>": ", ".join(values),
        "<passed>": ", ".join(f"{name}={name}" for name in values),
        "<keywords>": ", ".join(f"{name}={value}" for name, value in values.items()),
        "<values>": ", ".join(values.values()),
        "<given>": ", ".join(f"{name!r}: {value}" for name, value in values.items()),
        "<upstream>": "\n".join(f"@dg.asset\ndef {name}(): return {value}" for name, value in values.items()),
    }
    for part, text in parts.items():
        use = use.replace(part, text)
    return use


def _is_valid(source: str) -> bool:
    try:
        compile(source, "", "exec")
    except SyntaxError:
        return False
    return True


@given(programs())
@examples(150)
def test_signatures(program: Program) -> None:
    """A function of any kind is accepted, or refused by an error that names its definition."""
    check(program)
