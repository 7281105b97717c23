"""How many examples hypothesis tries: few and always the same in ``make test``, many new ones in ``make faults``."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from .rounds import IS_LONG, rounds

__all__ = ["fuzz"]

_HEALTH = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def fuzz(examples: int) -> settings:
    """Return hypothesis's settings for a test with so many examples, and a tenth more for each round."""
    count = rounds(examples, examples / 10)
    return settings(max_examples=count, deadline=None, derandomize=not IS_LONG, suppress_health_check=_HEALTH)
