"""Every reserved tag name: MLflow's, and those in which nbtrack stores facts of a run.

Names that end with a dot are prefixes. The names are stored and sent, so they never change.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "ARTIFACTS_REFUSED",
    "CAPTURE_FAILED",
    "CELL_ID",
    "DATASET_CONTEXT",
    "ENDED",
    "EVENT_REFUSED",
    "EXECUTION_COUNT",
    "GIT_BRANCH",
    "GIT_COMMIT",
    "GIT_DIRTY",
    "GIT_REMOTE",
    "IS_PROMPT",
    "JOURNAL_DAMAGE",
    "LINKED_RUN",
    "LOGGED_IMAGES",
    "LOGGED_TABLES",
    "MODEL_VERSIONS",
    "NOTE",
    "PARAM_REPLACED",
    "PARENT_ID",
    "PINNED",
    "RESERVED",
    "RUN_NAME",
    "SOURCE",
    "SOURCE_NAME",
    "SOURCE_RUN",
    "SOURCE_TYPE",
    "TABLE_LAYOUT",
    "TAG_DOCUMENT",
    "TAG_HEARTBEAT",
    "TAG_OWNER",
    "TAG_PARAM_TYPES",
    "TAG_PARAM_VALUE",
    "TAG_RUN_ID",
    "TAG_TEXTS",
    "TAG_WRITER",
    "TRACE_LOCATION",
    "TRACE_NAME",
    "USER",
    "WORKER_FAILED",
]

RESERVED: Final = ("mlflow.", "nbtrack.")  # the prefixes of tags that are not the user's

# MLflow's, of a run
RUN_NAME: Final = "mlflow.runName"  # repeats the run's name for programs that look for it in tags
NOTE: Final = "mlflow.note.content"
PARENT_ID: Final = "mlflow.parentRunId"
USER: Final = "mlflow.user"
SOURCE: Final = "mlflow.source."
SOURCE_NAME: Final = "mlflow.source.name"
SOURCE_TYPE: Final = "mlflow.source.type"
GIT_COMMIT: Final = "mlflow.source.git.commit"
GIT_BRANCH: Final = "mlflow.source.git.branch"
GIT_REMOTE: Final = "mlflow.source.git.repoURL"
GIT_DIRTY: Final = "mlflow.source.git.dirty"
LOGGED_TABLES: Final = "mlflow.loggedArtifacts"
LOGGED_IMAGES: Final = "mlflow.loggedImages"

# MLflow's, of other things
DATASET_CONTEXT: Final = "mlflow.data.context"
IS_PROMPT: Final = "mlflow.prompt.is_prompt"  # of a registered model
MODEL_VERSIONS: Final = "mlflow.modelVersions"  # of a logged model: its versions in the registry, as JSON
SOURCE_RUN: Final = "mlflow.sourceRun"  # of a trace, in its metadata
TRACE_LOCATION: Final = "mlflow.artifactLocation"  # of a trace: where its spans are
TRACE_NAME: Final = "mlflow.traceName"

# nbtrack's, of a run
ENDED: Final = "nbtrack.ended"  # how it ended where its status does not say: exit, shutdown, crashed, …
CELL_ID: Final = "nbtrack.cell.id"
EXECUTION_COUNT: Final = "nbtrack.cell.execution_count"
CAPTURE_FAILED: Final = "nbtrack.capture.failed"
WORKER_FAILED: Final = "nbtrack.worker.failed"
ARTIFACTS_REFUSED: Final = "nbtrack.artifact.refused"
EVENT_REFUSED: Final = "nbtrack.refused"  # what the store refuses and ``nbtrack sync`` can send
JOURNAL_DAMAGE: Final = "nbtrack.journal.damage"
PINNED: Final = "nbtrack.pinned"

# nbtrack's, of other things
TABLE_LAYOUT: Final = "nbtrack.table"  # of an experiment
LINKED_RUN: Final = "nbtrack.linkedRun."  # and a run's id: in the metadata of a trace

# nbtrack's marks in a run on an MLflow server, for what MLflow has no place for
TAG_RUN_ID: Final = "nbtrack.run_id"
TAG_OWNER: Final = "nbtrack.owner"
TAG_HEARTBEAT: Final = "nbtrack.heartbeat"
TAG_TEXTS: Final = "nbtrack.texts"
TAG_DOCUMENT: Final = "nbtrack.document."
TAG_WRITER: Final = "nbtrack.writer."
TAG_PARAM_TYPES: Final = "nbtrack.params."  # and a digest: a JSON mapping of a type to the params of that type
TAG_PARAM_VALUE: Final = "nbtrack.param.value."  # and a param's name: its value as JSON, where its string says something else
PARAM_REPLACED: Final = "nbtrack.param.replaced"
