"""Tests of the imports of a session on a revision."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from importlib.util import find_spec
from pathlib import Path

import pytest

from pytest_dagflow.against import redirect
from pytest_dagflow.against.redirect import Places, Redirect

OWN = str(Path(redirect.__file__).parents[2])


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Path, Path]:
    """Create the working tree and the worktree of a revision, each with a package, and return them."""
    for side in ("working", "checkout"):
        package = tmp_path / side / "src" / "shop"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(f"SIDE = {side!r}")
        (package / "orders.py").write_text(f"SIDE = {side!r}")
    (tmp_path / "working" / "src" / "shop" / "new.py").touch()
    return tmp_path / "working", tmp_path / "checkout"


def run(sides: tuple[Path, Path], code: str, **variables: str) -> list[str]:
    """Run code after the redirect in a new interpreter, and return the lines that it prints.

    Args:
        sides: The folders of both sides.
        code: The code; its part before a line "---" runs before the redirect.
        variables: More variables of the environment.
    """
    before, _, after = textwrap.dedent(code).rpartition("---\n")
    start = "from pytest_dagflow.against import redirect\n"
    start += f"redirect.install({str(sides[0])!r}, {str(sides[1])!r})\n"
    paths = [OWN, *filter(None, [variables.pop("PYTHONPATH", "")])]
    done = subprocess.run(
        [sys.executable, "-c", f"import os, sys\n{before}{start}{after}"],
        env={**os.environ, **variables, "PYTHONPATH": os.pathsep.join(paths)},
        cwd=sides[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.returncode, done.stderr
    return done.stdout.splitlines()


FINDER = """
    from importlib.util import spec_from_file_location
    class Editable:
        MAPPING = {{"shop": {place!r}}}
        @classmethod
        def find_spec(cls, name, path=None, target=None):
            head, _, rest = name.partition(".")
            place = cls.MAPPING.get(head)
            if place is None or rest:
                return None
            return spec_from_file_location(name, f"{{place}}/__init__.py", submodule_search_locations=[place])
    sys.meta_path.append(Editable)
"""
"""A finder as setuptools installs it for a package that is edited in place."""
SHOW = """
    ---
    import shop, shop.orders
    print(shop.SIDE, shop.orders.SIDE)
    try:
        import shop.new
    except ModuleNotFoundError as error:
        print(error.name)
    files = redirect.project_files()
    print(*(os.path.relpath(file, {checkout!r}) for file in files), redirect.foreign_modules())
