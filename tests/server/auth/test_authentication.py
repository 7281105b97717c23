"""Authentication by passwords and tokens, and the limit of wrong passwords."""

import asyncio
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor

import pytest

from nbtrack.errors import AlreadyExists, InvalidInput, NotFound
from nbtrack.server.app import create_app
from nbtrack.server.auth import authentication, passwords
from nbtrack.server.auth.accounts import open_accounts
from nbtrack.server.auth.first_admin import make_admin
from nbtrack.server.auth.passwords import hash_password, hash_token, is_password, new_token
from nbtrack.server.auth.throttle import Throttle
from nbtrack.store.artifacts.local import LocalArtifacts

from .conftest import PASSWORD, As


def basic(name, password):
    return f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"


def test_a_password_is_stored_hashed_with_its_parameters():
    kept = hash_password(PASSWORD)
    assert kept.startswith("scrypt$16384$8$5$")
    assert PASSWORD not in kept
    assert is_password(PASSWORD, kept)
    assert not is_password(PASSWORD + "!", kept)
    assert not is_password(PASSWORD, None)
    with pytest.raises(InvalidInput) as raised:
        hash_password("short")
    assert "'short'" not in str(raised.value)
    assert len(new_token()) > 43 != new_token()


def test_a_password_is_hashed_once_for_many_requests(ask, monkeypatch):
    calls = []
    monkeypatch.setattr(authentication, "is_password", lambda *given: calls.append(given) or is_password(*given))
    for _ in range(3):
        assert ask(authorization=basic("reader", PASSWORD)).get("experiments/get", experiment_id="1").status == 200
    assert len(calls) == 1


def test_a_change_of_grants_does_not_hash_a_password_again(ask, accounts, monkeypatch):
    calls = []
    monkeypatch.setattr(authentication, "is_password", lambda *given: calls.append(given) or is_password(*given))
    for name in ("a", "b"):
        assert ask("editor").post("experiments/create", {"name": name}).status == 200
        assert ask(authorization=basic("reader", PASSWORD)).get("experiments/get", experiment_id="1").status == 200
    assert len(calls) == 1
    accounts.users.set_password("reader", hash_password("another password"))
    assert ask(authorization=basic("reader", PASSWORD)).get("experiments/get", experiment_id="1").status == 401
    assert len(calls) == 2
    accounts.users.remove("reader")
    assert ask(authorization=basic("reader", PASSWORD)).get("experiments/get", experiment_id="1").status == 401


def test_simultaneous_requests_with_one_password_hash_it_once(ask, monkeypatch):
    calls = []
    monkeypatch.setattr(authentication, "is_password", lambda *given: calls.append(given) or is_password(*given))
    reader = ask(authorization=basic("reader", PASSWORD))
    with ThreadPoolExecutor(6) as threads:
        statuses = set(threads.map(lambda _: reader.get("experiments/get", experiment_id="1").status, range(12)))
    assert (statuses, len(calls)) == ({200}, 1)


@pytest.mark.parametrize(
    "authorization",
    ["Bearer nobody's", "Bearer", "Basic !", "Basic " + b64encode(b"reader").decode(), "Digest x", basic("nobody", PASSWORD)],
)
def test_requests_without_valid_credentials_are_refused(ask, authorization):
    answer = ask(authorization=authorization).get("experiments/get", experiment_id="1")
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert answer.body == ask(authorization=basic("reader", "wrong password")).get("experiments/search").body


@pytest.mark.parametrize(
    "length", [[(b"content-length", b"70000")], [(b"content-length", b"many")], [(b"transfer-encoding", b"chunked")]]
)
def test_a_long_body_is_not_read_before_authentication(app, length):
    kind = [(b"content-type", b"application/json")]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/2.0/mlflow/runs/create",
        "query_string": b"",
        "headers": kind + length,
    }
    sent = []

    async def receive():
        raise AssertionError("the body was asked for")

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 401


def test_an_unknown_user_takes_as_much_work_as_a_wrong_password(ask, monkeypatch):
    work = []
    scrypt = passwords._scrypt
    monkeypatch.setattr(passwords, "_scrypt", lambda *given: work.append(given[2:]) or scrypt(*given))
    for name in ("nobody", "reader"):
        ask(authorization=basic(name, "wrong password")).get("experiments/search")
    assert work[0] == work[1]


def test_too_many_wrong_passwords_are_refused_by_every_process(app, accounts, store, tmp_path, monkeypatch):
    wrong = []
    monkeypatch.setattr(authentication, "is_password", lambda password, kept: wrong.append(password) or password == PASSWORD)
    other = create_app(store, LocalArtifacts(tmp_path / "artifacts"), accounts=open_accounts(f"sqlite:///{tmp_path}/users.db"))
    statuses = [
        As(each, authorization=basic("reader", f"guess {i}")).get("experiments/search").status
        for i in range(8)
        for each in (app, other)
    ]
    assert statuses == [401] * 10 + [429] * 6
    assert len(wrong) == 10
    refused = As(other, authorization=basic("reader", PASSWORD)).get("experiments/search")
    assert refused.error[:2] == (429, "REQUEST_LIMIT_EXCEEDED")
    assert 0 < int(refused.headers["retry-after"]) <= 300
    assert As(app, authorization=basic("editor", PASSWORD)).get("experiments/search").status == 200
    assert As(app, "reader").get("experiments/search").status == 200  # a token is not subject to the limit
    other._admission.accounts.close()


