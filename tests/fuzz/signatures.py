"""Strategies for functions: their parameters, their annotations, and the kinds of callables that hold them.

A drawn function is code that binds the name `made` to a callable, and the value that fits each parameter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from hypothesis import strategies as st

LOCAL = {
    "Local": "class Local:\n    def fetch(self): return 1",
    "Shaped": "class Shaped(typing.TypedDict):\n    a: int",
    "Talks": "class Talks(typing.Protocol):\n    def fetch(self) -> int: ...",
    "Checkable": "@typing.runtime_checkable\nclass Checkable(typing.Protocol):\n    def fetch(self) -> int: ...",
    "Point": "@dataclasses.dataclass\nclass Point:\n    x: int = 1",
    "Colour": "class Colour(enum.Enum):\n    RED = 1",
    "Pair": "class Pair(typing.NamedTuple):\n    a: int = 1",
    "Pot": "class Pot(dg.ConfigurableResource):\n    size: int = 1",
    "Settings": "class Settings(dg.Config):\n    size: int = 1",
    "Number": "Number = typing.NewType('Number', int)",
    "T": "T = typing.TypeVar('T')",
    "Box": "class Box(typing.Generic[T]): pass",
}
"""Classes that annotations name. They are local classes, if the program puts its code into a function."""


def local_classes(source: str) -> str:
    """Return the definitions of the classes that a piece of code names."""
    names = set(re.findall(r"\w+", source))
    names |= {"T"} if "Box" in names else set()
    return "".join(f"{code}\n" for name, code in LOCAL.items() if name in names)


FITTING = {
    "int": "1", "str": "'a'", "float": "1.5", "bool": "True", "list": "[1]", "dict": "{'a': 1}", "None": "None",
    "list[int]": "[1]", "dict[str, int]": "{'a': 1}", "set[str]": "{'a'}", "tuple[int, str]": "(1, 'a')",
    "tuple[int, ...]": "(1, 2)", "tuple[()]": "()", "frozenset[int]": "frozenset({1})", "type": "int", "type[int]": "int",
    "typing.List[int]": "[1]", "typing.Dict[str, typing.List[int]]": "{'a': [1]}", "typing.Tuple": "(1,)", "typing.List": "[1]",
    "typing.Optional[int]": "None", "int | str": "1", "int | None": "1", "typing.Union[int, str]": "'a'",
    "typing.Literal['a', 1]": "'a'", "Number": "1", "typing.Annotated[int, 'note']": "1", "typing.Any": "object()",
    "typing.Callable": "len", "typing.Callable[[int], str]": "str", "typing.Iterator[int]": "iter([1])",
    "typing.Iterable[int]": "[1]", "typing.Sequence[int]": "[1]", "typing.Mapping[str, int]": "{'a': 1}", "Talks": "Local()",
    "Checkable": "Local()", "Shaped": "{'a': 1}", "Point": "Point()", "Local": "Local()", "'Local'": "Local()",
    "list['Local']": "[Local()]", "typing.Optional['Point']": "Point()", "Colour": "Colour.RED", "Pair": "Pair()", "Box[int]": "Box()",
    "T": "1", "object": "object()", "typing.Final[int]": "1", "typing.ClassVar[int]": "1", "typing.NoReturn": "1",
    "...": "1", "1": "1", "'not a name'": "1", "Missing if typing.TYPE_CHECKING else 'Missing'": "1", "[int]": "[1]", "{'a': int}": "{'a': 1}",
    "typing.Type[int]": "int", "typing.Generator[int, None, None]": "iter([1])", "typing.Awaitable[int]": "1", "typing.Text": "'a'",
    "dg.Nothing": "None", "dg.In": "1", "dg.Out()": "1", "dg.Output[int]": "1", "dg.Output": "1", "dg.DynamicOutput[int]": "1",
    "dg.MaterializeResult": "1", "dg.DagflowType(lambda _, value: True, name='Ours')": "1", "dg.AssetKey": "dg.AssetKey('a')",
    "Service": "Service()", "ArrayLike": "ArrayLike()", "Mock": "Mock()", "Mock()": "1", "ArrayLike()": "1",
    "NoRepr()": "1", "NoBool()": "1", "AnswersAll()": "1", "MagicMock()": "1", "lambda: 1": "1", "dg.OpExecutionContext": "1", "Settings": "{}", "Pot": "Pot()",
    "dg.ResourceParam[int]": "1", "dg.ResourceParam": "1", "typing.Optional[Pot]": "Pot()", "Pot | None": "Pot()",
    "typing.Annotated[Pot, 'note']": "Pot()", "list[Pot]": "[]", "dg.ConfigurableResource": "Pot()", "dg.Config": "{}",
    "typing.Optional[Settings]": "{}",
}  # fmt: skip
"""Annotations, each with a value that fits."""
CONTEXT_NAMES = ("context", "context", "_context", "context_", "_", "ctx", "self", "init_context")
CONTEXT_TYPES = (
    "", "", "dg.OpExecutionContext", "dg.AssetExecutionContext", "'dg.OpExecutionContext'", "typing.Any", "int",
    "typing.Optional[dg.OpExecutionContext]", "dg.HookContext", "dg.InitResourceContext", "Missing if False else 'Missing'",
    "dg.OpExecutionContext | None", "typing.Annotated[dg.OpExecutionContext, 1]", "Mock()",
)  # fmt: skip
INPUTS = ("x", "y", "config", "pot", "name", "result", "context", "args", "kwargs", "class_", "ü")


@dataclass(frozen=True)
class Parameter:
    """A drawn parameter: name, kind ("/", "", "*" for keyword-only, "*args", "**kwargs"), annotation and default."""

    name: str
    kind: str = ""
    annotation: str = ""
    default: str = ""

    def __str__(self) -> str:
        star = {"*args": "*", "**kwargs": "**"}.get(self.kind, "")
        annotation = f": {self.annotation}" if self.annotation else ""
        return f"{star}{self.name}{annotation}{f' = {self.default}' if self.default else ''}"


@dataclass(frozen=True)
class Function:
    """A drawn function.

    Attributes:
        source: Code that binds `made`.
        values: A value for each parameter that is not a context, by name.
    """

    source: str
    values: dict[str, str] = field(default_factory=dict)


@st.composite
def parameters(draw: st.DrawFn) -> list[Parameter]:
    """Draw the parameters of a function; often with a context as the first."""
    found = []
    if draw(st.booleans()):
        kind = draw(st.sampled_from(["", "", "", "/", "*"]))
        context = draw(st.sampled_from(CONTEXT_NAMES))
        found.append(
            Parameter(
                context, kind, draw(st.sampled_from(CONTEXT_TYPES)), draw(st.sampled_from(["", "", "None"]))
            )
        )
    names = draw(st.lists(st.sampled_from(INPUTS), unique=True, max_size=3))
    for name in names:
        if any(name == other.name for other in found):
            continue
        kind = draw(st.sampled_from(["", "", "", "", "*", "/", "*args", "**kwargs"]))
        annotation = draw(st.sampled_from(["", *FITTING]))
        default = (
            FITTING.get(annotation, "1") if not kind.endswith("s") and draw(st.integers(0, 3)) == 3 else ""
        )
        found.append(Parameter(name, kind, annotation, default))
    order = ["/", "", "*args", "*", "**kwargs"]
    found.sort(key=lambda p: (order.index(p.kind), p.kind in ("/", "") and bool(p.default)))
    return _without_repeats(found)


def _without_repeats(found: list[Parameter]) -> list[Parameter]:
    """Keep one `*args` and one `**kwargs`, and no required parameter after an optional one."""
    kept: list[Parameter] = []
    for parameter in found:
        if parameter.kind.endswith("s") and any(other.kind == parameter.kind for other in kept):
            continue
        if parameter.kind == "" and not parameter.default and any(p.default for p in kept):
            parameter = Parameter(parameter.name, "*", parameter.annotation)
        kept.append(parameter)
    return sorted(kept, key=lambda p: ["/", "", "*args", "*", "**kwargs"].index(p.kind))


def listed(found: list[Parameter]) -> str:
    """Return the parameters as code."""
    parts: list[str] = []
    for position, parameter in enumerate(found):
        before = found[:position]
        if parameter.kind == "*" and not any(other.kind in ("*args", "*") for other in before):
            parts.append("*")
        parts.append(str(parameter))
        is_last = position + 1 == len(found) or found[position + 1].kind != "/"
        if parameter.kind == "/" and is_last:
            parts.append("/")
    return ", ".join(parts)


PLAIN = "return {value}"
KINDS = {
    "function": "def made({p}){r}:\n    {b}",
    "lambda": "made = lambda {n}: {value}",
    "generator": "def made({p}){r}:\n    yield dg.Output({value})",
    "generator of nothing": "def made({p}){r}:\n    yield from ()",
    "async": "async def made({p}){r}:\n    {b}",
    "async generator": "async def made({p}){r}:\n    yield dg.Output({value})",
    "partial": "def raw(extra, {p}){r}:\n    {b}\nmade = functools.partial(raw, 1)",
    "partial by keyword": "def raw({p}, *, extra=1){r}:\n    {b}\nmade = functools.partial(raw, extra=2)",
    "async partial": "async def raw(extra, {p}){r}:\n    {b}\nmade = functools.partial(raw, 1)",
    "class": "class made:\n    def __init__(self, {p}): pass",
    "class with a return annotation": "class made:\n    def __init__(self, {p}) -> None: pass",
    "dataclass": "@dataclasses.dataclass\nclass made:\n    x: int = 1",
    "named tuple": "class made(typing.NamedTuple):\n    x: int = 1",
    "method": "class Own:\n    def raw(self, {p}){r}:\n        {b}\nmade = Own().raw",
    "class method": "class Own:\n    @classmethod\n    def raw(cls, {p}){r}:\n        {b}\nmade = Own.raw",
    "static method": "class Own:\n    @staticmethod\n    def raw({p}){r}:\n        {b}\nmade = Own.raw",
    "callable object": "class Own:\n    def __call__(self, {p}){r}:\n        {b}\nmade = Own()",
    "async callable object": "class Own:\n    async def __call__(self, {p}){r}:\n        {b}\nmade = Own()",
    "generator object": "class Own:\n    def __call__(self, {p}){r}:\n        yield dg.Output({value})\nmade = Own()",
    "wrapped": "def raw({p}){r}:\n    {b}\n@functools.wraps(raw)\ndef made(*args, **kwargs): return raw(*args, **kwargs)",
    "wrapped async": "async def raw({p}){r}:\n    {b}\n@functools.wraps(raw)\nasync def made(*args, **kwargs): return await raw(*args, **kwargs)",
    "wrapped by a generator": "def raw({p}){r}:\n    {b}\n@functools.wraps(raw)\ndef made(*args, **kwargs): yield dg.Output(raw(*args, **kwargs))",
    "context manager": "@contextmanager\ndef made({p}){r}:\n    yield {value}",
    "wrapped by a class": "class Own:\n    def __init__(self, raw):\n        functools.update_wrapper(self, raw)\n"
    "    def __call__(self, *args, **kwargs): return self.__wrapped__(*args, **kwargs)\n"
    "@Own\ndef made({p}){r}:\n    {b}",
    "cached singly": "@functools.singledispatch\ndef made({p}){r}:\n    {b}",
    "builtin": "made = print",
    "without a signature": "class Own:\n    __signature__ = 1\n    def __call__(self, *args, **kwargs): return {value}\n"
    "made = Own()",
    "mock": "made = Mock(return_value={value})",
    "magic mock": "made = MagicMock(return_value={value}, __name__='brew')",
    "autospec": "def raw({p}){r}:\n    {b}\nmade = create_autospec(raw, return_value={value})",
    "mock of a function": "def raw({p}){r}:\n    {b}\nmade = Mock(wraps=raw)",
    "with a signature": "import inspect\ndef raw({p}){r}:\n    {b}\ndef made(*args, **kwargs): return raw(*args, **kwargs)\nmade.__signature__ = inspect.signature(raw)",
    "with broken annotations": "def made({p}):\n    {b}\nmade.__annotations__ = {'x': 'no such name', 'return': 'a b'}",
    "wrapping itself": "def made({p}):\n    {b}\nmade.__wrapped__ = made",
    "not callable": "made = {value}",
    "recursive": "def made({p}):\n    return made",
    "partial method": "class Own:\n    def raw(self, extra, {p}){r}:\n        {b}\n    made = functools.partialmethod(raw, 1)\nmade = Own().made",
    "type with a metaclass": "class Meta(type):\n    def __call__(cls, {p}):\n        {b}\nclass made(metaclass=Meta): pass",
}  # fmt: skip


@st.composite
def functions(draw: st.DrawFn) -> Function:
    """Draw a callable of any kind."""
    found = draw(parameters())
    returned = draw(st.sampled_from(["", *FITTING]))
    value = (
        FITTING.get(returned, "1")
        if draw(st.integers(0, 4))
        else draw(st.sampled_from(["None", "1", "(1, 2)", "Mock()"]))
    )
    kind = draw(st.sampled_from(list(KINDS)))
    bare = [Parameter(p.name, p.kind, "", p.default) for p in found]
    arrow = f" -> {returned}" if returned else ""
    source = (
        KINDS[kind].replace("{b}", PLAIN).replace("{p}", listed(found)).replace("{n}", listed(bare))
        .replace("{r}", arrow).replace("{value}", value)
    )  # fmt: skip
    # an empty list of parameters leaves a comma behind
    source = source.replace("(, *,", "(*,").replace(", )", ")").replace("(, ", "(")
    source = (
        source.replace("*, extra=1", "extra=1") if any(p.kind in ("*", "*args") for p in found) else source
    )
    values = {
        p.name: FITTING.get(p.annotation, "1")
        for p in found
        if p.name not in CONTEXT_NAMES and not p.kind.endswith("s")
    }
    return Function(source, values)
