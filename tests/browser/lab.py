"""A real JupyterLab or Notebook 7 in a real browser."""

import json
import secrets
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager, suppress

import nbformat
from playwright.sync_api import Error

from ..needs import free_ports
from ..notebook.kernel import plain_environment

SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
}

# What makes a page's notebook ready: its panel, its context and its kernel. What never comes is named.
READY = """async ([path, isBusy]) => {
    const app = window.jupyterapp;
    const within = (what, promise) => Promise.race([promise, new Promise((_, fail) =>
        setTimeout(() => fail(new Error(`the notebook is not ready: ${what}`)), 60_000))]);
    await within("restored", app.restored);
    const find = () => [...app.shell.widgets("main")].find((panel) => panel.context?.path === path && panel.content?.widgets);
    const found = async () => { while (!find()) await new Promise((resolve) => requestAnimationFrame(resolve)); };
    await within("panel", found());
    const panel = (window.panel = find());
    await within("context", panel.context.ready);
    await within("revealed", panel.revealed);
    await within("session", panel.sessionContext.ready);
    if (!isBusy) await within("kernel", panel.sessionContext.session?.kernel?.info);
}"""

OPEN = """async (path) => {
    const panel = await window.jupyterapp.commands.execute("docmanager:open", { path });
    window.jupyterapp.shell.activateById(panel.id);
    window.done = {};
}"""

DESCRIBED = """() => {
    const { kernel } = window.panel?.sessionContext.session ?? {};
    const live = [...document.querySelectorAll(".nbt-live")].map((el) => {
        const { x, y, width, height } = el.getBoundingClientRect();
        return `view at ${x},${y} ${width}x${height}: ${el.innerText.slice(0, 1000)}`;
    });
    const dialog = document.querySelector(".jp-Dialog")?.innerText;
    const states = { kernel: kernel?.status, connection: kernel?.connectionStatus, done: window.done, hidden: document.hidden };
    const cells = [...document.querySelectorAll(".jp-Cell .jp-Cell-outputWrapper")].map((el) => el.innerText.slice(0, 1000));
    return [JSON.stringify(states), dialog ? `dialog: ${dialog}` : "no dialog", ...live, ...cells].join("\\n");
}"""

START = """(i) => {
    const { content } = window.panel;
    content.activeCellIndex = i; content.deselectAll();
    (window.done ??= {})[i] = null;
    const done = (said) => { window.done[i] = String(said); };
    window.jupyterapp.commands.execute("notebook:run-cell").then(done, done);
}"""


