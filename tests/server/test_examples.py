"""Every row of the table that is served for models and traces is asked for in a test of it."""

from pathlib import Path

import pytest

from nbtrack.server.handlers import HANDLERS
from nbtrack.store.wire import models, registry, traces

HERE = Path(__file__).parent


@pytest.mark.parametrize("name, rows", [("registry", registry), ("models", models), ("traces", traces)])
def test_every_row_has_an_example(name, rows):
    text = (HERE / f"test_{name}.py").read_text(encoding="utf-8")
    words = {endpoint.path.rpartition("/")[2] for endpoint in rows.ENDPOINTS if endpoint.name in HANDLERS}
    assert sorted(word for word in words if "{" not in word and word not in text) == []
