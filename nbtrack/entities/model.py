"""Models as frozen data: those that runs logged, and the registry's names and versions for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .run import LifecycleStage

__all__ = [
    "LoggedModelInfo",
    "LoggedModelStatus",
    "ModelMetric",
    "ModelStage",
    "ModelVersionInfo",
    "RegisteredModelInfo",
    "RunModel",
    "VersionStatus",
]


class ModelStage(StrEnum):
    """Where a model's version stands, in MLflow's words (which recommends aliases instead)."""

    NONE = "None"
    STAGING = "Staging"
    PRODUCTION = "Production"
    ARCHIVED = "Archived"

    @property
    def is_active(self) -> bool:
        """Whether models are served from this stage."""
        return self in (ModelStage.STAGING, ModelStage.PRODUCTION)


class VersionStatus(StrEnum):
    """Whether a model's version can be used."""

    PENDING_REGISTRATION = "PENDING_REGISTRATION"
    FAILED_REGISTRATION = "FAILED_REGISTRATION"
    READY = "READY"


class LoggedModelStatus(StrEnum):
    """Whether the files of a logged model are there."""

    UNSPECIFIED = "UNSPECIFIED"
    PENDING = "PENDING"
    READY = "READY"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class RegisteredModelInfo:
    """A name under which versions of a model are kept; times are milliseconds since the epoch."""

    name: str
    created: int
    updated: int
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelVersionInfo:
    """One version of a registered model.

    Attributes:
        source: Where the model came from, as it was given: a folder's URI, ``runs:/…`` or ``models:/…``.
        location: The folder of its files, which is what ``source`` stands for.
    """

    name: str
    version: int
    created: int
    updated: int
    source: str
    location: str
    description: str = ""
    stage: ModelStage = ModelStage.NONE
    status: VersionStatus = VersionStatus.READY
    run_id: str = ""
    run_link: str = ""
    model_id: str = ""
    user: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelMetric:
    """A value that was measured of a logged model, in a run and perhaps on a dataset."""

    key: str
    value: float
    timestamp: int
    step: int = 0
    run_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""


@dataclass(frozen=True, slots=True)
class LoggedModelInfo:
    """A model that a run logged, or that somebody brought; times are milliseconds since the epoch."""

    id: str
    experiment_id: str
    name: str
    artifact_uri: str
    created: int
    updated: int
    status: LoggedModelStatus = LoggedModelStatus.PENDING
    status_message: str = ""
    model_type: str = ""
    source_run_id: str = ""
    stage: LifecycleStage = LifecycleStage.ACTIVE
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    metrics: tuple[ModelMetric, ...] = ()


@dataclass(frozen=True, slots=True)
class RunModel:
    """A logged model that a run made, at a step, or that it read."""

    run_id: str
    model_id: str
    step: int = 0
