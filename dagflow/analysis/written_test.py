"""`write_test`: turn one step of a run into a test that calls its function with the same inputs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dagflow._util import UNSET
from dagflow.analysis.import_names import imported
from dagflow.analysis.python_source import (
    WIDTH,
    Group,
    Imports,
    Source,
    in_one_line,
    lines_of,
    source_of,
    string_source,
    with_text,
)
from dagflow.analysis.replayed_step import ReplayedStep, step_to_replay
from dagflow.analysis.stored_values import EQUAL, FILES, StoredValue, ValueFiles, assertion, file_name
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.errors import check_type
from dagflow.keys import AssetKey
from dagflow.runs.results import ExecutionResult
from dagflow.tags import system_tag_spellings

_INDENT = "    "


def write_test(
    result: ExecutionResult, node: str, folder: str | os.PathLike[str], *, name: str | None = None
) -> Path:
    """Write a test that replays one step of a run: it calls the function of the step with the same inputs,
    config and partition, and compares the outputs.

    Small values are written as source, tables as Parquet where possible, other values as pickle files beside
    the test. A resource that is not a plain value gets a function in which you write a fake; until then the
    test is skipped. The test of a failed step fails with the error of the step, until that is mended.

    Values are written as they are now. If a function changed its inputs, the test has the changed ones.

    Args:
        result: The result of the run.
        node: The step: its key, or the key of an asset or check, as "brew[a]", "shop/cup", "shop/cup:full".
        folder: The folder of the test. It is created if it does not exist.
        name: The name of the test, of which the name of the file is made. Default: the node.

    Returns:
        The path of the test module. A test of the same name with other content is never overwritten: the name
        of the new one gets a number.

    Raises:
        ParameterCheckError: `result` is not the result of a run, or another argument has the wrong type.
        DagflowInvariantViolationError: The step is unknown, did not run or cannot be replayed. The message
            names the reason.

    Example:
        >>> from dagflow import job, op
        >>> @op
        ... def boil():
        ...     return 100
        >>> @job
        ... def tea():
        ...     boil()
        >>> write_test(tea.execute_in_process(), "boil", "tests/replayed")  # of a module, it writes a test
        Traceback (most recent call last):
        ...
        dagflow.errors.DagflowInvariantViolationError: step 'boil' cannot be replayed by a test, because ...
    """
    check_type(result, ExecutionResult, "result", "write_test")
    check_type(node, str, "node", "write_test")
    check_type(folder, (str, os.PathLike), "folder", "write_test")
    step = step_to_replay(result, node)
    stem = f"test_{file_name(node if name is None else check_type(name, str, 'name', 'write_test'))}"
    number = 1
    while True:
        path = Path(folder) / f"{stem if number == 1 else f'{stem}_{number}'}.py"
        content = _content(step, path)
        found = [file for file in (path, path.with_suffix("")) if file.exists()]
        if not found or all(file.is_file() and file.read_bytes() == content[file] for file in content):
            break
        number += 1
    for file, data in content.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return path


def _content(step: ReplayedStep, path: Path) -> dict[Path, bytes]:
    """Return the content of each file of a test: of its values, then of its module."""
    imports = Imports()
    files = ValueFiles(imports)
    source = _Module(step, imports, files).source(path)
    content = {path.with_suffix("") / name: data for name, data in files.content.items()}
    return {**content, path: source.encode()}


class _Module:
    """The source of the module of one test."""

    def __init__(self, step: ReplayedStep, imports: Imports, files: ValueFiles) -> None:
        self.step = step
        self.imports = imports
        self.files = files
        self.fakes: list[str] = []

    def source(self, path: Path) -> str:
        """Return the source of the module that will be at a path."""
        step = self.step
        body = self._body()
        fakes = [line for key in self.fakes for line in self._fake(key)]
        files = ["", f'{FILES} = Path(__file__).with_suffix("")'] if self.files.content else []
        lines = [
            f'"""{_fitting(f"Replay of {step.describe()}, which {step.outcome()}", 7)}."""',
            "",
            *self._imports(path),
            *files,
            "",
            "",
            *fakes,
            f"def {path.stem}():",
            f'{_INDENT}"""{_fitting(self._sentence(), 11)}."""',
            *(f"{_INDENT}{line}" if line else "" for line in body),
        ]
        return "\n".join(lines) + "\n"

    def _imports(self, path: Path) -> list[str]:
        """Return the lines of the imports, and before them those that let Python find the modules."""
        folders = sorted(self.imports.folders)
        if not folders:
            return self.imports.lines()
        self.imports.add("sys")
        self.imports.add("pathlib", "Path")
        standard, others = self.imports.blocks()
        lines = [*standard, ""]
        for folder in folders:
            relative = Path(os.path.relpath(folder, path.resolve().parent)).as_posix()
            lines.append(f"sys.path.append(str(Path(__file__).parent / {string_source(relative)}))")
        return [*lines, "", *others]

    def _sentence(self) -> str:
        step = self.step
        what = f"{step.what[0].upper()}{step.what[1:]}"
        if step.error is None:
            return f"{what} gives the same outputs for the same inputs"
        return f"{what} no longer raises {step.error.cls_name}"

    def _body(self) -> list[str]:
        """Return the lines of the test: the context, the call, the assertions."""
        step = self.step
        definition, lines = self._definition()
        context = self._context()
        arguments: list[Source] = ["context"] if context is not None else []
        for name, value in step.inputs().items():
            stored = self.files.store(name, value)
            if stored.source is None:
                raise step.refuse(
                    f"its input '{name}' of type '{stored.type_name}' can be neither written as source nor "
                    "pickled"
                )
            arguments.append(with_text(f"{name}=", stored.source))
        lines += [] if context is None else _assigned("context", context)
        lines += [""] if lines else []
        call = Group(f"{definition}(", arguments, ")")
        if step.error is not None:
            return [*lines, *lines_of(call if step.is_plain else self._outputs(definition, call))]
        return [*lines, *self._checked(definition, call)]

    def _definition(self) -> tuple[str, list[str]]:
        """Return the expression for the definition, and the lines that take the selected part of it."""
        definition = self.step.definition
        whole = definition.whole if isinstance(definition, AssetsDefinition) else definition
        expression = imported(whole, self.step.what, self.imports)
        if whole is definition or not isinstance(definition, AssetsDefinition):
            return expression, []
        keys = Group("{", [self._key(key) for key in sorted(definition.keys)], "}")
        arguments: list[Source] = [keys if definition.keys else "set()"]
        if definition.check_keys:
            name = self.imports.add("dagflow", "AssetCheckKey")
            checks = [
                Group(f"{name}(", [self._key(key.asset_key), string_source(key.name)], ")")
                for key in sorted(definition.check_keys)
            ]
            arguments.append(Group("{", checks, "}"))
        return "part", _assigned("part", Group(f"{expression}.subset_for(", arguments, ")"))

    def _key(self, key: AssetKey) -> str:
        return f"{self.imports.add('dagflow', 'AssetKey')}([{_strings(key.parts)}])"

    def _context(self) -> Source | None:
        """Return the call that builds the context, None if the function needs none."""
        step = self.step
        config = step.config()
        resources = self._resources()
        if not step.takes_context and config is None and not resources:
            return None
        builder, config_name = step.builder()
        items: list[Source] = []
        if config is not None:
            items.append(self._argument(config_name, config))
        if resources:
            items.append(Group("resources={", resources, "}"))
        if step.takes_context:
            items += self._partition_arguments()
        return Group(f"{self.imports.add('dagflow', builder)}(", items, ")")

    def _argument(self, name: str, value: Any) -> Source:
        stored = self.files.store(name, value)
        if stored.source is None:
            raise self.step.refuse(f"its {name} can be neither written as source nor pickled")
        return with_text(f"{name}=", stored.source)

    def _partition_arguments(self) -> list[Source]:
        step = self.step
        items: list[Source] = []
        if step.partitions.key is not None:
            items.append(f"partition_key={string_source(str(step.partitions.key))}")
        elif step.partitions.range is not None:
            ends = [string_source(end) for end in step.partitions.range]
            name = self.imports.add("dagflow", "PartitionKeyRange")
            items.append(Group(f"partition_key_range={name}(", ends, ")"))
        if step.mapping_key is not None:
            items.append(f"mapping_key={string_source(step.mapping_key)}")
        tags = {
            name: value for name, value in step.tags.items() if not name.startswith(system_tag_spellings(""))
        }
        if tags and step.takes_tags:
            items.append(self._argument("run_tags", tags))
        return items

    def _resources(self) -> list[Source]:
        """Return the entries of the resources: plain values, and calls of the functions with the fakes."""
        entries: list[Source] = []
        for key, value in self.step.resources().items():
            source = None if value is UNSET else source_of(value, self.imports)
            if source is None:
                self.fakes.append(key)
                self.imports.add("pytest")
                source = f"fake_{file_name(key)}()"
            entries.append(with_text(f"{string_source(key)}: ", source))
        return entries

    def _fake(self, key: str) -> list[str]:
        return [
            f"def fake_{file_name(key)}():",
            f'{_INDENT}"""Return a fake of the resource \'{key}\', which the step used."""',
            f"{_INDENT}pytest.skip({string_source(f'write a fake of the resource {key!r} here')})",
            "",
            "",
        ]

    def _outputs(self, definition: str, call: Group) -> Group:
        name = self.imports.add("dagflow.testing", "outputs_of")
        return Group(f"{name}(", [definition, call], ")")

    def _checked(self, definition: str, call: Group) -> list[str]:
        """Return the lines that call the function and compare the outputs."""
        step = self.step
        stored = {
            name: self.files.store(f"{name}_output" if name in step.inputs() else name, value)
            for name, value in step.outputs().items()
        }
        is_equal = all(value.comparison == EQUAL for value in stored.values())
        if step.is_plain and is_equal and len(stored) == 1:
            (value,) = stored.values()
            line = f"assert {call.one_line()} == {in_one_line(value.source)}"
            if len(line) + len(_INDENT) <= WIDTH:
                return [line]
            return [
                *_assigned("output", call),
                "",
                *_assigned("expected", value.source),
                "assert output == expected",
            ]
        lines = [*_assigned("outputs", self._outputs(definition, call)), ""]
        if is_equal:
            return lines + _compared("outputs", stored)
        names = Group("{", [string_source(name) for name in stored], "}")
        lines += _assigned("assert set(outputs)", names, " == ") if len(stored) > 1 else []
        for name, value in stored.items():
            found = f"outputs[{string_source(name)}]"
            if value.source is not None:
                lines += _assigned("expected", value.source)
            lines.append(assertion(found, value, self.imports))
        return lines


