"""The installed distributions that modules belong to, and their versions."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import metadata

PYTHON = "python"
"""The key of the version of Python among the versions of distributions."""


def versions_of(modules: Iterable[str]) -> dict[str, str]:
    """Return the version of Python, and that of each distribution which has one of the modules.

    Args:
        modules: Names of modules; the part behind the first dot does not count. Names of the standard
            library, and of modules that no distribution has, are ignored.

    Returns:
        Versions by the name of the distribution, such as `{"python": "3.12.1", "PyYAML": "6.0.1"}`.

    Example:
        >>> sorted(versions_of(["os.path", "yaml"]))
        ['PyYAML', 'python']
    """
    tops = {module.partition(".")[0] for module in modules}
    names = {name for top in sorted(tops) for name in _distributions_of(top)}
    return {name: version_of(name) for name in (PYTHON, *sorted(names))}


@cache
def version_of(name: str) -> str:
    """Return the version of an installed distribution or of Python; "" if the distribution is missing.

    Example:
        >>> version_of("python") == platform.python_version(), version_of("no-such-distribution")
        (True, '')
    """
    if name == PYTHON:
        return platform.python_version()
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


@cache
def _distributions_of(module: str) -> tuple[str, ...]:
    """Return the names of the distributions that have a top-level module; several may share one."""
    if module in sys.stdlib_module_names:
        return ()
    try:
        same_name = metadata.distribution(module)
    except (metadata.PackageNotFoundError, ValueError):  # an empty name, behind an import of the own package
        same_name = None
    # the quick way: the metadata of all distributions take a tenth of a second in a large environment
    if same_name is not None and set(_modules_in(same_name)) == {module}:
        return (same_name.metadata["Name"],)
    return tuple(sorted(_distributions_by_module().get(module, ())))


@cache
def _distributions_by_module() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        if name:  # absent where an uninstallation left a folder behind
            for module in _modules_in(distribution):
                found.setdefault(module, set()).add(name)
    return found


def _modules_in(distribution: metadata.Distribution) -> Iterator[str]:
    """Yield the top-level modules of a distribution.

    `importlib.metadata.packages_distributions` of Python 3.10 does not read the list of files.
    """
    declared = distribution.read_text("top_level.txt")
    if declared:
        yield from declared.split()
        return
    for file in distribution.files or ():
        top = file.parts[0]
        if len(file.parts) == 1:
            if file.suffix in (".py", ".so", ".pyd"):
                yield file.name.partition(".")[0]
        elif top.isidentifier() and file.suffix in (".py", ".so", ".pyd"):
            yield top
