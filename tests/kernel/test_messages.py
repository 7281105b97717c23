"""Messages from a page while a cell runs, and its Stop button, in real kernels of many versions, without a browser."""

import re
import time

import pytest

import nbtrack
from nbtrack.settings import resolve
from nbtrack.tracking.tracker import Tracker, connection_of

from ..ipykernels import VERSIONS, folder_of
from ..notebook.kernel import Answer, Kernel

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

# A widget as kernel.messages sees it, which answers in which thread it handled a message.
WIDGET = """
import threading, time
import comm, nbtrack
from nbtrack.kernel import messages

class Widget:
    def __init__(self):
        self.told, self.run = [], None
        self.comm = comm.create_comm(target_name="nbtrack.test", data={})
        self.comm.on_msg(self.hear)
        messages.listen(self)

    def hear(self, message):
        word = message["content"]["data"]["word"]
        if word == "print":
            print("printed by the handler")
        if word == "fail":
            raise LookupError("the handler failed")
        if word == "stop":
            self.run._session.stopper.stop()
        self.told.append(word)
        self.comm.send({"heard": word})

    def logging_until(self, word, run):
        deadline = time.monotonic() + 20
        while word not in self.told:
            assert time.monotonic() < deadline, "not heard while the cell ran"
            run.log(loss=1.0)
            run._session.stopper.hear()
            time.sleep(0.001)

    def stopped_by(self, run):
        self.run = run
        return run

widget = Widget()
print(widget.comm.comm_id, messages.can_hear())
"""


class Page(Kernel):
    """A kernel, and what a page in front of it sends and receives."""

    def __init__(self, *args, **keys):
        self.messages = []
        super().__init__(*args, **keys)

    def begin(self):
        answer = self.run(WIDGET)
        assert answer.status == "ok", answer.traceback
        self.comm, self.hears = answer.text().strip().split(" ", 1)
        self.subshell = None

    def tell(self, word, *, in_subshell=False):
        """Send what a widget sends, for the shell or a subshell, as JupyterLab does according to its settings."""
        session = self.client.session
        message = session.msg("comm_msg", {"comm_id": self.comm, "data": {"word": word}})
        if in_subshell:
            message["header"]["subshell_id"] = self.subshell = self.subshell or self._make_subshell()
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def _make_subshell(self):
        self.client.control_channel.send(self.client.session.msg("create_subshell_request", {}))
        reply = self.client.get_control_msg(timeout=20)
        return reply["content"]["subshell_id"]

    def _messages(self, request):
        deadline = time.monotonic() + 60
        while True:
            message = self.client.get_iopub_msg(timeout=max(0.0, deadline - time.monotonic()))
            self.messages.append(message)
            if message["parent_header"].get("msg_id") == request:
                yield message

    def ask_during(self, code, word, **how):
        """Run a cell, send the widget a word once the cell has printed ``ready``, and return the cell's outcome."""
        self.messages = []
        sent = []
        answer = self.run(code, when="ready", then=lambda: sent.append(self.tell(word, **how)))
        self.sent = sent[0]
        return answer

    def tell_between_cells(self, word):
        """Send the widget a word while nothing runs, and wait until it has handled it."""
        self.messages = []
        self.tell(word)
        deadline = time.monotonic() + 20
        while word not in self.heard():
            self.messages.append(self.client.get_iopub_msg(timeout=max(0.0, deadline - time.monotonic())))

    def heard(self):
        return [m["content"]["data"]["heard"] for m in self.messages if m["msg_type"] == "comm_msg"]

    def shown_for(self, request):
        return [m for m in self.messages if m["parent_header"].get("msg_id") == request]

    def stop(self, body, before=""):
        """Run a tracked body and press Stop once it has printed ``ready``."""
        return self.ask_during(f"{before}%%track\nwidget.stopped_by(nbtrack.active_run())\n{body}", "stop")


@pytest.fixture(scope="module", params=VERSIONS)
def page(request, tmp_path_factory):
    path = folder_of(request.config, request.param)
    page = Page(tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("home"), python_path=path)
    version = page.run("import ipykernel; ipykernel.__version__").value.strip("'")
    assert request.param in (version, "newest")
    page.is_old = version.startswith("6.")
    page.begin()
    yield page
    page.close()


