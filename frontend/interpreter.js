// Hands PyScript an interpreter that is on its way already: Python starts while PyScript itself is still loading.
// Only in the built page: the build fills in addresses and the lock.
import { loadPyodide as load, version } from '/vendor/pyodide/pyodide.mjs';

const folder = new URL('/vendor/pyodide/', location.href).href;
const starting = load({
  indexURL: folder,
  packageBaseUrl: folder,
  stdLibURL: '/vendor/python.zip',
  lockFileContents: 'THE LOCK',  // without packages
});
starting.catch(() => {});  // PyScript is told when it asks

export { version };

export async function loadPyodide({ stdout, stderr }) {
  const [python, { stdlib }] = await Promise.all([starting, import('/vendor/pyscript/core.js')]);
  python.setStdout({ batched: stdout });
  python.setStderr({ batched: stderr });
  // PyScript writes its Python package into the working folder at each start. The library has it, compiled.
  const run = python.runPythonAsync;
  python.runPythonAsync = (code, options) => run(code.replace(stdlib, 'import pyscript\n'), options);
  return python;
}
