"""Tests of values that misbehave on their way from function to function, and of errors that misbehave."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from law import Program, check, examples
from misbehaving import ERRORS, VALUES

NAMES = ("brew", "drink", "morning", "type 'T'", "input 'x'")
NOT_RETURNED = ("dg.Output(1)", "dg.AssetKey('a')")  # they mean more than a value
JOB = """
@dg.job
def morning():
    drink(brew())

def run():
    result = morning.execute_in_process()
    result.output_for_node("brew")
    result.output_for_node("drink")
    return result
"""
ASSETS = """
def run():
    result = dg.materialize_to_memory([brew, drink])
    result.asset_value("brew")
    result.output_for_node("drink")
    return result
"""
WAYS = {
    "returned": "@dg.op\ndef brew(): return {v}\n@dg.op\ndef drink(x): return x\n" + JOB,
    "with a context": "@dg.op\ndef brew(context): return {v}\n@dg.op\ndef drink(context, x): return x\n"
    + JOB,
    "wrapped": "@dg.op\ndef brew(): return dg.Output({v}, metadata={'a': 1})\n@dg.op\ndef drink(x): return x\n"
    + JOB,
    "yielded": "@dg.op\ndef brew(): yield dg.Output({v})\n@dg.op\ndef drink(x): yield dg.Output(x)\n" + JOB,
    "awaited": "@dg.op\nasync def brew(): return {v}\n@dg.op\nasync def drink(x): return x\n" + JOB,
    "of type Any": "@dg.op\ndef brew() -> typing.Any: return {v}\n@dg.op\ndef drink(x: object): return x\n"
    + JOB,
    "one of two": "@dg.op(out={'a': dg.Out(), 'b': dg.Out()})\ndef brew(): return {v}, 1\n"
    "@dg.op\ndef drink(x): return x\n"
    + JOB.replace("brew())", "brew().a)").replace('"brew")', '"brew", "a")'),
    "with hooks": "@dg.success_hook\ndef note(context): context.op_output_values, context.op_exception\n"
    "@dg.op\ndef brew(): return {v}\n@dg.op\ndef drink(x): return x\n"
    + JOB.replace("@dg.job", "@dg.job(hooks={note})"),
    "dynamic": "@dg.op(out=dg.DynamicOut())\ndef brew(): yield dg.DynamicOutput({v}, 'a')\n@dg.op\ndef drink(x): return x\n"
    + JOB.replace("drink(brew())", "brew().map(drink)"),
    "fan-in": "@dg.op\ndef brew(): return {v}\n@dg.op\ndef drink(x): return x\n"
    + JOB.replace("drink(brew())", "drink([brew(), brew.alias('again')()])"),
    "default": "V = {v}\n@dg.op\ndef brew(): return 1\n@dg.op\ndef drink(x, y=V): return y\n" + JOB,
    "default of In": "@dg.op\ndef brew(): return 1\n@dg.op(ins={'y': dg.In(default_value={v})})\ndef drink(x, y): return y\n"
    + JOB,
    "input value": "@dg.op\ndef drink(x): return x\n@dg.graph\ndef brew(x): drink(x)\n\n"
    "def run():\n    return brew.execute_in_process(input_values={'x': {v}})",
    "input value of a job": "@dg.op\ndef drink(x): return x\n@dg.job(input_values={'x': {v}})\ndef morning(x): drink(x)\n\n"
    "def run():\n    return morning.execute_in_process()",
    "asset": "@dg.asset\ndef brew(): return {v}\n@dg.asset\ndef drink(brew): return brew\n" + ASSETS,
    "asset with a context": "@dg.asset\ndef brew(context): return {v}\n@dg.asset\nasync def drink(context, brew): return brew\n"
    + ASSETS,
    "materialize result": "@dg.asset\ndef brew(): return dg.MaterializeResult(value={v})\n@dg.asset\ndef drink(brew): return brew\n"
    + ASSETS,
    "output of an asset": "@dg.asset\ndef brew(): return dg.Output({v})\n@dg.asset\ndef drink(brew): yield dg.Output(brew)\n"
    + ASSETS,
    "direct call": "@dg.op\ndef brew(x): return x\n\ndef run():\n    return brew({v}), brew(x={v})",
    "direct call with a context": "@dg.op\ndef brew(context, x): return x\n\ndef run():\n    return brew(dg.build_op_context(), {v})",
    "direct call of an asset": "@dg.asset\ndef brew(x): return x\n\ndef run():\n    return brew({v}), brew(x={v})",
    "direct call, awaited": "@dg.op\nasync def brew(x): return x\n\ndef run():\n    return asyncio.run(brew({v}))",
    "direct call, yielded": "@dg.op\ndef brew(x): yield dg.Output(x)\n\ndef run():\n    return list(brew({v}))",
    "logged": "@dg.op\ndef brew(context):\n    context.log.debug('%s', {v})\n    return 1\n@dg.op\ndef drink(x): return x\n"
    + JOB,
    "own I/O manager": "class Store(dg.IOManager):\n    def handle_output(self, context, obj): self.kept = obj\n"
    "    def load_input(self, context): return self.kept\n"
    "@dg.asset(io_manager_def=Store())\ndef brew(): return {v}\n@dg.asset\ndef drink(brew): return brew\n"
    + ASSETS,
}
CHECKED = {
    "input": "@dg.op\ndef brew(): return {v}\n@dg.op\ndef drink(x: {t}): return x\n" + JOB,
    "output": "@dg.op\ndef brew() -> {t}: return {v}\n@dg.op\ndef drink(x): return x\n" + JOB,
    "wrapped output": "@dg.op\ndef brew() -> dg.Output[{t}]: return dg.Output({v})\n@dg.op\ndef drink(x): return x\n"
    + JOB,
    "asset": "@dg.asset\ndef brew() -> {t}: return {v}\n@dg.asset\ndef drink(brew): return brew\n" + ASSETS,
    "direct call": "@dg.op\ndef brew(x: {t}): return x\n\ndef run():\n    return brew({v})",
    "default": "V = {v}\n@dg.op\ndef brew(): return 1\n@dg.op\ndef drink(x, y: {t} = V): return y\n" + JOB,
    "input value": "@dg.op\ndef drink(x: {t}): return x\n@dg.graph\ndef brew(x): drink(x)\n\n"
    "def run():\n    return brew.execute_in_process(input_values={'x': {v}})",
    "reported": "@dg.op(out=dg.Out(dg.DagflowType(lambda _, value: {v}, name='T')))\ndef brew(): return 1\n"
    "@dg.op\ndef drink(x): return x\n" + JOB,
    "metadata": "@dg.op\ndef brew(context):\n    context.add_output_metadata({'a': {v}})\n    return 1\n"
    "@dg.op\ndef drink(x): return x\n" + JOB,
    "yielded alone": "@dg.op\ndef brew():\n    yield {v}\n@dg.op\ndef drink(x): return x\n" + JOB,
    "in a file": "@dg.asset\ndef brew(): return {v}\n@dg.asset\ndef drink(brew): return brew\n"
    "def run():\n    import tempfile\n    with tempfile.TemporaryDirectory() as folder:\n"
    "        return dg.materialize([brew, drink], resources={'io_manager': dg.FilesystemIOManager(base_dir=folder)})",
}
TYPES = (
    "int", "str", "float", "bool", "list", "dict", "list[int]", "dict[str, int]", "typing.Optional[int]", "Service",
    "typing.Tuple[int, str]", "typing.Set[str]", "None", "dg.Nothing",
)  # fmt: skip
RAISED = {
    "op": "@dg.op\ndef brew(): raise {e}\n@dg.op\ndef drink(x): return x\n" + JOB,
    "generator": "@dg.op\ndef brew():\n    yield dg.Output(1)\n    raise {e}\n@dg.op\ndef drink(x): return x\n" + JOB,
    "async": "@dg.op\nasync def brew(): raise {e}\n@dg.op\ndef drink(x): return x\n" + JOB,
    "with a retry": "@dg.op(retry_policy=dg.RetryPolicy())\ndef brew(): raise {e}\n@dg.op\ndef drink(x): return x\n" + JOB,
    "not raised": "@dg.op\ndef brew(): raise {e}\n@dg.op\ndef drink(x): return x\n"
    + JOB.replace("in_process()", "in_process(raise_on_error=False)").replace('    result.output_for_node("brew")\n    result.output_for_node("drink")\n', "    [(event.message, str(event)) for event in result.all_events]\n"),
    "with hooks": "@dg.failure_hook\ndef note(context): context.op_exception\n@dg.op\ndef brew(): raise {e}\n"
    "@dg.op\ndef drink(x): return x\n" + JOB.replace("@dg.job", "@dg.job(hooks={note})"),
    "in a hook": "@dg.success_hook\ndef note(context): raise {e}\n@dg.op\ndef brew(): return 1\n"
    "@dg.op\ndef drink(x): return x\n" + JOB.replace("@dg.job", "@dg.job(hooks={note})"),
    "asset": "@dg.asset\ndef brew(): raise {e}\n@dg.asset\ndef drink(brew): return brew\n" + ASSETS,
    "resource": "@dg.resource\ndef pot(_): raise {e}\n@dg.asset(resource_defs={'pot': pot}, required_resource_keys={'pot'})\n"
    "def brew(): return 1\n@dg.asset\ndef drink(brew): return brew\n" + ASSETS,
    "end of a resource": "@dg.resource\ndef pot(_):\n    yield 1\n    raise {e}\n"
    "@dg.asset(resource_defs={'pot': pot}, required_resource_keys={'pot'})\n"
    "def brew(): return 1\n@dg.asset\ndef drink(brew): return brew\n" + ASSETS,
    "I/O manager": "class Store(dg.IOManager):\n    def handle_output(self, context, obj): raise {e}\n"
    "    def load_input(self, context): return 1\n"
    "@dg.asset(io_manager_def=Store())\ndef brew(): return 1\n@dg.asset\ndef drink(brew): return brew\n" + ASSETS,
    "loading": "class Store(dg.IOManager):\n    def handle_output(self, context, obj): pass\n"
    "    def load_input(self, context): raise {e}\n"
    "@dg.asset(io_manager_def=Store())\ndef brew(): return 1\n@dg.asset\ndef drink(brew): return brew\n" + ASSETS,
    "type check": "def test(_, value): raise {e}\n@dg.op(out=dg.Out(dg.DagflowType(test, name='T')))\ndef brew(): return 1\n"
    "@dg.op\ndef drink(x): return x\n" + JOB,
    "config mapping": "@dg.config_mapping(config_schema={'a': int})\ndef conf(value): raise {e}\n@dg.op\ndef brew(): return 1\n"
    "@dg.op\ndef drink(x): return x\n"
    + JOB.replace("@dg.job", "@dg.job(config=conf)").replace("in_process()", "in_process({'a': 1})"),
    "graph body": "@dg.op\ndef brew(): return 1\n@dg.op\ndef drink(x): return x\n" + JOB.replace("    drink(brew())", "    raise {e}"),
    "direct call": "@dg.op\ndef brew(x): raise {e}\n\ndef run():\n    return brew(1)",
    "direct call, awaited": "@dg.op\nasync def brew(x): raise {e}\n\ndef run():\n    return asyncio.run(brew(1))",
}  # fmt: skip


@st.composite
def valid(draw: st.DrawFn) -> Program:
    """Draw a program in which a value goes from function to function."""
    way = draw(st.sampled_from(list(WAYS)))
    value = draw(st.sampled_from([value for value in VALUES if value not in NOT_RETURNED]))
    return Program(WAYS[way].replace("{v}", value), NAMES, succeeds=True)


@st.composite
def checked(draw: st.DrawFn) -> Program:
    """Draw a program in which a value is checked, described or stored in a file."""
    way = draw(st.sampled_from(list(CHECKED)))
    source = CHECKED[way].replace("{v}", draw(st.sampled_from(VALUES)))
    kind = draw(st.sampled_from(TYPES)) if "{t}" in source else ""
    return Program(source.replace("{t}", kind), NAMES)


@st.composite
def raising(draw: st.DrawFn) -> Program:
    """Draw a program in which a function raises."""
    way = draw(st.sampled_from(list(RAISED)))
    return Program(RAISED[way].replace("{e}", draw(st.sampled_from(ERRORS))), (*NAMES, "pot", "conf"))


@given(valid())
@examples(100)
def test_valid(program: Program) -> None:
    """A value passes untouched, whatever its methods do."""
    check(program)


@given(checked())
@examples(100)
def test_checked(program: Program) -> None:
    """A value that misbehaves passes its check, or fails it with an error that names the op or asset."""
    check(program)


@given(raising())
@examples(100)
def test_raising(program: Program) -> None:
    """An error that misbehaves reaches the caller like any other error."""
    check(program)