class Server:
    """A Jupyter server whose files, settings and state are in a folder of its own.

    Args:
        app: ``lab`` or ``notebook``.
        folder: Where everything goes.
        kernels: Folders of other ipykernels, by the name of the kernel to make of each.
    """

    def __init__(self, app, folder, kernels):
        self.app, self.root, self.token, (self.port,) = app, folder / "notebooks", secrets.token_hex(16), free_ports(1)
        self.address = f"http://127.0.0.1:{self.port}"
        self._state = folder / "state"
        self.root.mkdir()
        self._configure(kernels)
        self._log = (folder / "server.log").open("wb")
        self._process = subprocess.Popen(
            self._command(), env=self._environment(), cwd=self.root, stdout=self._log, stderr=subprocess.STDOUT
        )
        self._wait()

    def _configure(self, kernels):
        for name, settings in SETTINGS.items():
            path = self._state / "settings" / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(settings))
        for name, packages in kernels.items():
            path = self._state / "data" / "kernels" / name / "kernel.json"
            path.parent.mkdir(parents=True)
            argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            path.write_text(
                json.dumps({"argv": argv, "display_name": name, "language": "python", "env": {"PYTHONPATH": str(packages)}})
            )

    def _environment(self):
        state = {
            name: str(self._state / name.rsplit("_", 2)[-2].lower())
            for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
        }
        lab = {
            "JUPYTERLAB_SETTINGS_DIR": str(self._state / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(self._state / "workspaces"),
        }
        return (
            plain_environment(self._state) | state | lab | {"JUPYTER_PLATFORM_DIRS": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
        )

    def _command(self):
        # By its module: ``jupyter lab`` would take the first jupyter-lab on the PATH, which may be another environment's.
        module, exposed = {"lab": ("jupyterlab", "LabApp"), "notebook": ("notebook", "JupyterNotebookApp")}[self.app]
        return [
            *(sys.executable, "-m", module, "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={self.port}"),
            *("--ServerApp.port_retries=0", f"--IdentityProvider.token={self.token}", f"--ServerApp.root_dir={self.root}"),
            *(f"--{exposed}.expose_app_in_browser=True", "--LabApp.news_url=None"),
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        ]

    def _wait(self):
        deadline = time.monotonic() + 90
        while True:
            try:
                return self.api("status")
            except OSError:
                assert self._process.poll() is None, "the Jupyter server has ended"
                assert time.monotonic() < deadline, "the Jupyter server does not answer"
                time.sleep(0.1)

    def api(self, path, method="GET"):
        """Ask the server's REST API."""
        request = urllib.request.Request(
            f"{self.address}/api/{path}", method=method, headers={"Authorization": f"token {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read() or b"null")

    def url(self, name):
        place = f"lab/tree/{name}?reset&" if self.app == "lab" else f"notebooks/{name}?"
        return f"{self.address}/{place}token={self.token}"

    def close(self):
        # The server ends its kernels on SIGTERM.
        self._process.terminate()
        self._process.wait(30)
        self._log.close()


class Notebook:
    """A notebook, open in a page of a browser."""

    def __init__(self, page, server, name, cells, kernel="python3"):
        self.page, self.server, self.name = page, server, name
        self.path = server.root / name
        self.problems = []
        page.on("pageerror", self._note)
        notebook = nbformat.v4.new_notebook(
            metadata={"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}}
        )
        notebook.cells = [nbformat.v4.new_code_cell(cell, id=f"cell-{i}") for i, cell in enumerate(cells)]
        nbformat.write(notebook, self.path)
        self._open(page)

    def _open(self, page):
        """Open it in a page that shows JupyterLab already, which is several times as fast, or load the page."""
        if page.url.startswith(f"{self.server.address}/lab"):
            page.evaluate(OPEN, self.name)
            page.evaluate(READY, [self.name, False])
        else:
            page.goto(self.server.url(self.name), timeout=90_000)
            self.wait_ready()

    def close(self):
        """Close it, and end its kernel."""
        for session in self.server.api("sessions"):
            if session["path"] == self.name:
                self.server.api(f"sessions/{session['id']}", "DELETE")
        with suppress(Error):
            self.page.evaluate("async () => { await window.panel.context.save(); window.panel.dispose(); }")

    def _note(self, error):
        # Notebook 7 says this of itself, with or without us.
        if "reading 'schema'" not in str(error):
            self.problems.append(str(error))

    def wait_ready(self, *, is_busy=False):
        self.page.wait_for_function("() => !!window.jupyterapp", timeout=60_000)
        self.page.evaluate(READY, [self.name, is_busy])

    def start(self, i):
        """Start a cell."""
        self.page.evaluate(START, i)

    def wait(self, i):
        """Wait until a cell has ended."""
        self.page.wait_for_function("(i) => window.done[i] !== null", arg=i, timeout=60_000)
        running = "(i) => window.panel.content.widgets[i].model.executionState !== 'running'"
        self.page.wait_for_function(running, arg=i, timeout=60_000)

    def run(self, i):
        """Run a cell to its end, and return what it has written."""
        self.start(i)
        self.wait(i)
        return self.text(i)

    def outputs(self, i):
        return self.page.evaluate("(i) => window.panel.content.widgets[i].model.outputs.toJSON()", i)

    def text(self, i):
        """Return what a cell has written, and the value that it ends with."""
        said = [each.get("text", each.get("data", {}).get("text/plain", "")) for each in self.outputs(i)]
        return "".join("".join(each) if isinstance(each, list) else each for each in said)

    def error(self, i):
        return next((each["evalue"] for each in self.outputs(i) if each["output_type"] == "error"), None)

    def cell(self, i):
        return self.page.locator(".jp-Notebook .jp-Cell").nth(i)

    def live(self, i):
        """Return the living view in a cell's output."""
        return self.cell(i).locator(".nbt-live").first

    def save(self):
        """Save the notebook, and return it as it is in its file."""
        self.page.evaluate("() => window.panel.context.save()")
        return json.loads(self.path.read_text())

    def saved_outputs(self, i):
        return self.save()["cells"][i]["outputs"]

    def reload(self, *, is_busy=False):
        """Load the page anew; a kernel that is busy is not waited for."""
        self.page.reload()
        self.wait_ready(is_busy=is_busy)

    def restart(self):
        self.page.evaluate("() => window.panel.sessionContext.session.kernel.restart()")

    def kernel_id(self):
        return self.page.evaluate("() => window.panel.sessionContext.session.kernel.id")

    def described(self):
        """Return what is to be seen, for whoever looks into a test that failed."""
        try:
            shown = self.page.evaluate(DESCRIBED)
        except Error as error:
            shown = str(error)
        return "\n".join([shown, *self.problems])

    def until(self, locator, text):
        """Wait until an element says something."""
        locator.filter(has_text=text).first.wait_for(timeout=30_000)


@contextmanager
def chromium(path):
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        try:
            yield browser
        finally:
            with suppress(Error):
                browser.close()
