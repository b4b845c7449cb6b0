"""The search for the module that imported the real Dagster, for the message of an error."""

from __future__ import annotations

import sys
from types import ModuleType

_NOT_IMPORTERS = ("dagster", "dagster_shared", "dagflow", "pytest_dagflow")


def chain_to(name: str) -> str:
    """Return the modules that led to an import, as a part of a sentence; empty if none is found.

    A module is an importer if one of its names is the imported module, a module below it or an object of one.

    Args:
        name: The module, which is imported.

    Example:
        >>> chain_to("nowhere")
        ''
    """
    chain, wanted = [name], name
    while (importer := _importer_of(wanted, chain)) is not None:
        chain.append(importer)
        wanted = importer
    return f", by the imports {' > '.join(reversed(chain))}" if len(chain) > 1 else ""


def _importer_of(name: str, chain: list[str]) -> str | None:
    """Return the first module that has a name of another one; modules are in the order of their imports."""
    for importer, module in list(sys.modules.items()):
        if (
            importer in chain
            or importer.partition(".")[0] in _NOT_IMPORTERS
            or not isinstance(module, ModuleType)
        ):
            continue
        # a package has its modules as attributes, also if it does not import them
        own = f"{importer}."
        values = [value for value in list(vars(module).values()) if not _is_inner(value, own)]
        modules = {_module_of(value) for value in values}
        if name in modules or (len(chain) == 1 and any(each.startswith(f"{name}.") for each in modules)):
            return importer
    return None


def _is_inner(value: object, package: str) -> bool:
    return isinstance(value, ModuleType) and value.__name__.startswith(package)


def _module_of(value: object) -> str:
    if isinstance(value, ModuleType):
        return value.__name__
    module = getattr(value, "__module__", "") if isinstance(value, type) or callable(value) else ""
    return module if isinstance(module, str) else ""
