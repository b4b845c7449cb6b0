"""A debugger that also works if standard input is not the terminal, as in a child process."""

from __future__ import annotations

import pdb
import sys
from typing import Any


class ForkedPdb(pdb.Pdb):
    """Python's debugger, reading from the terminal of the process even if its standard input was replaced."""

    def interaction(self, *args: Any, **kwargs: Any) -> None:
        """Run the command loop of the debugger on the terminal."""
        own = sys.stdin
        try:
            with open("/dev/stdin") as sys.stdin:
                super().interaction(*args, **kwargs)
        finally:
            sys.stdin = own
