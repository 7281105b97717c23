"""Parser of filters and orders: recursive descent over the tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from ...entities.run import now_ms
from ...errors import FilterError
from ...validation import text as checked_text
from ...validation import texts
from .lexer import Token, error_at, tokenize
from .literals import read_value
from .names import RUNS, Names
from .tree import And, Comparison, Identifier, Node, Not, Operator, Or, Order, Present, Scalar, Value

__all__ = ["parse", "parse_order"]

# SQLite parses 30 levels and 500 comparisons, and is the strictest; both are many times what anybody writes.
MAX_DEPTH: Final = 24
MAX_COMPARISONS: Final = 400
MAX_VALUES: Final = 10_000
MAX_PATTERN: Final = 5_000
MAX_ORDERS: Final = 16

# The operators between a name and one value: which of the tree's they are, and whether negated.
_SHORT: Final[dict[str, tuple[Operator, bool]]] = {
    "=": ("=", False),
    "!=": ("=", True),
    "<": ("<", False),
    "<=": ("<=", False),
    ">": (">", False),
    ">=": (">=", False),
}
_LIKE: Final[dict[str, Operator]] = {"LIKE": "LIKE", "ILIKE": "ILIKE"}
_OF_OTHER_LANGUAGES: Final = {"==": "=", "<>": "!="}


def parse(text: str | None, *, now: int | None = None, names: Names = RUNS) -> Node | None:
    """Parse a filter; None and a blank string mean no filter.

    Args:
        text: The filter.
        now: The time from which ``'2 days ago'`` counts, in milliseconds since the epoch; by default the clock's.
        names: What can be named; by default what runs have.

    Raises:
        FilterError: The text is no filter; the error points at the place and says what would do.
    """
    if text is None or not checked_text(text, "a filter").strip():
        return None
    return _Parser(text, now_ms() if now is None else now, names).filter()


def parse_order(items: str | Sequence[str] | None, *, names: Names = RUNS) -> tuple[Order, ...]:
    """Parse an order: ``"metrics.loss DESC"``, several keys in a list or separated by commas; ascending by default.

    Raises:
        FilterError: An item does not parse, or stands there twice.
    """
    orders: dict[Identifier, Order] = {}
    for text in [] if items is None else texts(items, "an order"):
        parser = _Parser(text, 0, names)
        for token, order in parser.orders():
            if order.left in orders:
                raise error_at(f"{token.text} is in the order twice", text, token)
            if len(orders) == MAX_ORDERS:
                raise error_at(f"{names.things} can be sorted by at most {MAX_ORDERS} things", text, token)
            orders[order.left] = order
    return tuple(orders.values())


class _Parser:
    def __init__(self, text: str, now: int, names: Names) -> None:
        self.text, self.now, self.names = text, now, names
        self.tokens = tokenize(text)
        self.index = 0
        self.depth = self.comparisons = self.values = 0

    def error(self, message: str, token: Token) -> FilterError:
        return error_at(message, self.text, token)

    # Tokens.

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    def next(self) -> Token:
        token = self.token
        self.index += token.kind != "end"
        return token

    def take(self, word: str) -> bool:
        """Consume this keyword or symbol if it is next, and return whether it was."""
        found = self.token.upper == word
        self.index += found
        return found

    def expect(self, word: str, message: str) -> None:
        if not self.take(word):
            raise self.error(message, self.token)

    # Filters.

    def filter(self) -> Node:
        node = self.alternatives()
        if self.token.kind != "end":
            extra = "this parenthesis closes nothing" if self.token.text == ")" else "AND, OR or the end was expected here"
            raise self.error(extra, self.token)
        return node

    def alternatives(self) -> Node:
        parts = [self.conditions()]
        while self.take("OR"):
            parts.append(self.conditions())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def conditions(self) -> Node:
        parts = [self.condition()]
        while self.take("AND"):
            parts.append(self.condition())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def condition(self) -> Node:
        if self.token.upper == "NOT":
            return Not(self.inside(self.condition))
        return self.inside(self.group) if self.token.upper == "(" else self.comparison()

    def inside(self, rule: Callable[[], Node]) -> Node:
        """Consume the opening token and parse what follows, one level deeper."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(f"a filter nests at most {MAX_DEPTH} levels deep", self.token)
        self.next()
        node = rule()
        self.depth -= 1
        return node

    def group(self) -> Node:
        node = self.alternatives()
        self.expect(")", "a closing parenthesis is missing here")
        return node

    # Comparisons.

    def comparison(self) -> Node:
        left = self.names.read(self.next(), self.text)
        self.comparisons += 1
        if self.comparisons > MAX_COMPARISONS:
            raise self.error(f"a filter has at most {MAX_COMPARISONS} comparisons; IN takes many values", self.token)
        negated = self.take("NOT")
        operator = self.next()
        word = operator.upper
        if word in ("IN", "BETWEEN"):
            rule = self.choices if word == "IN" else self.bounds
            return Comparison(left, "IN" if word == "IN" else "BETWEEN", rule(left, operator), negated)
        if word in _LIKE:
            return Comparison(left, _LIKE[word], self.pattern(left, operator), negated)
        if negated:
            raise self.error("after a name, NOT goes before LIKE, ILIKE, IN or BETWEEN", operator)
        return self.null(left) if word == "IS" else self.short(left, operator)

    def null(self, left: Identifier) -> Node:
        present = self.take("NOT")
        self.expect("NULL", "NULL was expected here: IS NULL, IS NOT NULL")
        return Present(left) if present else Not(Present(left))

    def short(self, left: Identifier, operator: Token) -> Node:
        if operator.upper not in _SHORT:
            raise self.no_operator(operator)
        name, negated = _SHORT[operator.upper]
        value = self.value(left)
        if name != "=":
            self.must_be_number(value, operator)
        return Comparison(left, name, value, negated)

    def no_operator(self, token: Token) -> FilterError:
        if token.text in _OF_OTHER_LANGUAGES:
            return self.error(f"{token.text} is not an operator here; use {_OF_OTHER_LANGUAGES[token.text]}", token)
        return self.error("an operator was expected here: = != < <= > >= LIKE ILIKE IN BETWEEN IS", token)

    def pattern(self, left: Identifier, operator: Token) -> str:
        value = self.value(left)
        if not isinstance(value, str):
            raise self.error(f"{operator.upper} compares strings; compare a number with = != < <= > >= or BETWEEN", operator)
        if len(value) > MAX_PATTERN:
            raise self.error(f"a pattern has at most {MAX_PATTERN} characters", operator)
        return value

    def choices(self, left: Identifier, operator: Token) -> Value:
        self.expect("(", "a list in parentheses was expected here: IN ('a', 'b')")
        values = [self.value(left)]
        while self.take(","):
            token = self.token
            values.append(self.value(left))
            if isinstance(values[0], str) != isinstance(values[-1], str):
                raise self.error("a list has numbers or quoted strings, not both", token)
        self.expect(")", "a comma or a closing parenthesis is missing here")
        return tuple(values)

    def bounds(self, left: Identifier, operator: Token) -> Value:
        low = self.value(left)
        self.expect("AND", "AND was expected here: BETWEEN low AND high")
        high = self.value(left)
        self.must_be_number(low, operator)
        self.must_be_number(high, operator)
        return low, high

    def must_be_number(self, value: Scalar, operator: Token) -> None:
        if isinstance(value, str):
            raise self.error(
                f"{operator.upper} compares numbers; write a param's number without quotes, a string with =", operator
            )

    def value(self, left: Identifier) -> Scalar:
        self.values += 1
        if self.values > MAX_VALUES:
            raise self.error(f"a filter has at most {MAX_VALUES} values", self.token)
        return read_value(self.names.kind_of(left), self.next(), self.text, self.now)

    # Orders.

    def orders(self) -> list[tuple[Token, Order]]:
        found = [self.order()]
        while self.take(","):
            found.append(self.order())
        if self.token.kind != "end":
            raise self.error("ASC, DESC, a comma or the end was expected here", self.token)
        return found

    def order(self) -> tuple[Token, Order]:
        token = self.next()
        left = self.names.read(token, self.text)
        if left.entity == "dataset":
            raise self.error("runs cannot be sorted by a dataset, for a run may have several", token)
        descending = self.take("DESC")
        if not descending:
            self.take("ASC")
        return token, Order(left, descending)