def _compared(name: str, stored: Mapping[str, StoredValue]) -> list[str]:
    """Return the lines that compare a dict of outputs with equal values."""
    items = [with_text(f"{string_source(key)}: ", value.source or "None") for key, value in stored.items()]
    expected = Group("{", items, "}")
    line = f"assert {name} == {expected.one_line()}"
    if len(line) + len(_INDENT) <= WIDTH:
        return [line]
    return [*_assigned("expected", expected), f"assert {name} == expected"]


def _assigned(name: str, source: Source | None, sign: str = " = ") -> list[str]:
    """Return an assignment, in lines that fit with the indentation of a test."""
    text = with_text(f"{name}{sign}", source if source is not None else "None")
    lines = text.lines(_INDENT) if isinstance(text, Group) else [_INDENT + text]
    if isinstance(text, str) and len(lines[0]) > WIDTH and len(_INDENT * 2 + str(source)) <= WIDTH:
        return [f"{name}{sign}(", f"{_INDENT}{source}", ")"]
    return [line.removeprefix(_INDENT) for line in lines]


def _strings(texts: Iterable[str]) -> str:
    return ", ".join(map(string_source, texts))


def _fitting(text: str, used: int) -> str:
    """Return text for a docstring of one line."""
    plain = " ".join(text.split()).replace("\\", "/").replace('"', "'").rstrip(". ")
    room = WIDTH - used
    return plain if len(plain) <= room else f"{plain[: room - 2].rstrip()} .."
