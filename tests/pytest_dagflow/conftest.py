"""The load of the whole runtime before the first test.

A run of pytester in this process removes the modules that it loaded from `sys.modules`. If a part of
dagflow were among them, the next run would have two classes of one name.
"""

from __future__ import annotations

import importlib
import pkgutil

import dagflow

for module in pkgutil.walk_packages(dagflow.__path__, "dagflow."):
    importlib.import_module(module.name)
