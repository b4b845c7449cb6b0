"""Values that deceive or refuse, at the top of modules and in closures: they never end a session."""

from __future__ import annotations

import pytest

VALUES = """
    import functools, types
    from dataclasses import dataclass
    from datetime import datetime
    from decimal import Decimal
    from enum import Enum
    from pathlib import Path
    from unittest.mock import MagicMock, Mock, NonCallableMock, create_autospec

    from dagflow import Config, DailyPartitionsDefinition, Definitions, asset

    class Color(Enum):
        RED = 1

    @dataclass
    class Point:
        x: int = 1

    def function():
        return 1

    @asset
    def beans():
        return 1

    class Refuses:
        def _refuse(self, *_):
            raise RuntimeError("refused")

        __eq__ = __ne__ = __bool__ = __len__ = __iter__ = __contains__ = __getattr__ = __repr__ = _refuse
        __hash__ = object.__hash__

    class Lies:
        def __init__(self, cls):
            object.__setattr__(self, "cls", cls)

        @property
        def __class__(self):
            return self.cls

    class Raises:
        @property
        def __class__(self):
            raise RuntimeError("no class")

    class Row(tuple):
        def __iter__(self):
            raise TypeError("a row is no list")

    class Text(str):
        def __repr__(self):
            raise RuntimeError("no text")

    KINDS = (
        str, int, float, bytes, list, dict, tuple, set, frozenset, type, property, object, BaseException,
        types.FunctionType, types.MethodType, types.ModuleType, functools.partial, staticmethod,
        Color, Point, Config, Path, datetime, Decimal, Definitions, DailyPartitionsDefinition, type(beans),
    )
    MOCKS = [make(spec=kind) for make in (Mock, MagicMock, NonCallableMock) for kind in KINDS]
    LIARS = [Lies(kind) for kind in KINDS]
    SPECS = [Mock(spec=one) for one in (Color.RED, Point(), function, beans, functools, lambda: 1, "a", 1)]
    AUTO = [create_autospec(one) for one in (function, Point, beans)]
    OTHERS = [Refuses(), Row((1, 2)), Text("a"), Raises()]
    MOCK, LIAR, REFUSES, ROW, TEXT = MOCKS[0], LIARS[5], OTHERS[0], OTHERS[1], OTHERS[2]
    BY_NAME = {"mock": MOCKS[5], "liar": LIARS[0], "refuses": OTHERS[0]}
"""
TESTS = """
    import pytest
    from dagflow import asset, materialize_to_memory
    from strange import *
    import strange

    def made_by(value):
        @asset
        def made():
            return value is not None
        return made

    HERE = [*MOCKS, *LIARS, *SPECS, *AUTO, *OTHERS]

    @pytest.mark.parametrize("number", range(len(HERE)))
    def test_closure(number):
        assert materialize_to_memory([made_by(HERE[number])]).output_for_node("made")

    @pytest.mark.parametrize("value", [*MOCKS[:30], *LIARS], ids=str.__name__.format)
    def test_parameter(value):
        assert materialize_to_memory([beans]).success

    def test_names():
        assert (MOCK, LIAR, REFUSES, ROW, TEXT, BY_NAME) is not None
        assert strange.MOCKS
        assert materialize_to_memory([beans, tea]).success

    @asset(metadata={"n": 1})
    def tea(beans):
        return [MOCK, LIAR, REFUSES is None, ROW is None, TEXT is None, BY_NAME is None, beans]

    class TestClass:
        value = MOCKS[3]
        other = LIARS[3]

        def test_it(self):
            assert self.value is not self.other
            assert materialize_to_memory([made_by(self.value)]).success
"""


def test_they_are_recorded_and_compared(pytester: pytest.Pytester) -> None:
    """A session records the tests of such values, selects by them, and measures their coverage."""
    pytester.makepyfile(strange=VALUES, test_strange=TESTS)
    pytester.makeini("[pytest]\ndag_definitions = strange:beans\npythonpath = .\n")

    first = pytester.runpytest_subprocess("--dag-cov")
    second = pytester.runpytest_subprocess("--dag-select", "changed()")
    third = pytester.runpytest_subprocess("--dag-select", "beans")

    assert (first.ret, second.ret, third.ret) == (0, 0, 0), f"{first.stdout}\n{second.stdout}\n{third.stdout}"
    for result in (first, second, third):
        assert "INTERNALERROR" not in str(result.stdout) + str(result.stderr)
