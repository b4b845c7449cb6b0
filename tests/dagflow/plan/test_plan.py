"""Plans: order of the steps, methods, priorities, given outputs."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagflow import DependencyDefinition, DynamicOut, GraphDefinition, NodeInvocation, Out, graph, job, op
from dagflow.errors import DagflowInvalidDefinitionError
from dagflow.plan.compile import compile_plan, part_of
from dagflow.plan.plan import Plan
from dagflow.plan.step import FROM_OUTPUTS, GIVEN, OutputRef
from dagflow.plan.surroundings import Surroundings

NOON = Surroundings({}, 0.0)


@op
def one() -> Any:
    return 1


@op
def same(n: Any) -> Any:
    return n


@op(out={"p": Out(), "q": Out()})
def pair() -> Any: ...


@op
def listed(items: Any, more: Any = None) -> Any: ...


@graph
def cafe() -> None:
    p, q = pair()
    listed([one(), p], same(q))


def _plan(definition: Any) -> Plan:
    return compile_plan(
        definition.to_job() if isinstance(definition, GraphDefinition) else definition, {}, NOON
    )


def test_what_a_plan_knows() -> None:
    """A plan has the steps in order, their downstream steps and the number of their upstream steps."""
    plan = _plan(cafe)

    assert plan.step_keys == ["one", "pair", "same", "listed"]
    assert plan.index_by_key == {"one": 0, "pair": 1, "same": 2, "listed": 3}
    assert plan.dependents == [[3], [2, 3], [3], []]
    assert plan.waiting == [0, 0, 1, 3]
    assert plan.resource_keys == ("io_manager",)
    assert repr(plan) == "<plan of job 'cafe', 4 steps>"
    assert plan.describe().splitlines() == [
        "job 'cafe': 4 steps",
        "  one",
        "  pair",
        "  same <- pair",
        "  listed <- one, pair, same",
    ]


def test_unknown_steps() -> None:
    """The error about an unknown step has a suggestion."""
    assert _plan(cafe).step_by_key("same").key == "same"
    with pytest.raises(DagflowInvalidDefinitionError, match=r"plan of job 'cafe' has no step 'sam'.*'same'"):
        _plan(cafe).step_by_key("sam")


@given(st.integers(1, 10), st.integers())
def test_the_order_of_writing_has_no_say(count: int, seed: int) -> None:
    """The same nodes and dependencies give the same plan in any order of definition."""
    chance = random.Random(seed)
    above = {
        f"n{i}": sorted({f"n{chance.randrange(i)}" for _ in range(2)}) if i else [] for i in range(count)
    }

    def written(names: list[str]) -> Plan:
        return _plan(
            GraphDefinition(
                "g",
                node_defs=[listed, one] if count > 1 else [one],
                dependencies={
                    NodeInvocation("listed" if above[name] else "one", name): {
                        key: DependencyDefinition(up)
                        for key, up in zip(["items", "more"], above[name], strict=False)
                    }
                    for name in names
                },
            )
        )

    first, second = written(list(above)), written(chance.sample(list(above), count))

    assert first.step_keys == second.step_keys
    assert first.waiting == second.waiting


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ([{}, {}], [0, 0]),
        ([{"dagflow/priority": 0}, {}], [0, 0]),
        ([{"dagflow/priority": 3}, {}], [3, 0]),
        ([{"dagflow/priority": "3"}, {"dagster/priority": "-1"}], [3, -1]),
        ([{"dagflow/priority": "1", "dagster/priority": "5"}, {}], [1, 0]),
    ],
)
def test_priorities(tags: list[dict[str, Any]], expected: list[int]) -> None:
    """The priority is the tag in either spelling, dagflow's own spelling first; the default is 0."""
    made = job(name="j")(lambda: [one.alias(f"n{i}").tag(own)() for i, own in enumerate(tags)] and None)
    assert _plan(made).priorities() == expected


def test_a_priority_that_is_no_number() -> None:
    """The error names the tag, the step and the value, and has Python's error."""
    made = job(name="j")(lambda: (one.tag({"dagflow/priority": "high"})(), None)[1])
    with pytest.raises(ValueError, match="the tag 'dagflow/priority' of step 'one' is 'high'"):
        _plan(made).priorities()


def test_given_outputs() -> None:
    """A step does not run if all its outputs are given; their readers get the values."""
    plan = _plan(cafe)
    half = plan.with_given(frozenset({OutputRef("pair", "p")}))
    whole = plan.with_given(
        frozenset({OutputRef("pair", "p"), OutputRef("pair", "q"), OutputRef("one", "result")})
    )

    assert half.step_keys == plan.step_keys
    assert whole.step_keys == ["same", "listed"]
    assert whole.waiting == [0, 1]
    assert whole.step_by_key("same").inputs[0].source.source_type == GIVEN
    source = whole.step_by_key("listed").inputs[0].source
    assert source.source_type == FROM_OUTPUTS
    assert [part.source_type for part in source.parts] == [GIVEN, GIVEN]
    assert whole.given == {OutputRef("pair", "p"), OutputRef("pair", "q"), OutputRef("one", "result")}
    assert plan.step_keys == ["one", "pair", "same", "listed"]


@op(out=DynamicOut(), required_resource_keys={"grinder"})
def cups() -> Any: ...


@job(resource_defs={"grinder": object()})
def mapped() -> None:
    one()
    cups().map(same)


@pytest.mark.parametrize(
    ("keys", "resources", "step_keys", "only"),
    [
        (["cups"], ["grinder", "io_manager"], ["cups"], "cups"),
        (["same[?]"], ["io_manager"], ["same[?]"], None),
        (["same[b]"], ["io_manager"], [], None),
        (["one", "same[b]"], ["io_manager"], ["one"], None),
    ],
)
def test_a_part_of_the_steps(keys: Any, resources: Any, step_keys: Any, only: str | None) -> None:
    """A part has the resources of its steps; a mapped step is named by its key, all of them by `[?]`."""
    plan = compile_plan(mapped, {}, NOON)

    part = part_of(mapped, plan, keys)

    assert sorted(part.resource_keys) == resources
    assert part.step_keys == step_keys
    assert part.only_step == (None if only is None else plan.index_by_key[only])
    assert plan.to_execute is None


def test_an_order_without_a_value_ends_with_its_step() -> None:
    """A step that only waited for a given step no longer waits."""
    from dagflow import In, Nothing

    after = op(name="after", ins={"start": In(Nothing)})(lambda: 1)
    plan = _plan(job(name="j")(lambda: (after(one()), None)[1]))

    assert plan.with_given(frozenset({OutputRef("one", "result")})).waiting == [0]


def test_an_empty_plan() -> None:
    """An empty plan has no steps, and its description has none."""
    assert _plan(job(name="j")(lambda: None)).describe() == "job 'j': 0 steps"
    assert _plan(job(name="j")(lambda: (one(), None)[1])).describe().startswith("job 'j': 1 step\n")
