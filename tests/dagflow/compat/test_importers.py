"""The chain of imports to the real Dagster, in the error of `install()`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_chain(tmp_path: Path) -> None:
    """The error names the modules that led to the import, the outermost first."""
    for name, text in {
        "dagster/__init__.py": "def op(fn): return fn",
        "cafe/__init__.py": "",
        "cafe/assets.py": "from dagster import op",
        "cafe/defs.py": "from cafe import assets",
        "start.py": "import cafe.defs",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    code = """
import sys; sys.path.insert(0, sys.argv[1])
import start
from dagflow.compat import install
try: install()
except Exception as error: print(error)
"""

    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert "imported the real 'dagster', from '" in done.stdout
    assert ", by the imports cafe.defs > cafe.assets > dagster. Call it before" in done.stdout
