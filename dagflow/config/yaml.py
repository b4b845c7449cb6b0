"""Config from YAML files and texts. The one door to PyYAML, whose safe loader makes plain values only.

Later files are laid over earlier ones, key by key at every depth; what is no mapping replaces what was there.
"""

from __future__ import annotations

import glob
from collections.abc import Iterable, Sequence
from importlib import resources
from typing import Any

from dagflow.errors import CheckError, DagflowInvariantViolationError, check_type

_DEEPEST = 4  # settings are no deeper; a YAML text can be, without end


def config_from_files(config_files: Sequence[str]) -> dict[str, Any]:
    """The run config that YAML files say together.

    Args:
        config_files: Paths or globs, in order: what a later file says replaces what an earlier one did.

    Raises:
        DagflowInvariantViolationError: A path or glob finds no file, or a file is no YAML; its line is named.
        CheckError: A file holds no mapping.

    Example:
        >>> import tempfile, pathlib
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> _ = (folder / "bar.yaml").write_text("ops: {brew: {config: {grams: 18}}}")
        >>> config_from_files([str(folder / "*.yaml")])
        {'ops': {'brew': {'config': {'grams': 18}}}}
    """
    _check_texts(config_files, "config_files")
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
    """The run config that YAML texts say together, in order: a later one replaces what an earlier one said.

    Args:
        yaml_strings: The texts.

    Raises:
        DagflowInvariantViolationError: A text is no YAML; its line is named.
        CheckError: A text holds no mapping.

    Example:
        >>> config_from_yaml_strings(["ops: {brew: {config: 1}}", "ops: {brew: {config: 2}, pour: {}}"])
        {'ops': {'brew': {'config': 2}, 'pour': {}}}
    """
    _check_texts(yaml_strings, "yaml_strings")
    return _merged([(text, f"YAML text number {number}") for number, text in enumerate(yaml_strings, 1)])


def config_from_pkg_resources(pkg_resource_defs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The run config that YAML files inside Python packages say together.

    Args:
        pkg_resource_defs: Pairs of the name of a package and the path of a file in it, in order.

    Raises:
        DagflowInvariantViolationError: There is no such package or file, or it is no YAML; its line is named.
        CheckError: A file holds no mapping.
    """
    texts = []
    for package, name in check_type(pkg_resource_defs, Sequence, "pkg_resource_defs"):
        try:
            text = resources.files(package).joinpath(name).read_text(encoding="utf-8")
        except (ModuleNotFoundError, FileNotFoundError, TypeError, UnicodeDecodeError) as error:
            raise DagflowInvariantViolationError(
                f"the file '{name}' of the package '{package}' cannot be read for the run config: {error}"
            ) from error
        texts.append((text, f"file '{name}' of the package '{package}'"))
    return _merged(texts)


def mapping_with_lines(name: str) -> tuple[dict[str, Any], dict[tuple[str, ...], int]]:
    """What a YAML file of settings says, and where.

    Args:
        name: The path of the file; an empty one says nothing.

    Returns:
        The mapping, and the line of each of its keys, by the keys that lead there.

    Raises:
        DagflowInvariantViolationError: The file cannot be read, or is no YAML; its line is named.
        CheckError: It holds no mapping.
    """
    import yaml

    text = _read(name)
    is_empty = all(line.strip()[:1] in ("", "#") for line in text.splitlines())
    settings = {} if is_empty else _parsed(text, f"file '{name}'")
    lines: dict[tuple[str, ...], int] = {}

    def note(node: Any, path: tuple[str, ...]) -> None:
        if isinstance(node, yaml.MappingNode) and len(path) < _DEEPEST:
            for key, value in node.value:
                inner = (*path, str(key.value))
                lines[inner] = key.start_mark.line + 1
                note(value, inner)

    note(yaml.compose(text, yaml.SafeLoader), ())
    return settings, lines


def _check_texts(values: Any, name: str) -> None:
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
        _lay_over(result, _parsed(text, place))
    return result


def _parsed(text: str, place: str) -> dict[Any, Any]:
    import yaml  # only YAML config needs it

    class Loader(yaml.SafeLoader):
        """Leaves dates as texts, since config has no dates."""

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    try:
        value = yaml.load(text, Loader)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: an int of too many digits
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f", line {mark.line + 1}, column {mark.column + 1}"
        raise DagflowInvariantViolationError(f"{place}{line} is no valid YAML: {error}") from error
    if not isinstance(value, dict):
        raise CheckError(f"{place} must hold a mapping, not {value!r:.80}")
    return value


def _lay_over(below: dict[Any, Any], above: dict[Any, Any]) -> None:
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(below.get(key), dict):
            _lay_over(below[key], value)
        else:
            below[key] = value
