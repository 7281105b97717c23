"""nbtrack's module functions: each calls the current tracker or the current run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .entities.run import Experiment, Status, ViewType
from .errors import NoActiveRun
from .tracking import current_run
from .tracking.artifacts import Artifact
from .tracking.current_tracker import connect, tracker
from .tracking.model_versions import ModelVersion
from .tracking.registered_models import RegisteredModel
from .tracking.run import Run, current_runs
from .tracking.runs import Comparison, Runs
from .tracking.session import session_of

__all__ = [
    "active_run",
    "compare",
    "connect",
    "end_run",
    "experiments",
    "flush",
    "get_model",
    "get_registered_model",
    "get_run",
    "log",
    "log_artifact",
    "log_artifacts",
    "log_dict",
    "log_figure",
    "log_image",
    "log_metric",
    "log_metrics",
    "log_param",
    "log_params",
    "log_table",
    "log_text",
    "model_versions",
    "register_model",
    "registered_models",
    "runs",
    "search_runs",
    "set_experiment",
    "set_tag",
    "set_tags",
    "start_run",
    "tracker",
]


def set_experiment(name: str) -> Experiment | None:
    """Send runs to the experiment of this name from now on; it is made if there is none.

    Returns:
        The experiment; None where the store is unavailable now, which makes it later.

    Example:
        >>> import nbtrack
        >>> nbtrack.set_experiment("digits").name
        'digits'
    """
    return tracker().set_experiment(name)


def experiments(view: ViewType = "active") -> list[Experiment]:
    """Return the experiments, the newest first.

    Example:
        >>> import nbtrack
        >>> [experiment.name for experiment in nbtrack.experiments()][-1]
        'Default'
    """
    return tracker().experiments(view)


def start_run(
    name: str | None = None,
    *,
    experiment: str | None = None,
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
    parent: Run | str | None = None,
    resume: Run | str | None = None,
    note: str | None = None,
    not_failures: Sequence[type[BaseException] | str] = (),
) -> Run:
    """Start a run, which is the current one until it ends; a ``with`` block ends it.

    Args:
        name: Its name; None: a random one.
        experiment: The experiment's name; None: the current one.
        params: Params to log at once.
        tags: Tags to set at once.
        parent: The run in which it is nested; None: the current one, if there is one.
        resume: A run, or its id, to resume: it is RUNNING again, and its steps count on. Where this process has it open,
            the same object is returned; where another process has, this one adds to it and the other one ends it.
        note: A remark, for people.
        not_failures: Exceptions, or their names as ``"package.Error"``, with which it ends as FINISHED; the tag
            ``nbtrack.ended`` names the one that ended it. Optuna's TrialPruned needs no naming: KILLED, ``pruned``.

    Example:
        >>> import nbtrack
        >>> with nbtrack.start_run("baseline", params={"lr": 0.1}) as run:
        ...     nbtrack.log(loss=0.5)
        >>> nbtrack.get_run(run.id).params["lr"]
        0.1
    """
    return tracker().start_run(
        name,
        experiment=experiment,
        params=params,
        tags=tags,
        parent=parent,
        resume=resume,
        note=note,
        not_failures=not_failures,
    )


def active_run() -> Run | None:
    """Return the current run, None where nothing is being tracked.

    A thread or a task has the run that was current where it was started; work for a thread pool, where it was submitted.
    """
    return current_runs.active()


def end_run(status: Status | str = Status.FINISHED) -> None:
    """End the current run; where there is none, nothing happens."""
    run = current_runs.active()
    if run is not None:
        run.end(status)
        current_run.leave(session_of(run))  # a run that had ended before is still current in what was started in it


def get_run(run_id: str) -> Run:
    """Return a run by its id.

    Raises:
        RunNotFound: There is none.
    """
    return tracker().get_run(run_id)


def runs(
    filter: str | None = None,
    *,
    experiment: str | Sequence[str] | None = None,
    order_by: str | Sequence[str] | None = None,
    limit: int | None = None,
    view: ViewType = "active",
) -> Runs:
    """Return the runs that match, the newest first.

    Args:
        filter: As ``"metrics.loss < 0.1 and params.lr >= 0.01"``: MLflow's language, extended by OR, NOT, parentheses, IN,
            BETWEEN, numeric params, ``metrics.loss.min`` and ``start_time > '2 days ago'``.
        experiment: A name, an id, or a list of them; None: the current one; ``"*"``: all.
        order_by: As ``"metrics.loss ASC"``, or a list of such.
        limit: The most that are returned; None: all.
        view: ``"active"``, ``"deleted"`` or ``"all"``.

    Raises:
        FilterError: The filter cannot be parsed; the message points at the place.

    Example:
        >>> import nbtrack
        >>> for lr in (0.1, 0.01):
        ...     with nbtrack.start_run(params={"lr": lr}):
        ...         nbtrack.log(loss=lr * 2)
        >>> [run.params["lr"] for run in nbtrack.runs("params.lr < 0.05")]
        [0.01]
    """
    return tracker().runs(filter, experiment=experiment, order_by=order_by, limit=limit, view=view)


def search_runs(
    experiment_ids: Sequence[str] | None = None,
    filter_string: str = "",
    run_view_type: int | ViewType = "active",
    max_results: int = 100_000,
    order_by: Sequence[str] | None = None,
    output_format: str = "pandas",
    search_all_experiments: bool = False,
    experiment_names: Sequence[str] | None = None,
) -> Any:
    """Return runs as ``mlflow.search_runs`` does, with its arguments, columns and dtypes, for code written for MLflow."""
    return tracker().search_runs(
        experiment_ids,
        filter_string,
        run_view_type,
        max_results,
        order_by,
        output_format,
        search_all_experiments,
        experiment_names,
    )


def compare(*runs: Run | str | Iterable[Run | str]) -> Comparison:
    """Compare runs: the params that differ, the metrics, the curves.

    Args:
        runs: Runs, their ids, or lists of either.
    """
    return tracker().compare(*runs)


def register_model(
    model_uri: str | Artifact,
    name: str,
    *,
    tags: Mapping[str, Any] | None = None,
    description: str = "",
    alias: str | None = None,
) -> ModelVersion:
    """Register a model that a run made as the next version under a name, which is created if there is none.

    Args:
        model_uri: A folder of a run, ``"runs:/RUN_ID/FOLDER"`` or an entry of ``run.artifacts.list()``; a model that MLflow
            logged, ``"models:/m-…"``; another version, ``"models:/NAME/VERSION"``; or the URI of any folder.
        name: The registered model's name.
        tags: Tags of the version.
        description: A remark, for people.
        alias: A name for this version, such as ``"champion"``; another version that has it loses it.

    Raises:
        ArtifactNotFound: The run has no such folder.
        InvalidInput: The name or the alias is not allowed, or the store has no registry.

    Example:
        >>> import nbtrack
        >>> with nbtrack.start_run() as run:
        ...     run.log_text("0.5", "model/weights.txt")
        >>> nbtrack.register_model(run.artifacts.list()[0], "digits", tags={"checked": True}).tags["checked"]
        'True'
    """
    return tracker().models.register(model_uri, name, tags=tags, description=description, alias=alias)


def get_model(which: str) -> ModelVersion:
    """Return one version of a registered model.

    Args:
        which: ``"digits@champion"`` by alias, ``"digits/3"`` by number, ``"digits/Production"`` for the newest in a stage,
            ``"digits"`` for the newest; MLflow's ``"models:/digits/3"`` as well.

    Raises:
        ModelNotFound: There is none.

    Example:
        >>> import nbtrack
        >>> with nbtrack.start_run() as run:
        ...     run.log_text("0.5", "model/weights.txt")
        >>> made = nbtrack.register_model(f"runs:/{run.id}/model", "digits", alias="champion")
        >>> nbtrack.get_model("digits@champion").version
        1
    """
    return tracker().models.get(which)


def get_registered_model(name: str) -> RegisteredModel:
    """Return a registered model by its name: its versions, aliases and tags.

    Raises:
        ModelNotFound: There is none.
    """
    return tracker().models.model(name)


def registered_models(
    filter: str | None = None, *, order_by: str | Sequence[str] | None = None, limit: int | None = None
) -> list[RegisteredModel]:
    """Return the registered models that match, by name.

    Args:
        filter: As ``"name ILIKE '%digits%' and tags.team = 'blue'"``.
        order_by: As ``"last_updated_timestamp DESC"``, or a list of such.
        limit: The most that are returned; None: all.

    Example:
        >>> import nbtrack
        >>> with nbtrack.start_run() as run:
        ...     run.log_text("0.5", "model/weights.txt")
        >>> for name in ("letters", "digits"):
        ...     version = nbtrack.register_model(f"runs:/{run.id}/model", name)
        >>> [model.name for model in nbtrack.registered_models()]
        ['digits', 'letters']
    """
    return tracker().models.models(filter, order_by, limit)


def model_versions(
    filter: str | None = None, *, order_by: str | Sequence[str] | None = None, limit: int | None = None
) -> list[ModelVersion]:
    """Return the versions of registered models that match, the last changed first.

    Args:
        filter: As ``"name = 'digits' and version_number > 2"``; also by ``run_id``, ``source_path``, ``stage`` and tags.
        order_by: As ``"version_number DESC"``, or a list of such.
        limit: The most that are returned; None: all.
    """
    return tracker().models.versions(filter, order_by, limit)


def flush(timeout: float = 60.0) -> bool:
    """Wait until everything logged so far is in the store; tell whether it is.

    Args:
        timeout: The most seconds to wait; what is not in the store by then stays in the journal until it is.
    """
    return tracker().flush(timeout)


def _here() -> Run:
    """Return the current run.

    Raises:
        NoActiveRun: There is none.
    """
    run = active_run()
    if run is None:
        raise NoActiveRun(current_run.why_none())
    return run


def log(
    metrics: Mapping[str, Any] | None = None, /, *, step: int | None = None, timestamp: int | None = None, **more: Any
) -> None:
    """Log metrics that belong together to the current run; see ``Run.log``.

    Example:
        >>> import nbtrack
        >>> with nbtrack.start_run() as run:
        ...     nbtrack.log(loss=0.5, accuracy=0.9)
        ...     nbtrack.log({"val/loss": 0.6}, step=1)
        >>> sorted(run.metrics)
        ['accuracy', 'loss', 'val/loss']
    """
    _here().log(metrics, step=step, timestamp=timestamp, **more)


def log_metric(key: str, value: float, step: int = 0, timestamp: int | None = None) -> None:
    """Log one value of one metric to the current run; ``step`` defaults to 0, as in MLflow."""
    _here().log_metric(key, value, step, timestamp)


def log_metrics(metrics: Mapping[str, float], step: int = 0, timestamp: int | None = None) -> None:
    """Log several metrics to the current run; ``step`` defaults to 0, as in MLflow."""
    _here().log_metrics(metrics, step, timestamp)


def log_param(key: str, value: Any) -> Any:
    """Log a param of the current run, which keeps its type, and return its value."""
    return _here().log_param(key, value)


def log_params(params: Mapping[str, Any]) -> None:
    """Log params of the current run, all of them or none."""
    _here().log_params(params)


def set_tag(key: str, value: Any) -> None:
    """Set a tag of the current run, or overwrite it."""
    _here().set_tag(key, value)


def set_tags(tags: Mapping[str, Any]) -> None:
    """Set tags of the current run, or overwrite them."""
    _here().set_tags(tags)


def log_artifact(local_path: str | os.PathLike[str], artifact_path: str | None = None) -> None:
    """Log a copy of a file or folder to the current run; see ``Run.log_artifact``."""
    _here().log_artifact(local_path, artifact_path)


def log_artifacts(local_dir: str | os.PathLike[str], artifact_path: str | None = None) -> None:
    """Log copies of everything in a folder to the current run; see ``Run.log_artifacts``."""
    _here().log_artifacts(local_dir, artifact_path)


def log_figure(figure: Any, artifact_file: str, *, save_kwargs: Mapping[str, Any] | None = None) -> None:
    """Log a matplotlib or plotly figure to the current run; the suffix of ``artifact_file`` selects the format."""
    _here().log_figure(figure, artifact_file, save_kwargs=save_kwargs)


def log_image(
    image: Any, artifact_file: str | None = None, key: str | None = None, step: int | None = None, timestamp: int | None = None
) -> None:
    """Log a PIL image or a numpy array as an image file to the current run; see ``Run.log_image``."""
    _here().log_image(image, artifact_file, key, step, timestamp)


def log_table(data: Any, artifact_file: str) -> None:
    """Log a table to the current run: a DataFrame, a dict of columns, a list of rows; see ``Run.log_table``."""
    _here().log_table(data, artifact_file)


def log_text(text: str, artifact_file: str) -> None:
    """Log a string as a file to the current run."""
    _here().log_text(text, artifact_file)


def log_dict(dictionary: Any, artifact_file: str) -> None:
    """Log a dict or a list as a JSON or YAML file to the current run."""
    _here().log_dict(dictionary, artifact_file)
