"""The filter language: the meaning of filters, and the errors of wrong ones."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nbtrack.errors import FilterError, InvalidInput
from nbtrack.store.filter import And, Comparison, Identifier, Not, Or, Order, Present, param_number, parse, parse_order

NOW = 1_700_000_000_000


def metric(key, stat="last", dotted=False):
    return Identifier("metric", key, stat, dotted)


def param(key):
    return Identifier("param", key)


def tag(key):
    return Identifier("tag", key)


def attribute(key):
    return Identifier("attribute", key)


def left_of(text):
    return parse(f"{text} IS NOT NULL").left


def value_of(text):
    return parse(text, now=NOW).value


def local_ms(*parts):
    return int(datetime(*parts).timestamp() * 1000)


@pytest.mark.parametrize("text", [None, "", "  \n"])
def test_none_and_a_blank_string_mean_no_filter(text):
    assert parse(text) is None


@pytest.mark.parametrize(
    "text, name",
    [
        ("metrics.loss", metric("loss")),
        ("metric.loss", metric("loss")),
        ("params.lr", param("lr")),
        ("param.lr", param("lr")),
        ("parameter.lr", param("lr")),
        ("parameters.lr", param("lr")),
        ("tag.mlflow.source.name", tag("mlflow.source.name")),
        ("tags.from", tag("from")),
        ("tags.`a b`", tag("a b")),
        ('tags."a b"', tag("a b")),
        ("tags.'a b'", tag("a b")),
        ("`tags`.`a b`", tag("a b")),
        ('tags."say ""hi"""', tag('say "hi"')),
        ("params.layers/0-units", param("layers/0-units")),
        ("params.1st", param("1st")),
        ("params.größe", param("größe")),
        ("status", attribute("status")),
        ("attribute.status", attribute("status")),
        ("attributes.status", attribute("status")),
        ("attr.status", attribute("status")),
        ("run.status", attribute("status")),
        ("`status`", attribute("status")),
        ('"run_name"', attribute("run_name")),
        ("attributes.`Run name`", attribute("run_name")),
        ('attribute."run name"', attribute("run_name")),
        ("`Run Name`", attribute("run_name")),
        ("created", attribute("start_time")),
        ("attributes.Created", attribute("start_time")),
        ("experiment_id", attribute("experiment_id")),
        ("duration", attribute("duration")),
        ("dataset.name", Identifier("dataset", "name")),
        ("datasets.context", Identifier("dataset", "context")),
    ],
)
def test_names(text, name):
    assert left_of(text) == name


@pytest.mark.parametrize(
    "text, name",
    [
        ("metrics.loss.min", metric("loss", "min", dotted=True)),
        ("metrics.val.loss.mean", metric("val.loss", "mean", dotted=True)),
        ("metrics.loss.median", metric("loss.median")),
        ("metrics.min", metric("min")),
        ('metrics."loss.min"', metric("loss.min")),
        ("metrics.`loss.min`", metric("loss.min")),
        ('metrics."train loss".nan_count', metric("train loss", "nan_count")),
        ("metrics.`loss.min`.max", metric("loss.min", "max")),
    ],
)
def test_statistics_of_a_metric(text, name):
    assert left_of(text) == name


