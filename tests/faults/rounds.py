"""How long to try: short in ``make test``, long in ``make faults``; and the results, printed at the end."""

from __future__ import annotations

import os
import random
from collections import Counter

VARIABLE = "NBTRACK_FAULT_ROUNDS"
ROUNDS = int(os.environ.get(VARIABLE, "0"))
IS_LONG = ROUNDS > 0

done: Counter[str] = Counter()


def rounds(short: int, share: float = 1.0) -> int:
    """Return how many rounds to run: a share of those that were asked for, or a few."""
    return max(short, round(ROUNDS * share)) if IS_LONG else short


def seeded(name: str) -> random.Random:
    """Return random numbers; their seed is printed, and ``NBTRACK_FAULT_SEED`` sets it."""
    seed = os.environ.get("NBTRACK_FAULT_SEED") or str(random.SystemRandom().randrange(10**9))
    print(f"NBTRACK_FAULT_SEED={seed} repeats {name}")
    return random.Random(f"{seed} {name}")
