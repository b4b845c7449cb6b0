"""Code references: the files or URLs of the code of a definition."""

from __future__ import annotations

from collections.abc import Sequence

from dagflow.errors import ElementCheckError, check_optional, check_type, repr_of
from dagflow.metadata.value import MetadataValue
from dagflow.values import Constant

_set = object.__setattr__


class LocalFileCodeReference(Constant):
    """A reference to a local file, or to a line of it.

    Args:
        file_path: The path of the file.
        line_number: The number of the line, from 1; None for the whole file.
        label: A name of the reference, for readers.

    Raises:
        ParameterCheckError: An argument is of the wrong type.

    Example:
        >>> LocalFileCodeReference("cafe.py", 3).line_number
        3
    """

    __slots__ = ("file_path", "label", "line_number")
    _names = ("file_path", "line_number", "label")
    file_path: str
    line_number: int | None
    label: str | None

    def __init__(self, file_path: str, line_number: int | None = None, label: str | None = None) -> None:
        _set(self, "file_path", check_type(file_path, str, "file_path"))
        _set(self, "line_number", check_optional(line_number, int, "line_number"))
        _set(self, "label", check_optional(label, str, "label"))

    @property
    def source(self) -> str:
        """The path of the file, as it was given."""
        return self.file_path


class UrlCodeReference(Constant):
    """A reference to code at a URL.

    Args:
        url: The URL.
        label: A name of the reference, for readers.

    Raises:
        ParameterCheckError: An argument is not a string.

    Example:
        >>> UrlCodeReference("https://example.org/cafe.py").source
        'https://example.org/cafe.py'
    """

    __slots__ = ("label", "url")
    _names = ("url", "label")
    url: str
    label: str | None

    def __init__(self, url: str, label: str | None = None) -> None:
        _set(self, "url", check_type(url, str, "url"))
        _set(self, "label", check_optional(label, str, "label"))

    @property
    def source(self) -> str:
        """The URL."""
        return self.url


class CodeReferencesMetadataValue(MetadataValue):
    """A metadata value with references to the code of a definition.

    Args:
        code_references: The references, as a list or tuple.

    Raises:
        ParameterCheckError: `code_references` is not a list or tuple.
        ElementCheckError: An element is not a LocalFileCodeReference or UrlCodeReference.

    Example:
        >>> CodeReferencesMetadataValue([LocalFileCodeReference("cafe.py")]).code_references[0].source
        'cafe.py'
    """

    __slots__ = ("code_references",)
    code_references: Sequence[LocalFileCodeReference | UrlCodeReference]

    def __init__(self, code_references: Sequence[LocalFileCodeReference | UrlCodeReference]) -> None:
        check_type(code_references, (list, tuple), "code_references")
        for reference in code_references:
            if not isinstance(reference, (LocalFileCodeReference, UrlCodeReference)):
                raise ElementCheckError(
                    "parameter 'code_references' must hold LocalFileCodeReference and UrlCodeReference only, "
                    f"not {repr_of(reference)}"
                )
        _set(self, "code_references", list(code_references))

    @property
    def value(self) -> CodeReferencesMetadataValue:
        """This object itself, because it has no plainer form."""
        return self
