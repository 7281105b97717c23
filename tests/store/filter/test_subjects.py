"""Filters of things that are not runs: the same language, with names of their own."""

from __future__ import annotations

import pytest

from nbtrack.errors import FilterError
from nbtrack.store.filter import (
    LOGGED_MODELS,
    REGISTERED_MODELS,
    TRACES,
    VERSIONS,
    Comparison,
    Identifier,
    Order,
    parse,
    parse_order,
)


@pytest.mark.parametrize(
    "names, text, expected",
    [
        (REGISTERED_MODELS, "name ILIKE '%digits%'", Comparison(Identifier("attribute", "name"), "ILIKE", "%digits%")),
        (VERSIONS, "version_number >= 3", Comparison(Identifier("attribute", "version_number"), ">=", 3)),
        (VERSIONS, "version_number = '3'", Comparison(Identifier("attribute", "version_number"), "=", 3)),
        (VERSIONS, "attribute.source_path = 's3://x'", Comparison(Identifier("attribute", "source_path"), "=", "s3://x")),
        (VERSIONS, "run_id IN ('a')", Comparison(Identifier("attribute", "run_id"), "IN", ("a",))),
        (LOGGED_MODELS, "status = 'ready'", Comparison(Identifier("attribute", "status"), "=", "READY")),
        (LOGGED_MODELS, "params.lr = '0.1'", Comparison(Identifier("param", "lr"), "=", "0.1")),
        (LOGGED_MODELS, "metrics.loss.min > 1", Comparison(Identifier("metric", "loss.min", "last"), ">", 1.0)),
        (LOGGED_MODELS, "creation_time > 5", Comparison(Identifier("attribute", "creation_timestamp"), ">", 5)),
        (TRACES, "trace.status = 'OK'", Comparison(Identifier("attribute", "status"), "=", "OK")),
        (TRACES, "name = 'f'", Comparison(Identifier("tag", "mlflow.traceName"), "=", "f")),
        (TRACES, "attributes.run_id = 'r'", Comparison(Identifier("param", "mlflow.sourceRun"), "=", "r")),
        (TRACES, "request_metadata.`a.b` = '1'", Comparison(Identifier("param", "a.b"), "=", "1")),
        (TRACES, "execution_time < 12.5", Comparison(Identifier("attribute", "execution_time_ms"), "<", 12.5)),
    ],
)
def test_names_in_searches_for_other_things(names, text, expected):
    assert parse(text, names=names) == expected


@pytest.mark.parametrize(
    "names, text, said",
    [
        (REGISTERED_MODELS, "metrics.loss > 1", r"no kind of value called 'metrics'; did you mean tags or attributes\?"),
        (REGISTERED_MODELS, "nam = 'x'", r"no attribute called 'nam'; did you mean name\?"),
        (REGISTERED_MODELS, "1 = 'x'", "a comparison begins with a name, its value comes after: name"),
        (VERSIONS, "version_number = 1.5", "compared with a whole number, which 1.5 is not"),
        (VERSIONS, "version_number = 'x'", "compared with a whole number"),
        (LOGGED_MODELS, "params.lr > 0.1", "this is compared as a string"),
        (LOGGED_MODELS, 'metrics."loss".min > 0.1', "after a quoted name"),
        (TRACES, "nam = 'x'", r"did you mean name\?"),
        (TRACES, "= 'x'", "a name was expected here, such as tags.team or status"),
    ],
)
def test_errors_name_what_exists(names, text, said):
    with pytest.raises(FilterError, match=said):
        parse(text, names=names)


def test_orders_in_searches_for_other_things():
    assert parse_order("timestamp DESC, name", names=REGISTERED_MODELS) == (
        Order(Identifier("attribute", "last_updated_timestamp"), descending=True),
        Order(Identifier("attribute", "name")),
    )
