"""The names of types in one job: each name belongs to one type."""

from __future__ import annotations

import pytest

from dagflow import (
    DagflowInvalidDefinitionError,
    DagflowType,
    In,
    List,
    Out,
    asset,
    graph,
    materialize_to_memory,
    op,
)


def warm(name="Warm", key=None):
    """A type that every value passes."""
    return DagflowType(lambda context, value: True, name=name, key=key)


def chain(out, into):
    """A graph in which an output of one type feeds an input of another."""

    @op(out=Out(out))
    def boil():
        return [1]

    @op(ins={"cup": In(into)})
    def pour(cup):
        return 1

    @graph
    def machine():
        pour(boil())

    @graph
    def cafe():
        machine()

    return cafe


@pytest.mark.parametrize(
    ("out", "into", "name"),
    [
        (warm(), warm(), "Warm"),
        (warm(key="a"), warm(key="b"), "Warm"),
        (List[warm()], List[warm()], "Warm"),
        (warm("Int"), str, "Int"),
    ],
)
def test_two_types_with_one_name_are_refused(out, into, name):
    """The job raises, not the graph; the message names the type and both ops."""
    cafe = chain(out, into)

    with pytest.raises(
        DagflowInvalidDefinitionError, match=f"job 'cafe': the type '{name}' of op '.*test_type_names"
    ):
        cafe.to_job()


def test_one_type_may_stand_in_many_places():
    """Uses of one type, of inner types, unnamed types and equal builtin types do not clash."""
    one = warm()
    for out, into in (
        (one, one),
        (one, List[one]),
        (list[int], list[int]),
        (warm(None, "k"), warm(None, "k")),
    ):
        assert chain(out, into).to_job().name == "cafe"


def test_types_of_assets_have_names_too():
    """Type names must be unique across all assets of a job."""

    @asset(dagflow_type=warm())
    def water():
        return 1

    @asset(dagflow_type=warm())
    def tea():
        return 1

    with pytest.raises(DagflowInvalidDefinitionError, match=r"'Warm'.*'tea'.*'water'|'Warm'.*'water'.*'tea'"):
        materialize_to_memory([water, tea])