@pytest.mark.parametrize(
    "text, node",
    [
        ("metrics.a = 1", Comparison(metric("a"), "=", 1.0)),
        ("metrics.a!=-1e3", Comparison(metric("a"), "=", -1000.0, negated=True)),
        ("metrics.a >= .5", Comparison(metric("a"), ">=", 0.5)),
        ("metrics.a < -inf", Comparison(metric("a"), "<", float("-inf"))),
        ("metrics.a BETWEEN 1 AND 2", Comparison(metric("a"), "BETWEEN", (1.0, 2.0))),
        ("metrics.a not in (1, 2)", Comparison(metric("a"), "IN", (1.0, 2.0), negated=True)),
        ("params.a = '1'", Comparison(param("a"), "=", "1")),
        ("params.a = 1", Comparison(param("a"), "=", 1.0)),
        ('params.a like "%x_"', Comparison(param("a"), "LIKE", "%x_")),
        ("params.a NOT BETWEEN 1 AND 2", Comparison(param("a"), "BETWEEN", (1.0, 2.0), negated=True)),
        ("tags.a NOT ILIKE 'x'", Comparison(tag("a"), "ILIKE", "x", negated=True)),
        ("tags.a = 'it''s'", Comparison(tag("a"), "=", "it's")),
        ('tags.a = "it\'s"', Comparison(tag("a"), "=", "it's")),
        ("tags.a = ''", Comparison(tag("a"), "=", "")),
        ("tags.a = 'c:\\'", Comparison(tag("a"), "=", "c:\\")),
        ("status = 'finished'", Comparison(attribute("status"), "=", "FINISHED")),
        ("status IN ('failed', 'killed')", Comparison(attribute("status"), "IN", ("FAILED", "KILLED"))),
        ("experiment_id = 3", Comparison(attribute("experiment_id"), "=", "3")),
        ("experiment_id IN ('3', 4)", Comparison(attribute("experiment_id"), "IN", ("3", "4"))),
        ("start_time > 1700000000000", Comparison(attribute("start_time"), ">", 1_700_000_000_000)),
        ("params.a IS NULL", Not(Present(param("a")))),
        ("params.a is not null", Present(param("a"))),
    ],
)
def test_comparisons(text, node):
    assert parse(text) == node


def test_precedence_is_not_and_or():
    a, b, c = (Present(param(key)) for key in "abc")
    text = "params.{} IS NOT NULL"
    x, y, z = (text.format(key) for key in "abc")
    assert parse(f"{x} or {y} and {z}") == Or((a, And((b, c))))
    assert parse(f"({x} OR {y}) AND {z}") == And((Or((a, b)), c))
    assert parse(f"NOT {x} AND {y} AND {z}") == And((Not(a), b, c))
    assert parse(f"NOT NOT (({x}))") == Not(Not(a))


@pytest.mark.parametrize(
    "text, milliseconds",
    [
        ("duration > '10m'", 600_000),
        ("duration > '1h 30m'", 5_400_000),
        ("duration > '2 days'", 172_800_000),
        ("duration > '1.5 min'", 90_000),
        ("duration > '250ms'", 250),
        ("duration > '1W'", 604_800_000),
        ("duration > 90", 90_000),
        ("duration > '90'", 90_000),
        ("start_time > '2 days ago'", NOW - 172_800_000),
        ("start_time > '1h 30m ago'", NOW - 5_400_000),
        ("start_time > 'now'", NOW),
        ("start_time > '2026-11-01'", local_ms(2026, 11, 1)),
        ("start_time > '2026-11-01 12:30'", local_ms(2026, 11, 1, 12, 30)),
        ("end_time > '2026-11-01T12:30:15.250Z'", 1_793_536_215_250),
        ("end_time > '2026-11-01 12:30+02:00'", 1_793_528_999_999 + 1),
    ],
)
def test_times_and_durations(text, milliseconds):
    assert value_of(text) == milliseconds


def test_days_begin_at_local_midnight():
    today = datetime.fromtimestamp(NOW / 1000).replace(hour=0, minute=0, second=0, microsecond=0)
    yesterday = today - timedelta(days=1)
    assert value_of("start_time > 'today'") == today.timestamp() * 1000
    assert value_of("start_time > 'yesterday'") == yesterday.timestamp() * 1000


def test_relative_times_count_from_the_clock_by_default(monkeypatch):
    monkeypatch.setattr("nbtrack.store.filter.parser.now_ms", lambda: 10_000)
    assert parse("start_time > '4 s ago'").value == 6_000


