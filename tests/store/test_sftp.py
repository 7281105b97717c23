"""Artifacts on another machine, by SSH."""

from uuid import uuid4

import pytest

from nbtrack.store.artifacts.open import open_artifacts

from .artifacts_contract import ArtifactsContract

pytestmark = pytest.mark.slow


class TestSftp(ArtifactsContract):
    @pytest.fixture
    def uri(self, sftp_place, monkeypatch):
        for name, value in sftp_place.environ.items():
            monkeypatch.setenv(name, value)
        return f"{sftp_place.root}/team a/{uuid4().hex}/artifacts"

    @pytest.fixture
    def store(self, uri):
        return open_artifacts(uri)
