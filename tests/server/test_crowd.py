"""Two servers of two workers each over one PostgreSQL, used by many clients at once."""

from __future__ import annotations

from contextlib import closing

import pytest

from nbtrack.store.open import open_store

from .crowd import check, crowd, prepare
from .test_process import serving


@pytest.mark.slow
def test_everything_confirmed_to_many_clients_is_stored_once(tmp_path, new_postgres_url):
    store = new_postgres_url()
    options = ("--store", store, "--workers", "2")
    with serving(tmp_path, *options) as (_, first), serving(tmp_path, *options) as (_, second):
        urls = (first, second)
        confirmed = crowd(urls, range(8), prepare(urls, 3), lambda done: done < 3)
    with closing(open_store(store, artifact_root="mlflow-artifacts:")) as kept:
        check(kept, confirmed)
    assert len(confirmed.versions) == 24
