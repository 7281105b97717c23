"""Users, tokens and grants on every engine; what the server makes of them is tested in tests/server/auth."""

import pytest

from nbtrack.errors import AlreadyExists, SchemaError
from nbtrack.server.auth.accounts import Grant, open_accounts
from nbtrack.store.open import open_store


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("new_postgres_url", marks=pytest.mark.slow),
        pytest.param("new_maria_url", marks=pytest.mark.slow),
    ]
)
def uri(request, tmp_path):
    return f"sqlite:///{tmp_path}/users.db" if request.param == "sqlite" else request.getfixturevalue(request.param)()


def test_users_live_beside_a_store_and_are_the_same_for_all(uri, tmp_path):
    accounts = open_accounts(uri)
    open_store(uri, artifact_root=str(tmp_path)).close()
    other = open_accounts(uri)
    ada = accounts.add_user("ada", "hashed", is_admin=True)
    with pytest.raises(AlreadyExists):
        other.add_user("ada", "hashed")
    other.add_user("Ada", "hashed")
    assert [(each.name, each.is_admin) for each in other.users()] == [("Ada", False), ("ada", True)]
    before = accounts.changes()
    other.add_token("ada", "ci", "f" * 64)
    other.grant(ada.id, Grant("experiment", "1", 1))
    other.grant(ada.id, Grant("experiment", "1", 4))
    other.grant(ada.id, Grant("registered_model", "m", 3))
    assert accounts.changes() == before + 4
    assert accounts.user_of_token("f" * 64) == ada
    assert [each.name for each in accounts.tokens("ada")] == ["ci"]
    accounts.rename("registered_model", "m", "n")
    assert sorted(other.grants(ada.id), key=lambda each: each.kind) == [
        Grant("experiment", "1", 4),
        Grant("registered_model", "n", 3),
    ]
    accounts.revoke(ada.id, "experiment", "1")
    accounts.forget("registered_model", "n")
    assert other.grants(ada.id) == []
    other.set_admin("Ada", True)
    other.set_password("Ada", "other")
    assert accounts.get("Ada").password == "other"
    accounts.remove_user("ada")
    assert other.user_of_token("f" * 64) is None
    for each in (accounts, other):
        each.close()


def test_wrong_passwords_are_counted_for_a_while(uri):
    accounts = open_accounts(uri)
    accounts.note_attempts(["a", "b"], now=1000, window=500)
    accounts.note_attempts(["a"], now=1200, window=500)
    assert accounts.failures("a") == (2, 1000)
    accounts.note_attempts(["a"], now=1600, window=500)
    assert accounts.failures("a") == (1, 1600)
    assert accounts.failures("b") == (0, 0)
    accounts.forgive("a")
    assert accounts.failures("a") == (0, 0)
    accounts.close()


def test_users_of_a_newer_version_are_left_alone(tmp_path):
    import sqlite3

    uri = f"sqlite:///{tmp_path}/users.db"
    open_accounts(uri).close()
    with sqlite3.connect(tmp_path / "users.db") as connection:
        connection.execute("UPDATE auth_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(SchemaError, match="newer nbtrack"):
        open_accounts(uri)
