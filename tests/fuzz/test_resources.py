"""Tests of resources: a resource of any shape is given at any entrance, and read in any way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from law import Program, check, examples
from misbehaving import VALUES

FIRST = """
class Pot(dg.ConfigurableResource):
    size: int = 1
    def fetch(self): return self.size
class Kettle(dg.ConfigurableResource):
    pot: Pot
    plain: dg.ResourceDependency[typing.Any]
class Cycle(dg.ConfigurableResource):
    size: int = 1
    @contextmanager
    def yield_for_execution(self, context):
        yield self
class Late(dg.ConfigurableResource):
    size: int
class Factory(dg.ConfigurableResourceFactory[Service]):
    def create_resource(self, context): return Service()
class Store(dg.ConfigurableIOManager):
    def handle_output(self, context, obj): pass
    def load_input(self, context): return 1
class OldStore(dg.IOManager):
    def handle_output(self, context, obj): pass
    def load_input(self, context): return 1
@dataclasses.dataclass
class Point:
    x: int = 1
@dg.resource
def returned(context): return {v}
@dg.resource
def yielded(context): yield {v}
@dg.resource
def nothing_yielded(context): yield from ()
@dg.resource
def twice_yielded(context): yield 1; yield 2
@dg.resource
@contextmanager
def managed(context): yield {v}
@dg.resource(required_resource_keys={'other'})
def needing(context): return context.resources.other
@dg.resource(config_schema={'a': int})
def configured(context): return context.resource_config['a']
@dg.resource
async def awaited(context): return 1
@dg.resource
def without_context(): return 1
"""
RESOURCES = (
    "{v}", "Pot()", "Pot", "Pot(size='a')", "Kettle(pot=Pot(), plain={v})", "Kettle(pot={v}, plain=1)",
    "Kettle(pot=Pot.configure_at_launch(), plain=1)", "Kettle(pot=Pot(size=dg.EnvVar.int('FUZZ_UNSET')), plain=1)",
    "Kettle(plain=returned, pot=Pot())", "Kettle(plain=needing, pot=Pot())", "Cycle()", "Late.configure_at_launch()", "Factory()",
    "Store()", "OldStore()", "dg.mem_io_manager", "dg.fs_io_manager", "dg.InMemoryIOManager()", "Point()", "Service()", "returned",
    "yielded", "nothing_yielded", "twice_yielded", "managed", "needing", "configured", "configured.configured({'a': 1}, name='c')", "awaited",
    "without_context", "dg.ResourceDefinition.hardcoded_resource({v})", "dg.ResourceDefinition(lambda context: {v})",
    "dg.make_values_resource(a=int)", "dg.IOManagerDefinition.hardcoded_io_manager({v})", "dg.io_manager(lambda _: {v})",
    "dg.ResourceDefinition.none_resource()", "dg.ResourceDefinition.mock_resource()", "dg.EnvVar('FUZZ_UNSET')", "contextmanager(lambda: iter([1]))()",
    "lambda context: 1", "(i for i in [1])", "create_autospec(Pot)", "create_autospec(Pot, instance=True)", "MagicMock(spec=Pot)",
    "MagicMock(spec=dg.ResourceDefinition)", "MagicMock(spec=Store)", "Mock(spec=OldStore)", "Mock(wraps=Pot())", "MagicMock(spec=Pot())",
)  # fmt: skip
READ = "required_resource_keys={'r'}"
BODIES = {
    "by its key": "@{d}({read})\ndef brew(context): return (context.resources.r, 1)[1]",
    "as a parameter": "@{d}\ndef brew(r: dg.ResourceParam[typing.Any]): return (r, 1)[1]",
    "as a parameter of its class": "@{d}\ndef brew(context, r: Pot): return (r, 1)[1]",
    "as an async parameter": "@{d}\nasync def brew(r: Kettle): return (r, 1)[1]",
    "by a generator": "@{d}({read})\ndef brew(context): yield dg.Output((context.resources.r, 1)[1])",
    "as a store": "@{d}({store})\ndef brew(context): return 1",
    "in a hook": "@dg.success_hook(required_resource_keys={'r'})\ndef note(context): context.resources.r\n@{d}({hooked})\ndef brew(): return 1",
    "by a type": "T = dg.DagflowType(lambda context, value: context.resources.r is not None, name='T', required_resource_keys={'r'})\n"
    "@{d}({typed})\ndef brew(): return 1",
    "with a loader": "@dg.dagflow_type_loader(dg.Noneable(int), required_resource_keys={'r'})\ndef load(context, config): return context.resources.r\n"
    "T = dg.DagflowType(lambda _, value: True, name='T', loader=load)\n@{d}({read})\ndef brew(context): return 1",
}
OP = {
    "d": "dg.op",
    "store": "out=dg.Out(io_manager_key='r')",
    "hooked": "",
    "typed": "out=dg.Out(T)",
    "read": READ,
}
ASSET = {
    "d": "dg.asset",
    "store": "io_manager_key='r'",
    "hooked": "hooks={note}",
    "typed": "dagflow_type=T",
    "read": READ,
}
OP_ENTRANCES = (
    "@dg.job(resource_defs={'r': R, 'other': 1})\ndef morning(): brew()\ndef run(): return morning.execute_in_process()",
    "@dg.job\ndef morning(): brew()\ndef run(): return morning.execute_in_process(resources={'r': R, 'other': 1})",
    "@dg.graph\ndef morning(): brew()\ndef run(): return morning.execute_in_process(resources={'r': R, 'other': 1})",
    "@dg.graph\ndef morning(): brew()\ndef run(): return morning.to_job(resource_defs={'r': R, 'other': 1}).execute_in_process()",
    "@dg.job\ndef morning(): brew()\ndef run(): return dg.Definitions(jobs=[morning], resources={'r': R, 'other': 1}).get_job_def('morning').execute_in_process()",
    "def run(): return used(brew, dg.build_op_context(resources={'r': R, 'other': 1}))",
    "def run():\n    with dg.build_op_context(resources={'r': R, 'other': 1}) as context: return used(brew, context)",
    "def run(): return brew(r=R)",
    "def run():\n    with dg.build_resources({'r': R, 'other': 1}) as found: return used(brew, dg.build_op_context(resources={'r': found.r}))",
    "def run(): return used(brew, dg.build_op_context(resources={'r': R}, resources_config={'r': {'config': {'a': 1}}}))",
    "@dg.success_hook(required_resource_keys={'r'})\ndef own(context): return context.resources.r\ndef run(): return own(dg.build_hook_context(resources={'r': R}))",
    "@dg.resource(required_resource_keys={'r'})\ndef own(context): return context.resources.r\ndef run(): return own(dg.build_init_resource_context(resources={'r': R}))",
    "def run(): return dg.build_input_context(resources={'r': R}).resources.r, dg.build_output_context(resources={'r': R}).resources.r",
    "@dg.job(resource_defs={'r': R, 'other': 1})\ndef morning(): brew()\ndef run(): return dg.validate_run_config(morning, {})",
    "@dg.job(resource_defs={'r': R, 'other': 1})\ndef morning(): brew()\ndef run(): return morning.execute_in_process({'resources': {'r': {'config': {'a': 1, 'size': 1}}}})",
)
ASSET_ENTRANCES = (
    "def run(): return dg.materialize_to_memory([brew], resources={'r': R, 'other': 1})",
    "def run(): return dg.materialize([brew], resources={'r': R, 'other': 1, 'io_manager': dg.mem_io_manager})",
    "def run(): return dg.materialize_to_memory(dg.with_resources([brew], {'r': R, 'other': 1}))",
    "def run(): return dg.materialize_to_memory(dg.with_resources([brew], {'r': R, 'other': 1}, {'r': {'config': {'a': 1}}}))",
    "def run(): return dg.Definitions([brew], resources={'r': R, 'other': 1}).get_implicit_global_asset_job_def().execute_in_process()",
    "def run():\n    jobs = [dg.define_asset_job('morning')]\n"
    "    return dg.Definitions([brew], jobs=jobs, resources={'r': R, 'other': 1}).get_job_def('morning').execute_in_process()",
    "def run(): return used(brew, dg.build_asset_context(resources={'r': R, 'other': 1}))",
    "def run(): return brew(r=R)",
    "def run(): return dg.materialize_to_memory([brew], resources={'r': R, 'other': 1}, run_config={'resources': {'r': {'config': {'a': 1, 'size': 1}}}})",
    "@dg.asset(resource_defs={'r': R, 'other': 1})\ndef drink(r: dg.ResourceParam[typing.Any]): return 1\n"
    "def run(): return dg.materialize_to_memory([drink]), drink()",
    "@dg.asset(io_manager_def=R)\ndef drink(): return 1\ndef run(): return dg.materialize_to_memory([drink])",
)
USED = """
def used(brew, context):
    try:
        result = brew(context)
    except dg.DagflowInvalidInvocationError:
        result = brew()
    return asyncio.run(awaited(result)) if hasattr(type(result), '__await__') else result
async def awaited(result): return await result
"""

NAMES = (
    *("'r'", "'r.", '"r"', "resources:r", "brew", "drink", "morning"),
    *(
        "Pot is the class of a resource",
        "resource class 'Kettle'",
        "the resource function at <program>:",
    ),  # these have no key yet
)

# some programs make a coroutine that nobody awaits
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Draw a program with a resource."""
    words, entrances = draw(st.sampled_from([(OP, OP_ENTRANCES), (ASSET, ASSET_ENTRANCES)]))
    body = draw(st.sampled_from(list(BODIES.values())))
    for name, text in words.items():
        body = body.replace("{%s}" % name, text)
    value = draw(st.sampled_from(VALUES))
    resource = draw(st.sampled_from(RESOURCES)).replace("{v}", value)
    source = (
        f"{FIRST.replace('{v}', value)}R = {resource}\n{body}\n{draw(st.sampled_from(entrances))}\n{USED}"
    )
    return Program(source, NAMES, postponed=draw(st.booleans()))


@given(programs())
@examples(30)
def test_resources(program: Program) -> None:
    """A resource of any shape is available, or refused by an error that names it or its reader."""
    check(program)
