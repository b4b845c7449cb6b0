"""The name by which another module can import a definition."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from dagflow.analysis.python_source import Imports, string_source
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.parts.evaluation import unwrapped
from dagflow.defs.project.definitions import Definitions
from dagflow.errors import DagflowError, DagflowInvariantViolationError


def imported(definition: OpDefinition | AssetsDefinition, what: str, imports: Imports) -> str:
    """Import a definition, and return the expression by which source refers to it.

    It is a global of the module of its function: by its own name, in a list or dict, or in a Definitions.

    Args:
        definition: An op, asset or check.
        what: The definition, for the message.
        imports: Receives the import.

    Raises:
        DagflowInvariantViolationError: No module has it under a name.
    """
    op = definition if isinstance(definition, OpDefinition) else definition.node_def
    fn = unwrapped(op.body.fn) if isinstance(op, OpDefinition) else None
    module = sys.modules.get(getattr(fn, "__module__", None) or "")
    if module is None or module.__name__ == "__main__":
        place = "the main program" if module is not None else "no module"
        raise DagflowInvariantViolationError(
            f"{what} cannot be replayed by a test, because its function is defined in {place}, which a test "
            "cannot import. Move it to a module."
        )
    for find in (_as_global, _in_container, _in_definitions):
        expression = find(definition, module, imports)
        if expression is not None:
            folder = _folder_to_add(module)
            if folder is not None:
                imports.folders.add(folder)
            return expression
    raise DagflowInvariantViolationError(
        f"{what} cannot be replayed by a test, because it is not a global of module '{module.__name__}', so "
        "that the test cannot import it. Define it at the top of a module, or give it to a Definitions there."
    )


def _folder_to_add(module: ModuleType) -> Path | None:
    """Return the folder from which a module is imported, if a new process would not search it.

    It searches the folder in which it starts, PYTHONPATH, and those of installed packages. A test runner also
    adds the folders of test modules.
    """
    file = getattr(module, "__file__", None)
    if file is None:
        return None
    folder = Path(file).resolve().parents[module.__name__.count(".") + (Path(file).name == "__init__.py")]
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    searched = [Path.cwd(), *(Path(path).resolve() for path in given if path)]
    is_installed = any(part in ("site-packages", "dist-packages") for part in folder.parts)
    is_test = module.__name__.rpartition(".")[2].startswith(("test_", "conftest"))
    return folder if is_test and not is_installed and folder not in searched else None


def _as_global(definition: Any, module: ModuleType, imports: Imports) -> str | None:
    for name, value in vars(module).items():
        if value is definition and name.isidentifier():
            return imports.add(module.__name__, name)
    return None


def _in_container(definition: Any, module: ModuleType, imports: Imports) -> str | None:
    for name, value in vars(module).items():
        pairs: list[tuple[Any, Any]] = []
        if isinstance(value, list | tuple):
            pairs = list(enumerate(value))
        elif isinstance(value, dict) and not name.startswith("__"):
            pairs = [(string_source(key), one) for key, one in value.items() if isinstance(key, str)]
        for key, one in pairs:
            if one is definition:
                return f"{imports.add(module.__name__, name)}[{key}]"
    return None


def _in_definitions(definition: Any, module: ModuleType, imports: Imports) -> str | None:
    if not isinstance(definition, AssetsDefinition) or not definition.has_keys:
        return None
    key = min(definition.keys)
    for name, value in vars(module).items():
        if not isinstance(value, Definitions):
            continue
        try:
            found = value.get_assets_def(key)
        except DagflowError:
            continue
        if found is definition:
            path = ", ".join(map(string_source, key.parts))
            return f"{imports.add(module.__name__, name)}.get_assets_def([{path}])"
    return None