@pytest.fixture
def last_run(page):
    """Read the run that was started last."""
    trackers = []

    def read():
        trackers.append(Tracker(resolve(page.folder / ".nbtrack")))
        newest = trackers[-1].runs(experiment="*", order_by="start_time DESC")[0]
        return nbtrack.Run(connection_of(trackers[-1]), newest.id)

    yield read
    for tracker in trackers:
        connection_of(tracker).close(10)


LOGGING = """
with nbtrack.start_run() as run:
    print("ready", flush=True)
    widget.logging_until({word!r}, run)
print("done")
"""


def test_can_hear_tells_when_messages_are_handled(page):
    assert page.hears == ("while it logs" if page.is_old else "always")


@pytest.mark.parametrize("in_subshell", [False, True])
def test_a_message_is_answered_while_the_cell_runs(page, in_subshell):
    if in_subshell and page.is_old:
        pytest.skip("ipykernel 6 has no subshells")
    word = f"word {in_subshell}"
    answer = page.ask_during(LOGGING.format(word=word), word, in_subshell=in_subshell)
    assert answer.status == "ok", answer.traceback
    assert page.heard() == [word]


def test_messages_are_answered_without_log_from_ipykernel_7_on(page):
    if page.is_old:
        pytest.skip("there it is heard when the cell logs")
    code = (
        "print('ready', flush=True)\nend = time.monotonic() + 20\nwhile 'now' not in widget.told and time.monotonic() < end: pass"
    )
    assert page.ask_during(code, "now").status == "ok"
    assert page.heard() == ["now"]
    assert page.run("'now' in widget.told").value == "True"


def test_the_kernel_says_that_it_is_busy_until_the_cell_ends(page):
    answer = page.ask_during(LOGGING.format(word="busy?"), "busy?")
    assert answer.status == "ok"
    ours = [m["content"]["execution_state"] for m in page.shown_for(page.sent) if m["msg_type"] == "status"]
    assert ours == ["busy", "idle", "busy"]
    assert [m["content"]["execution_state"] for m in page.messages if m["msg_type"] == "status"][-1] == "idle"


def test_prints_of_a_handler_are_not_output_of_the_cell(page):
    if page.is_old:
        pytest.skip("there the handler runs in the cell")
    answer = page.ask_during(LOGGING.format(word="print"), "print")
    assert answer.text() == "ready\ndone\n"


def test_a_failing_handler_does_not_affect_later_messages(page):
    def fail_and_go_on():
        page.tell("fail")
        page.tell("after the failure")

    answer = page.run(LOGGING.format(word="after the failure"), when="ready", then=fail_and_go_on)
    assert answer.status == "ok", answer.traceback


def test_a_half_built_figure_survives(page):
    code = "import matplotlib.pyplot as plt\nfigure = plt.figure()\nplt.plot([1, 2])\n" + LOGGING.format(word="figure?")
    answer = page.ask_during(f"{code}\nprint(plt.gcf() is figure, len(figure.axes))", "figure?")
    assert answer.text().endswith("True 1\n")
    assert len(answer.of("display_data")) == 1


def test_a_message_between_cells_is_answered(page):
    page.tell_between_cells("between")


def test_other_messages_are_handled_by_the_kernel_in_order(page):
    code = "class Other:\n    pass\nother = comm.create_comm(target_name='other', data={})\nheard = []\n"
    code += "other.on_msg(lambda message: heard.append((message['content']['data'], running)))\nother.comm_id"
    theirs = page.run(f"running = False\n{code}").value.strip("'")

    def send():
        for number in range(3):
            content = {"comm_id": theirs, "data": number}
            page.client.shell_channel.send(page.client.session.msg("comm_msg", content))
        page.tell("mine")

    cell = f"running = True\n{LOGGING.format(word='mine')}\nrunning = False"
    assert page.run(cell, when="ready", then=send).status == "ok"
    assert page.run("heard").value == "[(0, False), (1, False), (2, False)]"


