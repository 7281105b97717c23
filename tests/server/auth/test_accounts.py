"""Users, tokens, grants and failed logins on every database engine."""

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


def test_users_share_a_database_with_a_store_and_every_process_sees_changes(uri, tmp_path):
    accounts = open_accounts(uri)
    open_store(uri, artifact_root=str(tmp_path)).close()
    other = open_accounts(uri)
    ada = accounts.users.add("ada", "hashed", is_admin=True)
    with pytest.raises(AlreadyExists):
        other.users.add("ada", "hashed")
    other.users.add("Ada", "hashed")
    assert [(each.name, each.is_admin) for each in other.users.all()] == [("Ada", False), ("ada", True)]
    before = accounts.changes()
    other.tokens.add("ada", "ci", "f" * 64)
    other.grants.set(ada.id, Grant("experiment", "1", 1))
    other.grants.set(ada.id, Grant("experiment", "1", 4))
    other.grants.set(ada.id, Grant("registered_model", "m", 3))
    assert accounts.changes() == before + 4
    assert accounts.tokens.owner("f" * 64) == ada
    assert [each.name for each in accounts.tokens.of("ada")] == ["ci"]
    accounts.grants.rename("registered_model", "m", "n")
    assert sorted(other.grants.of(ada.id), key=lambda each: each.kind) == [
        Grant("experiment", "1", 4),
        Grant("registered_model", "n", 3),
    ]
    accounts.grants.revoke(ada.id, "experiment", "1")
    accounts.grants.revoke_all("registered_model", "n")
    assert other.grants.of(ada.id) == []
    other.users.set_admin("Ada", True)
    other.users.set_password("Ada", "other")
    assert accounts.users.get("Ada").password == "other"
    accounts.users.remove("ada")
    assert other.tokens.owner("f" * 64) is None
    for each in (accounts, other):
        each.close()


def test_failed_logins_are_counted_until_the_window_ends(uri):
    accounts = open_accounts(uri)
    accounts.failed_logins.add(["a", "b"], now=1000, window=500)
    accounts.failed_logins.add(["a"], now=1200, window=500)
    assert accounts.failed_logins.count("a") == (2, 1000)
    accounts.failed_logins.add(["a"], now=1600, window=500)
    assert accounts.failed_logins.count("a") == (1, 1600)
    assert accounts.failed_logins.count("b") == (0, 0)
    accounts.failed_logins.clear("a")
    assert accounts.failed_logins.count("a") == (0, 0)
    accounts.close()


def test_tables_of_a_newer_version_are_refused(tmp_path):
    import sqlite3

    uri = f"sqlite:///{tmp_path}/users.db"
    open_accounts(uri).close()
    with sqlite3.connect(tmp_path / "users.db") as connection:
        connection.execute("UPDATE auth_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(SchemaError, match="newer nbtrack"):
        open_accounts(uri)