@pytest.mark.parametrize(
    "text, token, remedy",
    [
        ("metrics.loss == 1", "==", "use ="),
        ("metrics.loss <> 1", "<>", "use !="),
        ("stats = 'RUNNING'", "stats", "did you mean status?"),
        ("loss < 1", "loss", "metrics.loss"),
        ("metrcs.loss < 1", "metrcs.loss", "did you mean metrics?"),
        ("dataset.nam = 'x'", "dataset.nam", "did you mean name?"),
        ('metrics."loss".median < 1', 'metrics."loss".median', "first, last, min"),
        ('params."lr".min < 1', 'params."lr".min', "only a metric's statistic"),
        ("params.opt = adam", "adam", "'adam'"),
        ("params.flag = true", "true", "'True'"),
        ("params.a = params.b", "params.b", "not with another name"),
        ("params.a = `b`", "`b`", "'b'"),
        ("params.a < '1'", "<", "without quotes"),
        ("params.a BETWEEN '1' AND '2'", "BETWEEN", "without quotes"),
        ("params.a LIKE 1", "LIKE", "BETWEEN"),
        ("params.a IN (1, 'a')", "'a'", "not both"),
        ("params.a = ", "", "a value was expected"),
        ("params.`` = 'x'", "params.``", "empty"),
        ("metrics.a = 'x'", "'x'", "without quotes"),
        ("metrics.a = NaN", "NaN", "nan_count"),
        ("metrics.a = NULL", "NULL", "IS NULL"),
        ("metrics.a > 1e", "1e", "not a number"),
        ("metrics. > 1", ".", "a name is missing"),
        ("metrics.`a > 1", ".", "never closed"),
        ("tags.a = 1", "1", "'1'"),
        ("tags.a = 'x", "'", "never closed"),
        ("tags.a = 'x\0'", "\0", "cannot be in a string"),
        ("status = 1", "1", "'RUNNING'"),
        ("status > 'A'", ">", "="),
        ("status NOT = 'A'", "=", "NOT goes before"),
        ("status IS 'A'", "'A'", "IS NOT NULL"),
        ("start_time > 2026-11-01", "2026-11-01", "'2026-11-01'"),
        ("start_time > 'whenever'", "'whenever'", "'2 days ago'"),
        ("start_time > '9999999999 weeks ago'", "'9999999999 weeks ago'", "'2 days ago'"),
        ("start_time > 1.5", "1.5", "whole number"),
        ("start_time > 1e300", "1e300", "whole number"),
        ("duration > 10m", "10m", "'10m'"),
        ("duration > '3 fortnights'", "'3 fortnights'", "fortnights"),
        ("metrics.a > 1)", ")", "closes nothing"),
        ("(metrics.a > 1", "", "closing parenthesis is missing"),
        ("metrics.a > 1 metrics.b > 1", "metrics.b", "AND, OR"),
        ("metrics.a > 1 AND", "", "a name was expected"),
        ("metrics.a IN ()", ")", "a value was expected"),
        ("metrics.a IN 1", "1", "parentheses"),
        ("metrics.a BETWEEN 1, 2", ",", "AND"),
        ("metrics.a & 1", "&", "means nothing"),
        ("1 < metrics.a", "1", "begins with a name"),
        ("'a' = params.b", "'a'", "begins with a name"),
    ],
)
def test_an_error_points_at_the_token_and_names_the_remedy(text, token, remedy):
    with pytest.raises(FilterError) as caught:
        parse(text)
    error = caught.value
    assert remedy in error.message
    assert text[error.position : error.position + len(token)] == token
    assert error.length == max(1, len(token))


def test_an_error_shows_a_caret_under_the_token():
    with pytest.raises(InvalidInput) as caught:
        parse("metrics.loss\n== 1")
    assert str(caught.value).splitlines()[1:] == ["  metrics.loss == 1", "               ^^"]


