"""Config from YAML files and strings. Only this module imports PyYAML; its safe loader returns plain values.

Later files are merged into earlier ones, key by key at every depth. A value that is not a mapping replaces
the earlier one.
"""

from __future__ import annotations

import glob
from collections.abc import Iterable, Sequence
from importlib import resources
from typing import Any

from dagflow.config.depth import bottomless
from dagflow.config.paths import where
from dagflow.errors import CheckError, DagflowInvariantViolationError, check_elements, check_type

_MAX_DEPTH = 4  # settings are not deeper, but YAML with anchors can be infinitely deep


def config_from_files(config_files: Sequence[str]) -> dict[str, Any]:
    """Return the run config merged from YAML files.

    Args:
        config_files: Paths or globs, in order. Values of later files replace values of earlier ones.

    Raises:
        DagflowInvariantViolationError: A path or glob matches no file, or a file is not valid YAML. The error
            names the line.
        CheckError: The content of a file is not a mapping.

    Example:
        >>> import tempfile, pathlib
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> _ = (folder / "bar.yaml").write_text("ops: {brew: {config: {grams: 18}}}")
        >>> config_from_files([str(folder / "*.yaml")])
        {'ops': {'brew': {'config': {'grams': 18}}}}
    """
    _check_is_list(config_files, "config_files")
    texts: list[tuple[str, str]] = []
    for pattern in config_files:
        found = sorted(glob.glob(str(pattern)))
        if not found:
            raise DagflowInvariantViolationError(
                f"no file or glob pattern '{pattern}' was found for the run config"
            )
        contents = ((_read(name), f"file '{name}'") for name in found)
        texts += [(text, place) for text, place in contents if text.strip()]
    return _merged(texts)


def config_from_yaml_strings(yaml_strings: Sequence[str]) -> dict[str, Any]:
    """Return the run config merged from YAML strings.

    Args:
        yaml_strings: The strings, in order. Values of later strings replace values of earlier ones.

    Raises:
        DagflowInvariantViolationError: A string is not valid YAML. The error names the line.
        CheckError: The content of a string is not a mapping.

    Example:
        >>> config_from_yaml_strings(["ops: {brew: {config: 1}}", "ops: {brew: {config: 2}, pour: {}}"])
        {'ops': {'brew': {'config': 2}, 'pour': {}}}
    """
    _check_is_list(yaml_strings, "yaml_strings")
    for text in yaml_strings:
        check_type(text, str, "yaml_strings")
    return _merged([(text, f"YAML string number {number}") for number, text in enumerate(yaml_strings, 1)])


def config_from_pkg_resources(pkg_resource_defs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return the run config merged from YAML files inside Python packages.

    Args:
        pkg_resource_defs: Pairs of the name of a package and the path of a file in it, in order.

    Raises:
        DagflowInvariantViolationError: A package or file does not exist, or a file is not valid YAML. The
            error names the line.
        CheckError: The content of a file is not a mapping.
    """
    texts = []
    for pair in check_type(pkg_resource_defs, Sequence, "pkg_resource_defs"):
        package, name = check_elements(
            check_type(pair, (tuple, list), "pkg_resource_defs"), str, "pkg_resource_defs"
        )
        try:
            text = resources.files(package).joinpath(name).read_text(encoding="utf-8")
        except (ModuleNotFoundError, FileNotFoundError, TypeError, UnicodeDecodeError) as error:
            raise DagflowInvariantViolationError(
                f"the file '{name}' of the package '{package}' cannot be read for the run config: {error}"
            ) from error
        texts.append((text, f"file '{name}' of the package '{package}'"))
    return _merged(texts)


def mapping_with_lines(name: str) -> tuple[dict[str, Any], dict[tuple[str, ...], int]]:
    """Return the settings in a YAML file, and the line of each key.

    Args:
        name: The path of the file. An empty file has no settings.

    Returns:
        The mapping, and the line number of each key, by the tuple of keys that leads to it.

    Raises:
        DagflowInvariantViolationError: The file cannot be read, or is not valid YAML. The error names the
            line.
        CheckError: The content of the file is not a mapping.
    """
    import yaml

    text = _read(name)
    is_empty = all(line.strip()[:1] in ("", "#") for line in text.splitlines())
    settings = {} if is_empty else _parsed(text, f"file '{name}'")
    lines: dict[tuple[str, ...], int] = {}

    def add_lines(node: Any, path: tuple[str, ...]) -> None:
        if isinstance(node, yaml.MappingNode) and len(path) < _MAX_DEPTH:
            for key, value in node.value:
                inner = (*path, str(key.value))
                lines[inner] = key.start_mark.line + 1
                add_lines(value, inner)

    add_lines(yaml.compose(text, yaml.SafeLoader), ())
    return settings, lines


def _check_is_list(values: Any, name: str) -> None:
    if isinstance(values, str) or not isinstance(values, Iterable):
        check_type(values, list, name)


def _read(name: str) -> str:
    try:
        with open(name, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise DagflowInvariantViolationError(f"the config file '{name}' cannot be read: {error}") from error


def _merged(texts: Sequence[tuple[str, str]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for text, place in texts:
        value = _parsed(text, place)
        endless = bottomless(value)
        if endless is not None:
            path, problem = endless
            raise DagflowInvariantViolationError(
                f"{place}: the value {where(path)} {problem}. Config must have an end: remove the alias."
            )
        _merge_into(result, value)
    return result


def _parsed(text: str, place: str) -> dict[Any, Any]:
    import yaml  # imported lazily: only YAML config uses it

    class Loader(yaml.SafeLoader):
        """A safe loader that leaves dates as strings, because config has no dates."""

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    try:
        value = yaml.load(text, Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: an int with too many digits
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f", line {mark.line + 1}, column {mark.column + 1}"
        raise DagflowInvariantViolationError(f"{place}{line} is not valid YAML: {error}") from error
    if not isinstance(value, dict):
        raise CheckError(f"{place} must contain a mapping, not {value!r:.80}")
    return value


def _merge_into(target: dict[Any, Any], source: dict[Any, Any]) -> None:
    for key, value in source.items():
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            _merge_into(target[key], value)
        else:
            target[key] = value
