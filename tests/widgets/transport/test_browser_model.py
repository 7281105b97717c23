"""The messages between a view and its browser: numbered, answered once, errors included."""

import pytest

from nbtrack.errors import InvalidInput
from nbtrack.widgets.open_views import close_views, open_view
from nbtrack.widgets.transport.browser_model import ViewWidget
from nbtrack.widgets.view import View

pytestmark = pytest.mark.filterwarnings("ignore")


class Counting(View):
    kind = "run"
    requests = {"add": "add", "fail": "fail"}  # noqa: RUF012

    def __init__(self):
        super().__init__()
        self.total = 0

    def snapshot(self):
        return {"total": self.total}

    def add(self, number):
        self.total += number
        return {"total": self.total}

    def fail(self, error):
        raise {"input": InvalidInput("the number is odd"), "defect": LookupError("who")}[error]


@pytest.fixture
def view():
    return Counting()


@pytest.fixture
def transport(view, monkeypatch):
    transport = ViewWidget(view)
    transport.sent = []
    monkeypatch.setattr(transport, "send", lambda content, buffers=None: transport.sent.append(content))
    yield transport
    transport.close()


def hear(transport, asked, what, **args):
    transport._handle_custom_msg({"k": "ask", "id": asked, "what": what, "args": args}, [])
    return transport.sent[-1]


def test_a_repeated_request_is_answered_once(transport, view):
    assert hear(transport, "1", "add", number=2) == {"k": "answer", "id": "1", "seq": -1, "value": {"total": 2}}
    hear(transport, "1", "add", number=2)
    assert view.total == 2
    assert len(transport.sent) == 1


def test_pushes_are_numbered_and_an_answer_has_the_number_of_the_last(transport):
    for i in range(3):
        transport.push("frame", {"i": i})
    assert [each["seq"] for each in transport.sent] == [0, 1, 2]
    assert hear(transport, "1", "snapshot")["seq"] == 2


def test_a_browser_learns_whether_a_first_snapshot_will_come(transport, view, monkeypatch):
    assert transport.coming
    monkeypatch.setattr(view, "snapshot", lambda: {"was coming": transport.coming})
    transport.begin()
    assert transport.sent[0]["value"] == {"was coming": True}
    assert not transport.coming
    transport.coming = True
    monkeypatch.setattr(view, "snapshot", lambda: view.fail("input"))
    with pytest.raises(InvalidInput):
        transport.begin()
    assert not transport.coming


def test_errors_travel_back(transport, caplog):
    assert hear(transport, "1", "fail", error="input") == {"k": "error", "id": "1", "message": "the number is odd"}
    assert not caplog.records, "a user's mistake is no defect"
    assert "who" in hear(transport, "2", "fail", error="defect")["message"]
    assert "failed to answer 'fail'" in caplog.text
    assert "has no request 'drop'" in hear(transport, "3", "drop")["message"]
    assert "add" in hear(transport, "4", "add", wrong=1)["message"]


def test_unknown_messages_are_ignored(transport):
    transport._handle_custom_msg({"k": "hello"}, [])
    assert transport.sent == []


def test_the_widgets_traits_are_small_and_have_no_data(transport):
    state = transport.get_state()
    assert len(state["_esm"]) < 1500
    assert len(str({key: value for key, value in state.items() if key != "_esm"})) < 1000


def test_a_headless_execution_makes_no_widget(view):
    assert open_view(view).transport is None
    close_views()
