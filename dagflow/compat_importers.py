"""The modules by which a module was imported, for the error about an import that came too early."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator
from types import FunctionType, ModuleType


def chain_to(name: str) -> list[str]:
    """Return the modules by which a package was imported, the first importer first and the package last.

    Python does not record who imports a module. The chain is found by the names in each module, so it ends
    at a module that keeps no name of the next one.

    Args:
        name: The package, which has been imported.

    Example:
        >>> chain_to("dagflow.compat_importers.nothing")
        ['dagflow.compat_importers.nothing']
    """
    importers: dict[str, list[str]] = {}
    for importer, module in list(sys.modules.items()):
        if isinstance(module, ModuleType) and not _is_in(importer, name):
            for used in set(_modules_used_by(module)):
                target = name if _is_in(used, name) else used
                if target != importer and not _is_in(target, importer):
                    importers.setdefault(target, []).append(importer)
    chains: deque[list[str]] = deque([[name]])
    seen = {name}
    chain = [name]
    while chains:
        chain = chains.popleft()
        further = [one for one in importers.get(chain[0], ()) if one not in seen]
        if not further and len(chain) > 1:
            return chain
        seen.update(further)
        chains.extend([one, *chain] for one in further)
    return chain


def _modules_used_by(module: ModuleType) -> Iterator[str]:
    for value in list(vars(module).values()):
        if isinstance(value, ModuleType):
            yield value.__name__
        elif isinstance(value, (type, FunctionType)):
            yield str(value.__module__)
        else:
            yield str(type(value).__module__)


def _is_in(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")
