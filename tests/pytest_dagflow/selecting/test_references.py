"""Tests of the two ways to read the references in the code of a function."""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import logging
import os
import os.path
import tempfile
from types import FunctionType, ModuleType
from typing import Any

import pytest

from pytest_dagflow.selecting import references


def _functions_of(module: ModuleType) -> list[FunctionType]:
    classes = [value for value in vars(module).values() if isinstance(value, type)]
    values = [one for holder in (module, *classes) for one in vars(holder).values()]
    return [value for value in values if isinstance(value, FunctionType)]


def _read(read: Any, function: FunctionType) -> dict[str, object]:
    codes = list(references.nested_code(function.__code__))
    return references._read_all(read, codes, function.__globals__, {})  # noqa: SLF001


def _with_an_assertion() -> None:
    assert os.path.join("a", json.dumps([os.sep])), os.name


def _with_a_module_in_a_variable() -> Any:
    module = os
    return module.path


def test_chains_have_the_values_of_all_instructions() -> None:
    """The quick reader finds the same values as the one that reads each instruction."""
    modules = (argparse, ast, inspect, json, logging, tempfile)
    count = 0
    for function in (_with_an_assertion, *(one for module in modules for one in _functions_of(module))):
        if any(map(references.imports_modules, references.nested_code(function.__code__))):
            continue
        try:
            found = _read(references._chained_values, function)  # noqa: SLF001
        except references._NeedsOrderError:  # noqa: SLF001
            continue
        count += 1
        assert found == _read(references._named_values, function)  # noqa: SLF001
    assert count > 500


def test_a_module_in_a_variable_needs_each_instruction() -> None:
    """A variable may hold a module, so the attributes that follow are not those of a chain."""
    with pytest.raises(references._NeedsOrderError):  # noqa: SLF001
        _read(references._chained_values, _with_a_module_in_a_variable)  # noqa: SLF001

    assert "module" not in dict(references.references(_with_a_module_in_a_variable))
    assert dict(references.references(_with_a_module_in_a_variable))["os.path"] is os.path
    assert "os.path.join" in dict(references.references(_with_an_assertion))
