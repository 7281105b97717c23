"""The filter language: from a string to a tree, which every store interprets alike.

::

    filter     := filter OR filter | filter AND filter | NOT filter | ( filter ) | comparison
    comparison := name  = != < <= > >=  value
                | name [NOT] LIKE text | name [NOT] ILIKE text
                | name [NOT] IN ( value, … ) | name [NOT] BETWEEN value AND value
                | name IS [NOT] NULL
    name       := metrics.KEY | metrics.KEY.STAT | params.KEY | tags.KEY | dataset.FIELD | ATTRIBUTE
    value      := 'text' | "text" | number

A filter of MLflow's has the same meaning here, including plural names, aliases and quotes. (But a quote doubled inside quotes is
one quote, as in SQL; MLflow keeps both.) The rest is nbtrack's own.

A key may be quoted with backticks, double or single quotes, and must be if it has characters other than letters, digits and
``_ / . : -``. A metric's key may be followed by a statistic (first, last, min, max, mean, count, nan_count; without one:
last). Unquoted, ``metrics.loss.min`` is the metric of that name if the run has one, and otherwise the least value of
``loss``; ``metrics."loss.min"`` is always a key, and ``metrics."train loss".min`` always a statistic.

What the two interpreters (``match``, ``sql.search``) agree on:

- A comparison is true or false, never unknown. On something missing it is false, and so are the negative ones (``!=``,
  ``NOT IN``, ``NOT LIKE``, ``NOT BETWEEN``). On something present, a negative one is the opposite of its positive one.
- ``NOT`` before a comparison or parenthesis is plain negation: ``NOT params.lr = '1'`` also finds the runs without ``lr``.
- NaN is present, and no positive comparison is true of it: ``metrics.x != 1`` and ``NOT metrics.x < 1`` find it.
- Text is compared by code point. LIKE knows ``%`` and ``_`` and no escape; ILIKE takes ASCII letters of both cases as one.
- A param is compared with a quoted value by its text, ``str(value)`` as MLflow shows it; with a number as a 64-bit float,
  where it is an int, a float or a text that reads as a finite decimal number. Any other param is missing there.
- ``status`` is compared in upper case. A duration (end less start; missing while the run goes on) is ``'10m'``, ``'1h 30m'``
  or a number of seconds. A time is a number of milliseconds, ``'2026-11-01 12:30'`` or ``'2 days ago'``.
- A run may have several datasets; a comparison is true if it is true of one of them.

The same language searches experiments, registered models, their versions, logged models and traces, each with names of its
own (``subjects``).

On orders: missing values sort last in both directions, for a metric NaN before them; params and tags sort as strings.
"""

from __future__ import annotations

from .names import RUNS, Names
from .parser import parse, parse_order
from .subjects import EXPERIMENTS, LOGGED_MODELS, REGISTERED_MODELS, TRACES, VERSIONS
from .tree import And, Comparison, Identifier, Node, Not, Operator, Or, Order, Present, Scalar, Value, param_number, param_text

__all__ = [
    "EXPERIMENTS",
    "LOGGED_MODELS",
    "REGISTERED_MODELS",
    "RUNS",
    "TRACES",
    "VERSIONS",
    "And",
    "Comparison",
    "Identifier",
    "Names",
    "Node",
    "Not",
    "Operator",
    "Or",
    "Order",
    "Present",
    "Scalar",
    "Value",
    "param_number",
    "param_text",
    "parse",
    "parse_order",
]