@pytest.mark.parametrize(
    "text, limit",
    [
        ("(" * 1000 + "metrics.a > 1" + ")" * 1000, "levels deep"),
        ("NOT " * 1000 + "metrics.a > 1", "levels deep"),
        (" OR ".join(["metrics.a > 1"] * 1000), "comparisons"),
        ("run_id IN (" + ",".join(["'x'"] * 20_000) + ")", "values"),
        ("tags.a LIKE '" + "%a" * 10_000 + "'", "pattern"),
        ("tags.a = '" + "x" * 1_000_000 + "'", "characters"),
    ],
    ids=["parentheses", "not", "comparisons", "values", "pattern", "length"],
)
def test_a_filter_without_bounds_is_an_error(text, limit):
    with pytest.raises(FilterError, match=limit):
        parse(text)


def test_a_long_list_of_runs_is_fine():
    ids = [f"{n:032x}" for n in range(2_000)]
    assert parse("run_id IN ({})".format(", ".join(f"'{id}'" for id in ids))).value == tuple(ids)


PIECES = st.one_of(
    st.sampled_from(
        ["metrics.loss", "params.lr", "tags.`a b`", "status", "duration", "start_time", "metrics.", "metrics.''", "a.b"]
    ),
    st.sampled_from(["NOT", "AND", "OR", "(", ")", ",", "=", "==", "!=", "<", "IN", "LIKE", "BETWEEN", "IS", "NULL"]),
    st.sampled_from(["1", "-2.5", "1e400", "inf", "nan", "1.2.3", "'x'", '"y"', "'2 days ago'", "'", '"', "`", ".", "\0", "é"]),
)


def read_or_complain(reader, text):
    try:
        reader(text)
    except FilterError as error:
        return error
    return None


@given(st.one_of(st.text(), st.lists(PIECES, max_size=12).map(" ".join)))
@example("metrics.a > 1 -- 'comment")
@example("tags.a = '\ud800'")
@example("duration > '" + "9" * 400 + "'")
@example("start_time > '0001-01-01'")
@example("start_time > '99991231'")
def test_any_string_parses_or_raises_a_printable_filter_error(text):
    for reader in (parse, parse_order):
        error = read_or_complain(reader, text)
        assert error is None or (error.position <= len(text) and str(error).encode())


@pytest.mark.parametrize(
    "items, orders",
    [
        (None, ()),
        ([], ()),
        ("metrics.loss", (Order(metric("loss")),)),
        ("metrics.loss asc", (Order(metric("loss")),)),
        (["metrics.`a b` DESC", "created"], (Order(metric("a b"), descending=True), Order(attribute("start_time")))),
        ("metrics.loss.min, duration DESC", (Order(metric("loss", "min", True)), Order(attribute("duration"), True))),
        (("params.lr", "tags.x", "run_id"), (Order(param("lr")), Order(tag("x")), Order(attribute("run_id")))),
    ],
)
def test_orders(items, orders):
    assert parse_order(items) == orders


@pytest.mark.parametrize(
    "items, complaint",
    [
        ("loss", "metrics.loss"),
        ("metrics.loss UP", "ASC, DESC"),
        ("metrics.loss DESC ASC", "ASC, DESC"),
        ("dataset.name", "several"),
        (["metrics.loss", "metric.loss DESC"], "twice"),
        ("start_time, created", "twice"),
        ("", "a name was expected"),
        (",".join(f"metrics.m{n}" for n in range(100)), "at most"),
    ],
)
def test_a_wrong_order_is_an_error(items, complaint):
    with pytest.raises(FilterError, match=complaint):
        parse_order(items)


@pytest.mark.parametrize(
    "text, number",
    [("1", 1.0), ("-0.5", -0.5), (".5", 0.5), ("+1e-3", 0.001), ("5.", 5.0)]
    + [(text, None) for text in ("True", "nan", "inf", "1e999", "1_000", " 1", "", "٣", "0x10", "[1]")],
)
def test_strings_that_read_as_numbers(text, number):
    assert param_number(text) == number
