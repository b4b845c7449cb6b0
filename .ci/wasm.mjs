// Runs pytest in Pyodide: node wasm.mjs CHECKOUT SITE ARGUMENT...
import { loadPyodide } from "pyodide";

const [checkout, site, ...options] = process.argv.slice(2);
const python = await loadPyodide();
for (const [folder, place] of [[checkout, "/checkout"], [site, "/site"]]) {
  python.FS.mkdirTree(place);
  python.FS.mount(python.FS.filesystems.NODEFS, { root: folder }, place);
}
python.globals.set("options", python.toPy(options));
const code = await python.runPythonAsync(`
import os, sys
sys.path[:0] = ["/checkout", "/site"]
sys.dont_write_bytecode = True
os.chdir("/checkout")
import pytest
int(pytest.main(list(options)))
`);
process.exit(code);