def test_failures_of_an_address_are_counted_together_and_expire(accounts):
    now = [1_000_000]
    throttle = Throttle(accounts, lambda: now[0])
    for i in range(50):
        assert throttle.attempt(f"user {i}", "1.2.3.4") == 0
    assert throttle.attempt("another", "1.2.3.4") == 300
    assert throttle.attempt("another", "1.2.3.5") == 0
    now[0] += 300_000
    assert throttle.attempt("another", "1.2.3.4") == 0


def test_simultaneous_guesses_are_all_counted(accounts):
    throttle = Throttle(accounts)
    with ThreadPoolExecutor(60) as pool:
        looked_at = [pool.submit(throttle.attempt, "reader", "1.2.3.4") for _ in range(60)]
    assert [each.result() for each in looked_at].count(0) == 10


def test_a_right_password_is_not_counted(accounts):
    throttle = Throttle(accounts)
    for _ in range(200):
        assert throttle.attempt("reader", "1.2.3.4") == 0
        throttle.reset("reader", "1.2.3.4")


def test_changes_of_accounts_hold_at_once_in_every_process(app, accounts, store, tmp_path):
    other = create_app(store, LocalArtifacts(tmp_path / "artifacts"), accounts=open_accounts(f"sqlite:///{tmp_path}/users.db"))
    reader = As(other, "reader")
    assert reader.get("experiments/get", experiment_id="1").status == 200
    grant = {"experiment_id": "1", "username": "reader", "permission": "NO_PERMISSIONS"}
    assert As(app, "manager").post("experiments/permissions/update", grant, method="PATCH").status == 200
    assert reader.get("experiments/get", experiment_id="1").status == 403
    accounts.tokens.revoke("reader", "test")
    assert reader.get("experiments/get", experiment_id="1").status == 401
    known = As(other, authorization=basic("editor", PASSWORD))
    assert known.get("experiments/get", experiment_id="1").status == 200
    assert As(app, "admin").post("users/delete", {"username": "editor"}, method="DELETE").status == 200
    assert known.get("experiments/get", experiment_id="1").status == 401
    other._admission.accounts.close()


def test_changing_ones_own_password_requires_the_current_one(ask):
    change = {"username": "reader", "password": "another password"}
    assert ask("reader").post("users/update-password", change, method="PATCH").status == 400
    wrong = {**change, "current_password": "wrong password"}
    assert ask("reader").post("users/update-password", wrong, method="PATCH").status == 400
    assert ask(authorization=basic("reader", PASSWORD)).post("users/update-password", change, method="PATCH").status == 200
    assert ask(authorization=basic("reader", PASSWORD)).get("experiments/search").status == 401
    assert ask(authorization=basic("reader", "another password")).get("experiments/search").status == 200


def test_no_secret_is_shown_or_logged(ask, accounts, caplog, capfd):
    secret = "a secret password"
    answers = [
        ask("admin").post("users/create", {"username": "new", "password": secret}),
        ask("admin").post("users/create", {"username": "new", "password": secret}),
        ask("admin").post("users/create", {"username": "a:b", "password": secret}),
        ask("admin").post("users/create", {"username": ["x"], "password": secret}),
        ask(authorization=basic("new", secret)).get("users/current"),
        ask(authorization=basic("new", secret + "!")).get("users/current"),
        ask("admin").get("users/list"),
        ask("admin").get("users/get", username="new"),
    ]
    told = "".join(answer.body.decode() + str(answer.headers) for answer in answers) + caplog.text + "".join(capfd.readouterr())
    kept = accounts.users.get("new").password
    assert secret not in told
    assert kept not in told
    assert kept not in repr(accounts.users.all())
    assert hash_token("token of reader") not in repr(accounts.tokens.of("reader"))
    assert [answer.status for answer in answers] == [200, 400, 400, 400, 200, 401, 200, 200]


def test_the_first_administrator_is_created_and_the_last_one_stays(tmp_path):
    accounts = open_accounts(f"sqlite:///{tmp_path}/new.db")
    said = make_admin(accounts)
    password = said.split("the password ")[1].split(" ")[0]
    assert is_password(password, accounts.users.get("admin").password)
    assert make_admin(accounts, "another password") == ""
    with pytest.raises(InvalidInput, match="only administrator"):
        accounts.users.remove("admin")
    with pytest.raises(InvalidInput, match="only administrator"):
        accounts.users.set_admin("admin", False)
    accounts.close()


def test_duplicate_and_missing_users_and_tokens_are_errors(accounts):
    with pytest.raises(AlreadyExists):
        accounts.users.add("reader", "x")
    with pytest.raises(AlreadyExists, match="revoke it"):
        accounts.tokens.add("reader", "test", "x")
    with pytest.raises(NotFound, match="no token"):
        accounts.tokens.revoke("reader", "other")
    with pytest.raises(NotFound, match="not found"):
        accounts.users.get("nobody")
    with pytest.raises(InvalidInput, match="--auth-db"):
        open_accounts("memory:")