def test_a_waiting_cell_runs_after_one_that_handled_a_message(page):
    waiting = []

    def queue_and_tell():
        waiting.append(page.start("print('I ran'); 6 * 7"))
        page.tell("queue")

    assert page.run(LOGGING.format(word="queue"), when="ready", then=queue_and_tell).status == "ok"
    kept = Answer()
    kept.reply = page.client.get_shell_msg(timeout=20)["content"]
    assert kept.status == "ok"
    assert page.run("Out[max(Out)]").value == "42"


def test_messages_for_a_forgotten_widget_go_to_the_kernel(page):
    code = "gone = Widget()\nmessages.forget(gone)\nprint(gone.comm.comm_id in messages._ours, len(messages._ours))"
    assert page.run(code).text() == "False 1\n"


def test_threads_can_send(page):
    code = "failed = []\ndef send():\n    try: widget.comm.send({'heard': 'from a thread'})\n"
    code += "    except BaseException as error: failed.append(error)\n"
    code += "thread = threading.Thread(target=send)\nthread.start(); thread.join(); failed"
    page.messages = []
    assert page.run(code).value == "[]"
    assert "from a thread" in page.heard()


# Stop


def assert_stopped(answer, run):
    assert answer.status == "error"
    assert len(answer.traceback.splitlines()) == 1
    assert "stopped with the Stop button" in answer.traceback
    assert run.name in answer.traceback
    assert (run.status, run.tags["nbtrack.ended"]) == ("KILLED", "stopped")


def test_stop_ends_a_cell_that_logs(page, last_run):
    body = "print('ready', flush=True)\nfor step in range(20_000):\n"
    body += "    nbtrack.log(loss=step); active._session.stopper.hear(); time.sleep(0.001)"
    answer = page.stop(f"active = nbtrack.active_run()\n{body}")
    assert_stopped(answer, last_run())
    assert 0 < last_run().metrics["loss"].count < 20_000


def test_except_exception_lets_stop_pass(page, last_run):
    body = "active = nbtrack.active_run()\nprint('ready', flush=True)\nfor step in range(20_000):\n    try:\n"
    body += "        nbtrack.log(loss=step); active._session.stopper.hear(); time.sleep(0.001)\n    except Exception: pass"
    assert_stopped(page.stop(body), last_run())


def press_stop_from_a_thread(page):
    """Return code that presses Stop in a thread, for ipykernel 6, which handles no messages while code does not log."""
    return "threading.Timer(0.1, nbtrack.active_run()._session.stopper.stop).start()\n" if page.is_old else ""


def stop_without_logging(page, body, *, tracked=True):
    head = "%%track\n" if tracked else ""
    cell = f"{head}widget.stopped_by(nbtrack.active_run())\n{press_stop_from_a_thread(page)}print('ready', flush=True)\n{body}"
    return page.run(cell, when="ready", then=lambda: None if page.is_old else page.tell("stop"))


def test_stop_interrupts_a_cell_that_sleeps(page, last_run):
    assert_stopped(stop_without_logging(page, "time.sleep(30)"), last_run())


def test_stop_interrupts_a_cell_that_awaits(page, last_run):
    assert_stopped(stop_without_logging(page, "import asyncio\nawait asyncio.sleep(30)"), last_run())


def test_stop_ends_a_cell_whose_task_logs_and_not_the_kernel(page, last_run):
    body = "import asyncio\nasync def train():\n    for step in range(10_000):\n"
    body += "        nbtrack.log(loss=step); await asyncio.sleep(0.001)\n"
    assert_stopped(stop_without_logging(page, f"{body}await asyncio.gather(asyncio.create_task(train()))"), last_run())
    assert page.run("6 * 7").value == "42"


def test_stop_ends_the_block_of_a_run_in_a_plain_cell(page, last_run):
    # Before it prints "ready", so that a stop that comes then is for this run.
    cell = LOGGING.replace("print", "widget.stopped_by(run)\n    print", 1).format(word="never")
    assert_stopped(page.ask_during(cell, "stop"), last_run())


