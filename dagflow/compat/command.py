"""The command `python -m dagflow.compat`: a script, a module or code that imports `dagster`, on dagflow."""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Sequence

from dagflow.compat import install
from dagflow.errors import DagflowError

_USAGE = """\
usage: python -m dagflow.compat SCRIPT [ARGUMENT ...]
       python -m dagflow.compat -m MODULE [ARGUMENT ...]
       python -m dagflow.compat -c CODE [ARGUMENT ...]

Run Python code that was written for Dagster on dagflow: 'import dagster' imports dagflow.
"""


def run_command(arguments: Sequence[str] | None = None) -> None:
    """Provide the module `dagster`, and run a script, a module or code, as `python` itself runs it.

    Args:
        arguments: The arguments of the command; default: those of this process.

    Raises:
        SystemExit: The arguments name no code, or the real Dagster has been imported.

    Example:
        >>> run_command(["--help"])  # doctest: +ELLIPSIS
        usage: python -m dagflow.compat SCRIPT [ARGUMENT ...]
        ...
    """
    kind, *rest = (sys.argv[1:] if arguments is None else arguments) or [""]
    if kind in ("-h", "--help"):
        sys.stdout.write(_USAGE)
        return
    is_script = not kind.startswith("-")
    target, rest = (kind, rest) if is_script else (rest[0] if rest else "", rest[1:])
    if not target or not (is_script or kind in ("-m", "-c")):
        problem = f"unknown option '{kind}'" if kind not in ("", "-m", "-c") else "no code to run"
        sys.exit(f"{_USAGE}\nerror: {problem}. Name a script, or write -m MODULE or -c CODE.")
    if is_script and not os.path.exists(target):
        sys.exit(f"{_USAGE}\nerror: there is no file '{target}'.")
    try:
        install()
    except DagflowError as error:
        sys.exit(f"error: {error}")
    earlier = sys.argv
    sys.argv = [target if is_script else kind, *rest]
    try:
        _run(kind, target, is_script=is_script)
    finally:
        sys.argv = earlier


def _run(kind: str, target: str, *, is_script: bool) -> None:
    if is_script:
        # Python itself has the folder of the script there, and `python -m` has the current folder
        sys.path[0] = os.path.dirname(os.path.abspath(target))
        runpy.run_path(target, run_name="__main__")
    elif kind == "-m":
        runpy.run_module(target, run_name="__main__", alter_sys=True)
    else:
        code = compile(target, "<string>", "exec")
        exec(code, {"__name__": "__main__", "__builtins__": __builtins__})
