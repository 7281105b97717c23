"""How long to try for: short within ``make test``, long within ``make faults``; and what came of it, to be printed at the end."""

from __future__ import annotations

import os
import random
from collections import Counter

VARIABLE = "NBTRACK_FAULT_ROUNDS"
ROUNDS = int(os.environ.get(VARIABLE, "0"))
IS_LONG = ROUNDS > 0

done: Counter[str] = Counter()


def rounds(short: int, share: float = 1.0) -> int:
    """Return how many rounds to go: a share of those that were asked for, or a few."""
    return max(short, round(ROUNDS * share)) if IS_LONG else short


def seeded(name: str) -> random.Random:
    """Return random numbers whose seed is printed, and is that of ``NBTRACK_FAULT_SEED`` where it is set."""
    seed = os.environ.get("NBTRACK_FAULT_SEED") or str(random.SystemRandom().randrange(10**9))
    print(f"NBTRACK_FAULT_SEED={seed} repeats {name}")
    return random.Random(f"{seed} {name}")
