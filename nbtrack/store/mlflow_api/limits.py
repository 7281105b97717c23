"""Checks of requests against MLflow's limits, with MLflow's messages."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from .errors import invalid
from .message import KeyValue
from .runs import DatasetInput, LoggedMetric

__all__ = [
    "MAX_KEY",
    "check_batch_sizes",
    "check_dataset",
    "check_experiment_id",
    "check_experiment_name",
    "check_experiment_tag",
    "check_key",
    "check_length",
    "check_location",
    "check_max_results",
    "check_metric",
    "check_params",
    "check_run_id",
    "check_tags",
    "invalid_value",
    "is_key",
    "shortened",
]

# From mlflow/utils/validation.py.
MAX_METRICS: Final = 1000
MAX_PARAMS: Final = 100
MAX_TAGS: Final = 100
MAX_ENTITIES: Final = 1000
MAX_KEY: Final = 250
MAX_PARAM_VALUE: Final = 6000
MAX_TAG_VALUE: Final = 8000
MAX_EXPERIMENT_NAME: Final = 500
MAX_LOCATION: Final = 2048
MAX_EXPERIMENT_TAG_VALUE: Final = 20_000

_KEY = re.compile(r"[/\w.\- :]*")
_RUN_ID = re.compile(r"[a-zA-Z0-9][\w\-]{0,255}")
_CHARACTERS: Final = (
    "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/)."
)
_DATASET: Final = {"name": 500, "digest": 36, "source_type": 500, "source": 65_535, "schema": 1_048_575, "profile": 16_777_215}
_INPUT_TAG: Final = {"key": 255, "value": 500}


def invalid_value(path: str, value: Any, reason: str = "") -> Exception:
    """Return MLflow's error for an invalid value."""
    shown = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return invalid(f"Invalid value {shown} for parameter '{path}' supplied" + (f": {reason}" if reason else "."))


def check_length(what: str, limit: int, text: str) -> None:
    """Refuse a string that is too long."""
    if len(text) > limit:
        raise invalid(f"'{what}' exceeds the maximum length of {limit} characters")


def shortened(text: str, limit: int) -> str:
    """Return a string cut to a limit, as MLflow cuts the values of params and tags without a message."""
    return text if len(text) <= limit else text[:limit]


def check_max_results(value: int, most: int) -> int:
    """Return the number of results of a page; refuse less than one and more than ``most``."""
    if not 0 < value <= most:
        bound = f"at most {most}" if value > most else "a positive integer"
        raise invalid(f"Invalid value {value} for parameter 'max_results' supplied. It must be {bound}")
    return value


def check_key(key: str, path: str) -> None:
    """Refuse an invalid key of a metric, a param or a tag, which must also be a normalized relative path."""
    if not _KEY.fullmatch(key):
        raise invalid_value(path, key, _CHARACTERS)
    if reason := _objection(key):
        raise invalid_value(path, key, reason)


def _objection(key: str) -> str | None:
    """Return why a key is not a normalized relative path, None if it is."""
    # MLflow's file store makes a file of each key.
    norm = posixpath.normpath(key)
    if norm == key and norm != "." and not norm.startswith(("..", "/")):
        return None
    return (
        "Names may be treated as files in certain cases, and must not resolve to other names when treated as such. "
        f"This name would resolve to {norm!r}"
    )


def is_key(key: str) -> bool:
    """Tell whether a string is a valid key of a metric; ``check_metric`` says why not."""
    return bool(_KEY.fullmatch(key)) and 0 < len(key) <= MAX_KEY and _objection(key) is None


def check_experiment_id(experiment_id: str) -> None:
    """Refuse an invalid id of an experiment, which is a number."""
    if experiment_id and not (experiment_id.isascii() and experiment_id.isdecimal()):
        raise invalid(f"Invalid experiment ID '{experiment_id}'. Experiment ID must be a valid integer.")


def check_run_id(run_id: str) -> None:
    """Refuse an invalid id of a run."""
    if not _RUN_ID.fullmatch(run_id):
        raise invalid_value("run_id", run_id)


