"""The registry of installed packages that build on dagflow."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import ClassVar

from dagflow.errors import check_type


class DagflowLibraryRegistry:
    """The registry of the packages that build on dagflow. A package registers itself when it is imported.

    Example:
        >>> DagflowLibraryRegistry.register("dagflow-cafe", "1.0")
        >>> DagflowLibraryRegistry.get()["dagflow-cafe"]
        '1.0'
    """

    _versions: ClassVar[dict[str, str]] = {}

    @classmethod
    def register(cls, name: str, version: str, *, is_dagflow_package: bool = True) -> None:
        """Add a package, or change its version.

        Args:
            name: The name of the distribution.
            version: Its version.
            is_dagflow_package: Whether the package belongs to the project itself. Packages of both kinds are
                registered alike.

        Raises:
            ParameterCheckError: The name or version is not a string.
        """
        check_type(name, str, "name", "DagflowLibraryRegistry.register")
        check_type(version, str, "version", "DagflowLibraryRegistry.register")
        cls._versions[name] = version

    @classmethod
    def get(cls) -> Mapping[str, str]:
        """Return the version of each package by name, dagflow itself included."""
        return {"dagflow": sys.modules["dagflow"].__version__, **cls._versions}
