"""Random names of runs: easy to say, easy to tell apart."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

__all__ = ["distinct_names", "random_name"]

_KINDS = """
amber azure bold brisk calm clear coral crisp deft dusky eager early fair fleet fond gentle glad golden grand
hazel ivory jolly keen kind lively lucid lunar mellow merry mild misty nimble noble novel olive pearl placid
plucky polar prime proud quick quiet rapid russet sage serene silver sleek solar spry steady still sunny swift
tidy vivid warm wise witty
""".split()  # noqa: SIM905  a list of words reads better so
_THINGS = """
ant badger bat bear bee bison boar cat cod crab crane crow deer dove duck eagle eel elk emu falcon ferret
finch fox frog gecko goat goose gull hare hawk heron ibex jay kite koala lark lemur lion lynx mole moose moth
mouse newt otter owl panda perch pike plover puma quail raven robin seal shrew skua sloth snail stoat stork
swan tapir tern toad trout vole wasp whale wolf wren yak zebra
""".split()  # noqa: SIM905  a list of words reads better so

# Not the user's seeded generator: tracking must not change the numbers that an experiment draws.
_random = random.SystemRandom()


def random_name() -> str:
    """Return a name such as ``calm-otter-417``."""
    return f"{_random.choice(_KINDS)}-{_random.choice(_THINGS)}-{_random.randrange(1000)}"


def distinct_names(names: Sequence[str], ids: Sequence[str]) -> list[str]:
    """Return the names of runs; equal names get the beginning of each run's id."""
    counts = Counter(names)
    return [name if counts[name] == 1 else f"{name} ({run_id[:6]})" for name, run_id in zip(names, ids, strict=True)]
