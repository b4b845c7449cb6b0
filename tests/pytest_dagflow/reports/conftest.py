"""A pipeline whose steps have every outcome, and the section of a report about it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

KITCHEN = """
    from dagflow import Out, Output, RetryPolicy, StaticPartitionsDefinition, asset, graph, job, op, resource

    @op
    def grind():
        return "beans" * 100

    def taste(cup):
        raise ValueError("burnt")

    @op
    def brew(beans, cups=2):
        taste(beans)

    @op(out={"milk": Out(), "sugar": Out(is_required=False)})
    def fetch():
        yield Output(1, "milk")

    @op(retry_policy=RetryPolicy(max_retries=2, delay=60))
    def heat(context, milk):
        if context.retry_number < 2:
            raise OSError("cold")
        return milk

    @op
    def stir(sugar):
        return sugar

    @graph
    def milk_bar():
        milk, sugar = fetch()
        heat(milk)
        stir(sugar)

    @op
    def serve(cup):
        return cup

    @job
    def breakfast():
        milk_bar()
        serve(brew(grind()))

    @asset(partitions_def=StaticPartitionsDefinition(["a", "b"]), key_prefix="cafe")
    def water(context):
        return 1 / 0

    @resource
    def pump(_):
        raise OSError("dry")
"""


@pytest.fixture
def kitchen(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create a job with every outcome of a step, and an asset that fails."""
    pytester.makepyfile(kitchen=KITCHEN)
    return pytester


@pytest.fixture
def section() -> Callable[[pytest.RunResult], list[str]]:
    """Return the lines of the only section about dagflow."""
    return _section


def _section(result: pytest.RunResult) -> list[str]:
    """Return the lines of the only section about dagflow."""
    lines = result.outlines
    titles = ("- dagflow -", "- dagflow: ")
    (start,) = (number for number, line in enumerate(lines) if any(title in line for title in titles))
    end = next(number for number in range(start + 1, len(lines)) if lines[number].startswith(("---", "===")))
    return lines[start + 1 : end]
