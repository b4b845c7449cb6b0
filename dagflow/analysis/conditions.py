"""`Conditions`: conditions that must hold at least once in a test, over all examples of a property."""

from __future__ import annotations

from dagflow.errors import ParameterCheckError


class Conditions:
    """The named conditions of a test, and how often each held.

    Example:
        >>> conditions = Conditions()
        >>> for n in range(3):
        ...     conditions.note("even", n % 2 == 0)
        ...     conditions.note("large", n > 9)
        >>> conditions.never_held()
        ["sometimes('large') never held: it was false in all 3 calls"]
    """

    def __init__(self) -> None:
        self._calls: dict[str, int] = {}
        self._held: set[str] = set()

    def note(self, name: str, condition: object) -> None:
        """Note whether a condition holds now.

        Raises:
            ParameterCheckError: The name is not a string.
        """
        if not isinstance(name, str) or not name:
            raise ParameterCheckError(f"sometimes() needs the name of a condition, not {name!r}")
        self._calls[name] = self._calls.get(name, 0) + 1
        if condition:
            self._held.add(name)

    def never_held(self) -> list[str]:
        """Return a message for each condition that was never true."""
        return [
            f"sometimes({name!r}) never held: it was false in "
            + ("its only call" if calls == 1 else f"all {calls} calls")
            for name, calls in self._calls.items()
            if name not in self._held
        ]
