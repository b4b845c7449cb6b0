"""Hypothesis strategies for pipelines. Features are drawn first, so that each is also tested alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from descriptions import (
    Asset,
    Assets,
    Call,
    Collect,
    Each,
    Emit,
    Fail,
    FanIn,
    Graph,
    GraphInput,
    Hook,
    Input,
    Op,
    Output,
    Pipeline,
    Report,
    Resource,
    Source,
    Value,
    node_names,
    output_names,
)
from hypothesis import strategies as st
from vocabulary import (
    ASSET_FEATURES,
    DEFAULTS,
    ERRORS,
    FEATURES,
    MANNERS,
    NAMES,
    PARTITIONED_CONFIG,
    PARTITIONS,
    REPORTS,
    SCHEMAS,
    TYPES,
)


@dataclass
class Drawing:
    """The state of a pipeline that is being drawn."""

    draw: Any
    features: frozenset[str]
    names: list[str] = field(default_factory=lambda: list(NAMES))
    definitions: list[Op | Graph] = field(default_factory=list)
    resources: list[Resource] = field(default_factory=list)
    hooks: list[Hook] = field(default_factory=list)
    calls: int = 0

    def flip(self, feature: str) -> bool:
        return feature in self.features and self.draw(st.booleans())

    def name(self) -> str:
        name: str = self.draw(st.sampled_from(self.names))
        self.names.remove(name)
        return name

    def one_of(self, *values: Any) -> Any:
        return self.draw(st.sampled_from(values))

    def more(self, count: int) -> bool:
        """Draw whether to add one more element. One draw per element lets hypothesis remove each of them."""
        return not count or self.draw(st.integers(0, 5)) > 0

    # --- ops

    def op(self, *, fed: bool) -> Op:
        outputs = self.outputs()
        manner = "yield" if self.flip("generators") else "return"
        if manner == "return" and self.flip("generators"):
            manner = "async"
        acts: list[Any] = []
        acts += [self.emit(output) for output in outputs if output.required or not self.draw(st.booleans())]
        if manner == "yield" and len(acts) > 1 and self.draw(st.booleans()):
            acts.reverse()
        if acts and self.flip("failures") and self.flip("failures") and self.flip("failures"):
            acts.pop()
        if self.flip("failures"):
            place = self.draw(st.integers(0, len(acts)))
            attempts = self.one_of(99, 1, 2) if "retries" in self.features else 99
            acts.insert(place, Fail(self.one_of(*ERRORS), attempts))
        if self.flip("reports"):
            logged = manner != "yield" or self.draw(st.booleans())
            acts.insert(self.draw(st.integers(0, len(acts))), Report(self.one_of(*REPORTS), logged))
        return Op(
            self.name(),
            self.inputs(fed=fed),
            outputs,
            tuple(acts),
            manner,
            retries=self.retries(),
            tags=self.tags(),
            resources=tuple(r.name for r in self.resources if self.draw(st.booleans())),
            config=self.one_of(*SCHEMAS) if self.flip("config") else None,
            reads_partition=self.flip("partitions"),
        )

    def outputs(self) -> tuple[Output, ...]:
        names = ("result",)
        if self.flip("several outputs"):
            names = ("y", "x", "w")[: self.draw(st.integers(1, 3))]
        return tuple(
            Output(
                name,
                self.type(nothing=True),
                not self.flip("optional"),
                self.flip("dynamic"),
            )
            for name in names
        )

    def emit(self, output: Output) -> Emit:
        keys: tuple[str, ...] = ()
        if output.dynamic:
            keys = tuple(self.draw(st.lists(st.sampled_from("kjl2"), max_size=3, unique=True)))
        fits = not (self.flip("types") and self.flip("failures") and self.flip("failures"))
        return Emit(output, keys, fits)

    def inputs(self, *, fed: bool) -> tuple[Input, ...]:
        count = self.draw(st.integers(0, 3)) if fed or self.flip("defaults") or self.flip("nothing") else 0
        drawn = []
        for name in ("q", "p", "r")[:count]:
            kind = self.type(nothing=True)
            default = DEFAULTS.get(kind) if self.flip("defaults") else None
            drawn.append(Input(name, kind, default))
        return tuple(sorted(drawn, key=lambda given: given.default is not None))

    def type(self, *, nothing: bool = False) -> str | None:
        if nothing and self.flip("nothing"):
            return "Nothing"
        return self.one_of(*TYPES) if self.flip("types") and self.flip("types") else None

    def retries(self) -> int | None:
        return self.one_of(1, 2, 0) if self.flip("retries") else None

    def tags(self) -> tuple[tuple[str, str], ...]:
        return (("dagflow/priority", self.one_of("1", "-1", "2")),) if self.flip("priorities") else ()

    # --- config

    def config(self, graph: Graph) -> dict[str, Any]:
        """Return config for the nodes of a graph that have a config schema, as code."""
        entries = {}
        for name, call in zip(node_names(graph), graph.calls, strict=True):
            entry: dict[str, Any] = {}
            if isinstance(call.definition, Graph):
                entry = {"'ops'": inner} if (inner := self.config(call.definition)) else {}
            elif call.definition.config is not None and self.draw(st.integers(0, 7)):
                fitting, *others = SCHEMAS[call.definition.config]
                entry = {"'config'": self.draw(st.sampled_from((fitting, fitting, fitting, *others)))}
            if isinstance(call.definition, Op) and self.flip("inputs"):
                fed = {given for given, _ in call.arguments}
                loose = [i for i in call.definition.inputs if i.name not in fed and i.type != "Nothing"]
                values = {repr(i.name): "{'value': 4}" if i.type is None else "7" for i in loose}
                entry |= {"'inputs'": values} if values else {}
            if entry:
                entries[repr(name)] = entry
        return entries

    # --- graphs

    def graph(self, name: str, depth: int, inputs: tuple[Input, ...], *, named: bool) -> Graph:
        calls: list[Call] = []
        available: list[Available] = []
        used: set[str] = set()
        for number in range(6 if depth == 0 else 3):
            if self.calls >= 8 or not self.more(number):
                break
            self.calls += 1
            call = self.call(depth, inputs, available, used)
            calls.append(call)
            available += _made(number, call)
        inputs = tuple(i for i in inputs if i.name in used)
        outputs = []
        if named:
            outputs = [
                (f"o{index}", found.value)
                for index, found in enumerate(available)
                if (not found.dynamic or self.flip("graphs")) and self.draw(st.booleans())
            ]
        return Graph(name, inputs, tuple(calls), tuple(outputs))

    def alias(self) -> str | None:
        return self.name() if len(self.names) > 4 else None

    def call(self, depth: int, inputs: tuple[Input, ...], available: list[Available], used: set[str]) -> Call:
        definition = self.definition(depth, fed=bool(available or inputs))
        arguments: list[tuple[str, Source]] = []
        each: Each | None = None
        dynamic = _has_dynamic(definition)
        for given in definition.inputs:
            source = self.source(given, inputs, available, each, dynamic)
            if isinstance(source, Each):
                each = source
            for part in source.parts if isinstance(source, FanIn) else (source,):
                if isinstance(part, GraphInput):
                    used.add(part.name)
            if source is not None:
                arguments.append((given.name, source))
        return Call(
            definition,
            tuple(arguments),
            self.alias() if self.flip("aliases") else None,
            self.retries() if isinstance(definition, Op) else None,
            self.tags() if isinstance(definition, Op) else (),
            tuple(hook.name for hook in self.hooks if self.draw(st.booleans())),
        )

    def definition(self, depth: int, *, fed: bool) -> Op | Graph:
        if self.definitions and self.flip("aliases"):
            known: Op | Graph = self.draw(st.sampled_from(self.definitions))
            return known
        made: Op | Graph
        if depth < 2 and self.flip("graphs") and len(self.names) > 4:
            names = ("m", "n")[: self.draw(st.integers(0, 2)) if fed else 0]
            made = self.graph(self.name(), depth + 1, tuple(Input(name) for name in names), named=True)
        else:
            made = self.op(fed=fed)
        self.definitions.append(made)
        return made

    def source(
        self,
        given: Input,
        inputs: tuple[Input, ...],
        available: list[Available],
        each: Each | None,
        dynamic: bool,
    ) -> Source | None:
        plain: list[Source] = [found.value for found in available if not found.dynamic]
        plain += [GraphInput(i.name) for i in inputs]
        choices: list[Source] = list(plain)
        for found in available:
            if found.dynamic:
                choices.append(Collect(found.value))
                if not dynamic and each in (None, Each(found.value)):
                    choices.append(Each(found.value))
        if plain and self.flip("fan-in"):
            parts = self.draw(st.lists(st.sampled_from(plain), min_size=1, max_size=3, unique=True))
            return FanIn(tuple(parts))
        missing = given.type == "Nothing" or given.default is not None or not choices
        if missing and (not choices or self.draw(st.booleans())):
            return None
        return self.draw(st.sampled_from(choices))


@dataclass(frozen=True)
class Available:
    """A value that later calls may read."""

    value: Value
    dynamic: bool


def _made(number: int, call: Call) -> list[Available]:
    names = output_names(call.definition)
    mapped = call.mapped is not None
    return [Available(Value(number, name), mapped or _is_dynamic(call.definition, name)) for name in names]


def _is_dynamic(definition: Op | Graph, output: str) -> bool:
    if isinstance(definition, Op):
        return next(one.dynamic for one in definition.outputs if one.name == output)
    value = dict(definition.outputs)[output]
    call = definition.calls[value.call]
    return call.mapped is not None or _is_dynamic(call.definition, value.output)


def _has_dynamic(definition: Op | Graph) -> bool:
    if isinstance(definition, Op):
        return any(output.dynamic for output in definition.outputs)
    return any(_has_dynamic(call.definition) for call in definition.calls)


@st.composite
def pipelines(draw: Any) -> Pipeline:
    """Draw a job of one to eight ops, and a run of it."""
    features = frozenset(draw(st.sets(st.sampled_from(FEATURES))))
    drawing = Drawing(draw, features)
    if "resources" in features:
        drawing.resources = draw(resources())
    if "hooks" in features:
        drawing.hooks = draw(hooks())
    as_job = not drawing.flip("inputs")
    inputs = tuple(Input(name) for name in ("m", "n")) if drawing.flip("inputs") else ()
    graph = drawing.graph("top", 0, inputs, named=not as_job)
    values = None
    if graph.inputs:
        values = repr({i.name: f"value of {i.name}" for i in graph.inputs if draw(st.integers(0, 5)) < 5})
    pipeline = Pipeline(
        graph,
        as_job,
        drawing.retries(),
        hooks=tuple(drawing.hooks),
        job_hooks=tuple(hook.name for hook in drawing.hooks if draw(st.booleans())),
        resources=tuple(drawing.resources),
        input_values=values,
        op_selection=drawing_selection(drawing, graph) if drawing.flip("selection") else (),
    )
    if config := drawing.config(graph):
        of = drawing.one_of("run", "run", "job")
        pipeline = replace(pipeline, config=_code({"'ops'": config}), config_of=of)
    return partitioned(drawing, pipeline) if "partitions" in features else pipeline


def _code(value: Any) -> str:
    """Return a nested dict whose leaves are code, as code."""
    if isinstance(value, str):
        return value
    return "{" + ", ".join(f"{key}: {_code(inner)}" for key, inner in value.items()) + "}"


def partitioned(drawing: Drawing, pipeline: Pipeline) -> Pipeline:
    """Return the pipeline with partitions, and a run of one partition."""
    if drawing.draw(st.booleans()):
        partitions = drawing.one_of(*PARTITIONS)
        pipeline = replace(pipeline, partitions=partitions)
        keys = PARTITIONS[partitions]
    else:
        decorator = drawing.one_of(*PARTITIONED_CONFIG)
        pipeline = replace(pipeline, partitioned_config=decorator)
        keys = PARTITIONED_CONFIG[decorator]
    return replace(pipeline, partition_key=drawing.one_of(*keys[:2], None, *keys))


@st.composite
def hooks(draw: Any) -> list[Hook]:
    """Draw up to three hooks."""
    names = ("cheer", "boom", "cry")[: draw(st.integers(1, 3))]
    return [Hook(name, draw(st.sampled_from(("success", "failure"))), draw(st.booleans())) for name in names]


def drawing_selection(drawing: Drawing, graph: Graph) -> tuple[str, ...]:
    names = node_names(graph)
    if not names:
        return ()
    clauses = st.builds(
        lambda up, name, down: up + name + down,
        st.sampled_from(("", "*", "+", "++")),
        st.sampled_from(names),
        st.sampled_from(("", "*", "+")),
    )
    return tuple(drawing.draw(st.lists(clauses, min_size=1, max_size=2)))


@st.composite
def resources(draw: Any) -> list[Resource]:
    """Draw up to three resources, one of which may need earlier ones."""
    drawn: list[Resource] = []
    for name in ("store", "beans", "zinc")[: draw(st.integers(1, 3))]:
        needs = tuple(known.name for known in drawn if draw(st.booleans()))
        fails = draw(st.sampled_from((None, None, None, None, "setup", "teardown")))
        drawn.append(Resource(name, needs, draw(st.sampled_from(("yield", "return"))), fails))
    return drawn


@st.composite
def assets(draw: Any) -> Assets:
    """Draw one to six assets, and a materialization of some of them."""
    features = frozenset(draw(st.sets(st.sampled_from(ASSET_FEATURES))))
    drawing = Drawing(draw, features)
    partitions = drawing.one_of(*PARTITIONS) if "partitions" in features else None
    drawn: list[Asset] = []
    while len(drawn) < 6 and drawing.more(len(drawn)):
        known = [asset.name for asset in drawn]
        reads = draw(st.lists(st.sampled_from(known), max_size=2, unique=True)) if known else []
        follows = [name for name in known if name not in reads and drawing.flip("deps")]
        has_type = drawing.flip("types")
        drawn.append(
            Asset(
                drawing.name(),
                tuple(reads),
                tuple(follows),
                drawing.one_of("shop", None) if "prefixes" in features else None,
                partitions if drawing.flip("partitions") else None,
                drawing.one_of(*MANNERS) if drawing.flip("manners") else "return",
                not drawing.flip("optional"),
                drawing.retries(),
                Fail(drawing.one_of(*ERRORS), drawing.one_of(99, 1)) if drawing.flip("failures") else None,
                drawing.one_of(*TYPES) if has_type else None,
                not (has_type and drawing.flip("failures")),
            )
        )
    selection = None
    if drawing.flip("selection"):
        name = draw(st.sampled_from(drawn)).name
        selection = drawing.one_of(f"[{name}]", f"'+{name}'", f"'{name}*'")
    key = drawing.one_of(*PARTITIONS[partitions], None) if partitions else None
    return Assets(tuple(drawn), selection, key)
