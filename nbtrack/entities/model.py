"""Logged models, and the registered models and versions of the model registry, as frozen data."""

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
    """The stage of a model version, in MLflow's words; MLflow now recommends aliases instead."""

    NONE = "None"
    STAGING = "Staging"
    PRODUCTION = "Production"
    ARCHIVED = "Archived"

    @property
    def is_active(self) -> bool:
        """Whether models are served from this stage."""
        return self in (ModelStage.STAGING, ModelStage.PRODUCTION)


class VersionStatus(StrEnum):
    """Whether a model version can be used."""

    PENDING_REGISTRATION = "PENDING_REGISTRATION"
    FAILED_REGISTRATION = "FAILED_REGISTRATION"
    READY = "READY"


class LoggedModelStatus(StrEnum):
    """Whether the files of a logged model were uploaded."""

    UNSPECIFIED = "UNSPECIFIED"
    PENDING = "PENDING"
    READY = "READY"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class RegisteredModelInfo:
    """A registered model, the name of a series of versions; times are milliseconds since the epoch."""

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
        source: The URI that the version was created from: a folder's, ``runs:/…`` or ``models:/…``.
        location: The URI of the folder with its files, which ``source`` resolves to.
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
    """A value measured of a logged model, in a run and perhaps on a dataset."""

    key: str
    value: float
    timestamp: int
    step: int = 0
    run_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""


@dataclass(frozen=True, slots=True)
class LoggedModelInfo:
    """A model that a run logged or that was created without a run; times are milliseconds since the epoch."""

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
    """A logged model that a run created, at a step, or read."""

    run_id: str
    model_id: str
    step: int = 0
