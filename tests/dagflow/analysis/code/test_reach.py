"""Ways in which the result of a function can depend on other code: an edit there changes its digest."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from dagflow.testing import Code, CodeGraph

CASES: dict[str, tuple[dict[str, str], str, str, str]] = {
    "registry decorator cross module": (
        {
            "pb.py": "REG={}\ndef reg(f):\n    REG[f.__name__]=f\n    return f\n",
            "pc.py": "from pb import reg\n@reg\ndef g(): return 1\n",
            "pa.py": "import pb, pc\ndef f(): return pb.REG['g']()\n",
        },
        "pc.py",
        "return 1",
        "return 2",
    ),
    "registry cross no import of pc by f": (
        {
            "pb.py": "REG={}\ndef reg(f):\n    REG[f.__name__]=f\n    return f\n",
            "pc.py": "from pb import reg\n@reg\ndef g(): return 1\n",
            "pa.py": "from pb import REG\nimport pc\ndef f(): return sum(g() for g in REG.values())\n",
        },
        "pc.py",
        "return 1",
        "return 2",
    ),
    "subclasses registry": (
        {
            "pb.py": "class Base:\n    def __init_subclass__(cls): pass\n",
            "pc.py": "from pb import Base\nclass A(Base):\n    x=1\n",
            "pa.py": "import pb, pc\ndef f(): return [c.x for c in pb.Base.__subclasses__()]\n",
        },
        "pc.py",
        "x=1",
        "x=2",
    ),
    "monkeypatch in assign": (
        {
            "pb.py": "class H:\n    r=1\n",
            "pc.py": "import pb\npb.H.r = 5\n",
            "pa.py": "import pc\nfrom pb import H\ndef f(): return H.r\n",
        },
        "pc.py",
        "5",
        "6",
    ),
    "singledispatch": (
        {
            "pa.py": "from functools import singledispatch\n@singledispatch\ndef h(x): return 0\n"
            "@h.register\ndef _(x: int): return 1\ndef f(): return h(3)\n",
        },
        "pa.py",
        "return 1",
        "return 2",
    ),
    "singledispatch in other": (
        {
            "pb.py": "from functools import singledispatch\n@singledispatch\ndef h(x): return 0\n",
            "pc.py": "from pb import h\n@h.register\ndef _(x: int): return 1\n",
            "pa.py": "import pc\nfrom pb import h\ndef f(): return h(3)\n",
        },
        "pc.py",
        "return 1",
        "return 2",
    ),
    "metaclass": (
        {
            "pa.py": "class M(type):\n    def __call__(cls): return 1\nclass C(metaclass=M): pass\n"
            "def f(): return C()\n",
        },
        "pa.py",
        "return 1",
        "return 2",
    ),
    "property setter global": (
        {
            "pa.py": "X=1\ndef set_():\n    global X\n    X=2\nset_()\ndef f(): return X\n",
        },
        "pa.py",
        "X=2",
        "X=3",
    ),
    "setattr module": (
        {
            "pb.py": "Y=1\n",
            "pa.py": "import pb\nsetattr(pb,'Z',4)\ndef f(): return pb.Z\n",
        },
        "pa.py",
        "4",
        "5",
    ),
    "conditional import": (
        {
            "pb.py": "Y=1\n",
            "pc.py": "Y=2\n",
            "pa.py": "try:\n    from pb import Y\nexcept ImportError:\n    from pc import Y\n"
            "def f(): return Y\n",
        },
        "pa.py",
        "from pb",
        "from pc",
    ),
    "default arg": (
        {
            "pb.py": "Y=1\n",
            "pa.py": "import pb\ndef f(x=pb.Y): return x\n",
        },
        "pb.py",
        "1",
        "2",
    ),
    "nested class": (
        {
            "pa.py": "class A:\n    class B:\n        x=1\ndef f(): return A.B.x\n",
        },
        "pa.py",
        "x=1",
        "x=2",
    ),
    "mro external": (
        {
            "pa.py": "class A(dict):\n    def __missing__(self,k): return 1\nD=A()\ndef f(): return D['q']\n",
        },
        "pa.py",
        "return 1",
        "return 2",
    ),
    "walrus": (
        {
            "pa.py": "print(Z := 1)\ndef f(): return Z\n",
        },
        "pa.py",
        ":= 1",
        ":= 2",
    ),
    "string annotation": (
        {
            "pa.py": "import typing\nclass C:\n    x=1\ndef g(a: 'C'): ...\n"
            "def f(): return typing.get_type_hints(g)['a'].x\n",
        },
        "pa.py",
        "x=1",
        "x=2",
    ),
    "global in for": (
        {
            "pa.py": "for i in range(3):\n    globals()[f'k{i}'] = i * 2\ndef f(): return k2\n",
        },
        "pa.py",
        "* 2",
        "* 3",
    ),
    "eval": (
        {
            "pa.py": "def g(): return 1\ndef f(): return eval('g()')\n",
        },
        "pa.py",
        "return 1",
        "return 2",
    ),
    "relative pkg": (
        {
            "pk/__init__.py": "",
            "pk/a.py": "from . import b\ndef q(): return b.v()\n",
            "pk/b.py": "def v(): return 1\n",
            "pa.py": "from pk.a import q\ndef f(): return q()\n",
        },
        "pk/b.py",
        "return 1",
        "return 2",
    ),
    "package __init__ effect": (
        {
            "pk/__init__.py": "from pk import b\nb.V.append(1)\n",
            "pk/b.py": "V=[]\n",
            "pa.py": "from pk import b\ndef f(): return b.V\n",
        },
        "pk/__init__.py",
        "(1)",
        "(2)",
    ),
    "instance method bound": (
        {
            "pb.py": "class C:\n    def __init__(s,n): s.n=n\n    def go(s): return s.n+1\n",
            "pa.py": "from pb import C\nf=C(1).go\n",
        },
        "pb.py",
        "+1",
        "+2",
    ),
    "alias of module": (
        {
            "pb.py": "def g(): return 1\n",
            "pa.py": "import pb\nalias = pb\ndef f(): return alias.g()\n",
        },
        "pb.py",
        "return 1",
        "return 2",
    ),
    "lru": (
        {
            "pa.py": "from functools import lru_cache\n@lru_cache\ndef g(): return 1\ndef f(): return g()\n",
        },
        "pa.py",
        "return 1",
        "return 2",
    ),
    "assignment call with side effect": (
        {
            "pb.py": "L=[]\ndef add(x): L.append(x)\n",
            "pc.py": "import pb\n_ = pb.add(1)\n",
            "pa.py": "import pb, pc\ndef f(): return list(pb.L)\n",
        },
        "pc.py",
        "1",
        "2",
    ),
    "assignment side effect same": (
        {
            "pa.py": "L=[]\n_ = L.append(1)\ndef f(): return list(L)\n",
        },
        "pa.py",
        "1",
        "2",
    ),
    "plugin string": (
        {
            "pb.py": "def g(): return 1\n",
            "pa.py": "from importlib import import_module as im\ndef f(): return im('pb').g()\n",
        },
        "pb.py",
        "return 1",
        "return 2",
    ),
    "sys.modules alias": (
        {
            "pb.py": "def g(): return 1\n",
            "pa.py": "import sys, pb\nmods = sys.modules\ndef f(): return mods['pb'].g()\n",
        },
        "pb.py",
        "return 1",
        "return 2",
    ),
    "vars(mod)": (
        {
            "pb.py": "def g(): return 1\n",
            "pa.py": "import pb\ndef f(): return vars(pb)['g']()\n",
        },
        "pb.py",
        "return 1",
        "return 2",
    ),
    "class attr mutated by other class body": (
        {
            "pa.py": "class A:\n    x=0\nclass B:\n    A.x = 1\ndef f(): return A.x\n",
        },
        "pa.py",
        "A.x = 1",
        "A.x = 2",
    ),
    "decorator on class registering": (
        {
            "pa.py": "R=[]\ndef r(c):\n    R.append(c)\n    return c\n@r\nclass K:\n    v=1\n"
            "def f(): return [k.v for k in R]\n",
        },
        "pa.py",
        "v=1",
        "v=2",
    ),
    "Y subscript write in func called at import in other fn": (
        {
            "pa.py": "D={}\ndef w(v): D['a']=v\ndef setup(): w(1)\nsetup()\ndef f(): return D['a']\n",
        },
        "pa.py",
        "w(1)",
        "w(2)",
    ),
    "match": (
        {
            "pa.py": "match 3:\n    case 3:\n        Q = 1\ndef f(): return Q\n",
        },
        "pa.py",
        "Q = 1",
        "Q = 2",
    ),
    "import as in function nested": (
        {
            "pb.py": "X=1\n",
            "pa.py": "def f():\n    import pb as z\n    def g(): return z.X\n    return g()\n",
        },
        "pb.py",
        "X=1",
        "X=2",
    ),
    "type alias/generic": (
        {
            "pa.py": "from typing import NamedTuple\nclass N(NamedTuple):\n    x: int = 1\n"
            "def f(): return N().x\n",
        },
        "pa.py",
        "= 1",
        "= 2",
    ),
    "property on instance global": (
        {
            "pa.py": "class S:\n    def __init__(s): s.__dict__['q']=1\nS0=S()\ndef f(): return S0.q\n",
        },
        "pa.py",
        "=1",
        "=2",
    ),
    "del and rebinding": (
        {
            "pa.py": "A=1\nB=A\ndel A\nA=5\ndef f(): return B\n",
        },
        "pa.py",
        "A=1",
        "A=2",
    ),
    "star all": (
        {
            "pb.py": "__all__=['x']\nx=1\ny=1\n",
            "pc.py": "y=9\n",
            "pa.py": "from pc import *\nfrom pb import *\ndef f(): return y\n",
        },
        "pb.py",
        "['x']",
        "['x','y']",
    ),
    "private star": (
        {
            "pb.py": "__all__=['_x']\n_x=1\n",
            "pa.py": "from pb import *\ndef f(): return _x\n",
        },
        "pb.py",
        "_x=1",
        "_x=2",
    ),
    "dunder star": (
        {
            "pb.py": "__all__=['__v__']\n__v__=1\n",
            "pa.py": "from pb import *\ndef f(): return __v__\n",
        },
        "pb.py",
        "__v__=1",
        "__v__=2",
    ),
    "builtins shadow in star": (
        {
            "pb.py": "z=1\n",
            "pa.py": "from pb import *\ndef f(): return len('a')\n",
        },
        "pb.py",
        "z=1",
        "def len(x): return 7",
    ),
    "class body loop": (
        {
            "pa.py": "K=1\nclass A:\n    K=K\ndef f(): return A.K\n",
        },
        "pa.py",
        "K=1",
        "K=2",
    ),
}


def _run(folder: Path, files: dict[str, str]) -> tuple[Any, Code, Code]:
    """Return the result of `f`, its digests with live values, and its digests by syntax."""
    for path, text in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    for name in [one for one in sys.modules if one.partition(".")[0] in ("pa", "pb", "pc", "pk")]:
        del sys.modules[name]
    importlib.invalidate_caches()
    function = importlib.import_module("pa").f
    live, by_syntax = CodeGraph(folder), CodeGraph(folder, is_live=False)
    return function(), live.code(function), by_syntax.code_from(["pa.py::f"])


@pytest.mark.parametrize(("files", "path", "old", "new"), CASES.values(), ids=CASES)
def test_an_edit_that_changes_the_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], path: str, old: str, new: str
) -> None:
    """The digests of a function differ, with live values and by syntax, whenever its result differs."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    before = _run(tmp_path, files)
    after = _run(tmp_path, {**files, path: files[path].replace(old, new, 1)})

    assert before[0] != after[0]
    assert before[1] != after[1], "with live values"
    assert before[2] != after[2], "by syntax"