"""
SHOWN = ["checkout checkout", "shop.new", "src/shop/__init__.py src/shop/orders.py []"]


@pytest.mark.not_in_wasm("starts processes")
def test_each_way_to_the_path(sides: tuple[Path, Path], tmp_path: Path):
    """PYTHONPATH, a path of an editable install, its finder, and a path that code adds later are mapped."""
    source = sides[0] / "src"
    show = SHOW.format(checkout=str(sides[1]))
    link = tmp_path / "link"
    link.symlink_to(sides[0])

    assert run(sides, show, PYTHONPATH=str(source)) == SHOWN
    assert run(sides, f"sys.path.append({str(link / 'src')!r})\n" + textwrap.dedent(show)) == SHOWN
    finder = textwrap.dedent(FINDER.format(place=str(source / "shop")))
    assert run(sides, finder + textwrap.dedent(show)) == SHOWN
    late = textwrap.dedent(show).replace("---\n", f"---\nsys.path.insert(0, {str(source)!r})\n")
    assert run(sides, late) == SHOWN


@pytest.mark.not_in_wasm("starts processes")
def test_other_processes(sides: tuple[Path, Path]):
    """A new interpreter and the process of a step import from the worktree too."""
    code = f"""
        import shop
        sys.path.append({str(sides[0] / "src")!r})
        ---
        import subprocess
        from dagflow.preparations import prepare_process
        import shop
        print(shop.SIDE)
        print(subprocess.run([sys.executable, "-c", "import shop; print(shop.SIDE)"],
            capture_output=True, text=True).stdout.strip())
        step = "import sys; from dagflow.preparations import prepare_process as p; p([%r]); "
        step += "sys.path.insert(0, %r); import shop; print(shop.SIDE)"
        step %= (redirect.PREPARATION, {str(sides[0] / "src")!r})
        print(subprocess.run([sys.executable, "-c", step], capture_output=True, text=True).stdout.strip())
    """
    assert run(sides, code, PYTHONPATH=str(sides[0] / "src")) == ["checkout"] * 3


@pytest.mark.not_in_wasm("starts processes")
def test_a_module_that_is_loaded_by_its_path(sides: tuple[Path, Path]):
    """A module that no finder finds is reported."""
    file = str(sides[0] / "src" / "shop" / "orders.py")
    code = f"""
        from importlib.util import module_from_spec, spec_from_file_location
        spec = spec_from_file_location("loaded", {file!r})
        sys.modules["loaded"] = module_from_spec(spec)
        print(*redirect.foreign_modules())
    """
    assert run(sides, code) == [file]


@pytest.fixture
def finder(sides: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Redirect:
    """Put a redirect and the source folder of the working tree into this process, and return the redirect."""
    finder = Redirect(Places(*map(str, sides)))
    monkeypatch.syspath_prepend(sides[0] / "src")
    monkeypatch.setattr("sys.meta_path", [finder, *sys.meta_path])
    return finder


def test_other_kinds_of_modules(finder: Redirect, sides: tuple[Path, Path]):
    """A package that was a module, a namespace, and a module that is nowhere else."""
    working, checkout = (side / "src" for side in sides)
    (working / "was_module").mkdir()
    (working / "was_module" / "__init__.py").touch()
    (checkout / "was_module.py").touch()
    (working / "was_package.py").touch()
    (checkout / "was_package").mkdir()
    (checkout / "was_package" / "__init__.py").touch()
    for source in (working, checkout):
        (source / "spacious").mkdir()
    (working / "fresh").mkdir()

    assert finder.find_spec("was_module").origin == str(checkout / "was_module.py")  # type: ignore[union-attr]
    assert finder.find_spec("was_package").origin == str(checkout / "was_package" / "__init__.py")  # type: ignore[union-attr]
    spacious = finder.find_spec("spacious")
    assert spacious is not None
    assert list(spacious.submodule_search_locations or ()) == [str(checkout / "spacious")]
    with pytest.raises(ModuleNotFoundError, match="No module named 'fresh'"):
        finder.find_spec("fresh")
    assert finder.find_spec("no_module_of_this_name") is None
    assert find_spec("json") is not None


def test_the_tool_itself_stays(finder: Redirect, sides: tuple[Path, Path]):
    """A revision of dagflow itself is tested with the tool of the working tree."""
    (sides[0] / "src" / "pytest_dagflow").mkdir()
    (sides[0] / "src" / "pytest_dagflow" / "__init__.py").touch()

    spec = finder.find_spec("pytest_dagflow")

    assert spec is not None
    assert spec.origin == str(Path(OWN, "pytest_dagflow", "__init__.py"))
    assert Places(OWN, str(sides[1])).mapped(redirect.__file__) == redirect.__file__


def test_paths_that_stay(sides: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Environments inside of the working tree stay; one around it does not keep its files."""
    working, checkout = sides
    (working / "env").mkdir()
    (working / "env" / "pyvenv.cfg").touch()
    (working / "conda").mkdir()
    (working / "prefix").mkdir()
    monkeypatch.setattr("sys.prefix", str(working / "prefix"))
    monkeypatch.setattr("sys.base_prefix", str(tmp_path))
    (working / "inner").mkdir()
    places = Places(str(working), str(checkout))
    stay = ["env/lib/x.py", "prefix/lib/x.py", "any/site-packages/x/y.py"]

    assert [places.is_foreign(str(working / path)) for path in stay] == [False] * 3
    assert places.mapped(str(working / "src")) == str(checkout / "src")
    assert places.mapped(str(working)) == str(checkout)
    assert places.mapped("src") == "src"
    assert places.mapped(str(tmp_path)) == str(tmp_path)
    inside = Places(str(tmp_path), str(checkout))  # the temporary folder is in the working tree
    assert inside.mapped(str(checkout / "src")) == str(checkout / "src")


def test_modules_of_an_installed_project(sides: tuple[Path, Path]):
    """A project without links to its files has none that was imported."""
    assert redirect.module_files(sides[0]) == []
    assert redirect.project_files() == redirect.foreign_modules() == []