def check_batch_sizes(metrics: int, params: int, tags: int) -> None:
    """Refuse a batch with too many metrics, params or tags."""
    _check_count("metrics", MAX_METRICS, metrics)
    _check_count("params", MAX_PARAMS, params)
    _check_count("tags", MAX_TAGS, tags)
    _check_count("metrics, params, and tags", MAX_ENTITIES, metrics + params + tags)


def _check_count(what: str, limit: int, count: int) -> None:
    if count > limit:
        raise invalid(
            f"A batch logging request can contain at most {limit} {what}. Got {count} {what}. "
            f"Please split up {what} across multiple requests and try again."
        )


def check_metric(metric: LoggedMetric, path: str = "") -> None:
    """Refuse a point with an invalid key or timestamp, or with integers of more than 64 bits."""
    check_key(metric.key, _joined(path, "name"))
    if metric.timestamp is None or metric.timestamp < 0:
        reason = f"metric '{metric.key}' (value={metric.value}). Timestamp must be a nonnegative long (64-bit integer) "
        raise invalid_value(_joined(path, "timestamp"), metric.timestamp, reason)
    if not -(1 << 63) <= metric.step < 1 << 63 or metric.timestamp >= 1 << 63:
        reason = f"metric '{metric.key}' (value={metric.value}). Step and timestamp must be valid longs (64-bit integers)."
        raise invalid_value(_joined(path, "step"), metric.step, reason)
    check_length("Metric name", MAX_KEY, metric.key)


def check_params(params: Sequence[KeyValue], path: str = "params[{}]") -> dict[str, str]:
    """Return params as a mapping; refuse invalid and duplicate keys."""
    for index, param in enumerate(params):
        check_key(param.key, _joined(path.format(index), "key"))
        check_length("Param key", MAX_KEY, param.key)
    found = {param.key: shortened(param.value, MAX_PARAM_VALUE) for param in params}
    if len(found) < len(params):
        keys = [param.key for param in params]
        again = [key for index, key in enumerate(keys) if key in keys[:index]]
        raise invalid(
            f"Duplicate parameter keys have been submitted: {again}. Please ensure the request contains only one param value "
            "per param key."
        )
    return found


def check_tags(tags: Sequence[KeyValue], path: str = "tags[{}]") -> dict[str, str]:
    """Return tags of a run as a mapping, in which the last value of a key wins; refuse invalid keys."""
    for index, tag in enumerate(tags):
        where = _joined(path.format(index), "key")
        check_key(tag.key, where)
        check_length(where, MAX_KEY, tag.key)
    return {tag.key: shortened(tag.value, MAX_TAG_VALUE) for tag in tags}


def check_experiment_tag(key: str, value: str) -> None:
    """Refuse an invalid tag of an experiment."""
    check_key(key, "key")
    check_length("key", MAX_KEY, key)
    check_length("value", MAX_EXPERIMENT_TAG_VALUE, value)


def check_experiment_name(name: str) -> None:
    """Refuse a name that is too long."""
    check_length("name", MAX_EXPERIMENT_NAME, name)


def check_location(uri: str) -> None:
    """Refuse an artifact location with a fragment, parameters or a part ``..``."""
    try:
        parsed = urlsplit(uri)
    except ValueError as error:
        raise invalid(f"Invalid artifact location: {error}") from error
    if parsed.fragment or "#" in uri or ";" in parsed.path:
        raise invalid("'artifact_location' URL can't include fragments or params.")
    if ".." in unquote(unquote(parsed.query)):
        raise invalid("Invalid query string")
    if ".." in unquote(unquote(parsed.path)).replace("\\", "/").split("/"):
        raise invalid("Invalid artifact location: it must not have the part '..'")
    check_length("artifact_location", MAX_LOCATION, uri)


def check_dataset(given: DatasetInput) -> None:
    """Refuse a dataset with a field that is too long."""
    for name, limit in _DATASET.items():
        check_length(name, limit, getattr(given.dataset, name))
    for tag in given.tags:
        for name, limit in _INPUT_TAG.items():
            check_length(name, limit, getattr(tag, name))


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