def test_stop_ends_a_run_that_no_block_ends(page, last_run):
    cell = "run = widget.stopped_by(nbtrack.start_run())\nprint('ready', flush=True)\nwidget.logging_until('never', run)"
    assert_stopped(page.ask_during(cell, "stop"), last_run())
    assert page.run("run.status.value, nbtrack.active_run()").value == "('KILLED', None)"


def test_stop_ends_an_open_run_while_nothing_runs(page, last_run):
    page.run("run = widget.stopped_by(nbtrack.start_run())")
    page.tell_between_cells("stop")
    ended = 'end = time.monotonic() + 20\nwhile run.status == "RUNNING" and time.monotonic() < end: time.sleep(0.01)\nrun.flush()'
    assert page.run(ended).value == "True"
    assert (last_run().status, last_run().tags["nbtrack.ended"]) == ("KILLED", "stopped")


def test_stop_leaves_later_cells_alone(page):
    first = "run = widget.stopped_by(nbtrack.start_run())\nrun._session.stopper.stop()"
    assert page.run(first).status == "ok"
    assert page.run("time.sleep(3); 'slept'").value == "'slept'"
    page.run("run.end()")


def test_a_stop_that_the_code_catches_is_a_stop(page, last_run):
    body = "active = nbtrack.active_run()\nprint('ready', flush=True)\ntry:\n    widget.logging_until('never', active)\n"
    answer = page.stop(f"{body}except KeyboardInterrupt:\n    for step in range(100): nbtrack.log(after=step)")
    assert answer.status == "ok"
    run = last_run()
    assert (run.status, run.tags["nbtrack.ended"], run.metrics["after"].count) == ("KILLED", "stopped", 100)


def test_a_stop_in_a_thread_stops_the_cell(page, last_run):
    body = "active = nbtrack.active_run()\ndef work():\n    for step in range(20_000): active.log(loss=step); time.sleep(0.001)\n"
    body += "thread = threading.Thread(target=work)\nthread.start(); thread.join()"
    stop_without_logging(page, f"threading.excepthook = lambda *_: None\n{body}")
    run = last_run()
    assert (run.status, run.tags["nbtrack.ended"]) == ("KILLED", "stopped")
    assert page.run("thread.is_alive()").value == "False"


def test_an_interrupt_by_the_user_is_not_a_stop(page, last_run):
    answer = page.run("%%track\nprint('ready', flush=True)\ntime.sleep(30)", when="ready", then=page.interrupt)
    assert "Traceback" in answer.traceback
    assert "Stop button" not in answer.traceback
    run = last_run()
    assert run.status == "KILLED"
    assert "nbtrack.ended" not in run.tags


def test_an_interrupt_after_a_stop_has_a_traceback(page):
    stop_without_logging(page, "try:\n    time.sleep(30)\nexcept KeyboardInterrupt: pass")
    answer = page.run("print('ready', flush=True)\ntime.sleep(30)", when="ready", then=page.interrupt)
    assert "Stop button" not in answer.traceback


def test_a_waiting_cell_does_not_run_after_a_stop(page, last_run):
    """ "Run All" ends with the stopped cell, as after an interrupt."""
    waiting = []

    def queue_and_stop():
        waiting.append(page.start("6 * 7"))
        page.tell("stop")

    cell = "%%track\nactive = widget.stopped_by(nbtrack.active_run())\n"
    cell += "print('ready', flush=True)\nwidget.logging_until('never', active)"
    assert_stopped(page.run(cell, when="ready", then=queue_and_stop), last_run())
    reply = page.client.get_shell_msg(timeout=20)
    assert reply["parent_header"]["msg_id"] == waiting[0]
    assert reply["content"]["status"] == "aborted"


def test_an_interrupt_by_the_server_for_a_stop_request_is_a_stop(page, last_run):
    if not page.is_old:
        pytest.skip("newer ones hear the page")

    def give_up_waiting():
        page.tell("stop")
        page.interrupt()

    cell = "%%track\nwidget.stopped_by(nbtrack.active_run())\nprint('ready', flush=True)\ntime.sleep(30)"
    page.run(cell, when="ready", then=give_up_waiting)
    run = last_run()
    assert (run.status, run.tags["nbtrack.ended"]) == ("KILLED", "stopped")
    assert not re.search("StopRun", run.traceback or "")
