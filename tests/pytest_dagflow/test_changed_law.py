"""The law of changed(): after an edit, the tests whose result differs run, and no other.

Each asset is a sum of sources, which are ways to hold a number in code or in a file. An edit changes the
number of one source. So the tests of the assets with this source fail, and the others pass as before.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# the code of each source with `#` for its number, and the expression that reads it from another module
SOURCES = {
    "constant": ("RATE = #", "parts.RATE"),
    "helper": ("def cups():\n    return beans()\n\ndef beans():\n    return #", "parts.cups()"),
    "method": ("class Mill:\n    def grind(self):\n        return #", "parts.Mill().grind()"),
    "attribute": ("class Pot:\n    size = #", "parts.Pot.size"),
    "base": ("class Cup:\n    ml = #\n\nclass Mug(Cup):\n    pass", "parts.Mug().ml"),
    "default": ("def pour(ml=#):\n    return ml", "parts.pour()"),
    "dataclass": ("@dataclasses.dataclass\nclass Tray:\n    n: int = #", "parts.Tray().n"),
    "enum": ("class Size(enum.Enum):\n    BIG = #", "parts.Size.BIG.value"),
    "lambda": ("RULES = {'a': lambda: #}", "parts.RULES['a']()"),
    "partial": ("roast = functools.partial(int, '#')", "parts.roast()"),
    "closure": ("def maker(n):\n    return lambda: n\n\nmake = maker(#)", "parts.make()"),
    "decorator": (
        "def add(fn):\n    return lambda: fn() + #\n\n@add\ndef stir():\n    return 0",
        "parts.stir()",
    ),
    "import": ("from more import WARM", "parts.WARM"),
    "file": ("def stock():\n    return int(pathlib.Path('stock.txt').read_text())", "parts.stock()"),
}
_FILES = {"import": ("more.py", "WARM = #\n"), "file": ("stock.txt", "#")}
_HEAD = "import dataclasses\nimport enum\nimport functools\nimport pathlib\n\n"
_numbers = itertools.count()


def _write(folder: Path, name: str, numbers: dict[str, int]) -> None:
    """Write the module of the sources, and their files, with these numbers."""
    code = "\n\n".join(SOURCES[kind][0].replace("#", str(number)) for kind, number in numbers.items())
    (folder / f"{name}.py").write_text(_HEAD + code.replace("from more", f"from {name}_more") + "\n")
    for kind, (file, content) in _FILES.items():
        file = f"{name}_more.py" if file == "more.py" else file
        (folder / file).write_text(content.replace("#", str(numbers.get(kind, 0))))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    used=st.lists(
        st.lists(st.sampled_from(sorted(SOURCES)), min_size=1, max_size=3, unique=True),
        min_size=2,
        max_size=5,
    ),
    data=st.data(),
)
@pytest.mark.not_in_wasm("many sessions")
def test_the_tests_that_differ_run(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    used: list[list[str]],
    data: st.DataObject,
) -> None:
    """After an edit of one source, changed() selects the tests of the assets that use it."""
    kinds = sorted(set(itertools.chain.from_iterable(used)))
    edited = data.draw(st.sampled_from(kinds), label="edited")
    number = next(_numbers)
    parts = f"parts_{number}"
    folder = tmp_path / str(number)
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    numbers = {kind: index + 1 for index, kind in enumerate(kinds)}
    _write(folder, parts, numbers)
    assets, tests = [], []
    for index, names in enumerate(used):
        total = " + ".join(SOURCES[kind][1].replace("parts.", f"{parts}.") for kind in names)
        expected = sum(numbers[kind] for kind in names)
        assets.append(f"@asset\ndef a{index}():\n    return {total}\n")
        tests.append(
            f"def test_{index}():\n"
            f"    result = materialize_to_memory([shop_{number}.a{index}])\n"
            f"    assert result.asset_value('a{index}') == {expected}\n"
        )
    head = f"from dagflow import asset\nimport {parts}\n\n"
    (folder / f"shop_{number}.py").write_text(head + "\n".join(assets))
    head = f"from dagflow import materialize_to_memory\nimport shop_{number}\n\n"
    (folder / f"test_law_{number}.py").write_text(head + "\n".join(tests))
    (folder / "pytest.ini").write_text("[pytest]\npythonpath = .\n")

    pytester.runpytest_inprocess("-p", "no:randomly", "-W", "error").assert_outcomes(passed=len(used))
    _write(folder, parts, {**numbers, edited: numbers[edited] + 100})
    result = pytester.runpytest_inprocess("-p", "no:randomly", "-W", "error", "--dag-select", "changed()")

    differing = sum(edited in names for names in used)
    result.assert_outcomes(failed=differing, deselected=len(used) - differing)
