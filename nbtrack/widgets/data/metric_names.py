"""Reads a metric's name: its split, which metrics share a chart, and whether lower or higher is better."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

__all__ = ["better", "families", "split_of"]

_SPLITS = {
    **dict.fromkeys(("train", "training", "tr"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "eval", "evaluation"), "val"),
    **dict.fromkeys(("test", "testing", "holdout"), "test"),
}
_LOWER = re.compile(
    r".*(loss|error|rmse|mse|mae)|err|mape|msle|nll|bce|ce|cost|hinge|fid|wer|cer|ppl|perplexity|regret|bpc|deviance"
)
_HIGHER = re.compile(
    r".*(acc|accuracy|score|auc)|auroc|auprc|ap|map|precision|recall|sensitivity|specificity|f1|fbeta|iou|miou|dice|r2|"
    r"bleu|rouge|meteor|reward|return|psnr|ssim|ndcg|mrr|mcc|kappa|top\d|hits?"
)


@functools.lru_cache(maxsize=4096)
def split_of(name: str) -> tuple[str, str]:
    """Return a metric's name without its split, and the split: ``val_loss`` is (``loss``, ``val``).

    The split is ``train``, ``val``, ``test`` or empty.
    """
    words = _words(name)
    for i, word in enumerate(words):
        if (split := _SPLITS.get(word)) and len(words) > 1:
            return "_".join(words[:i] + words[i + 1 :]), split
    return "_".join(words) or name, ""


def families(names: Iterable[str]) -> list[list[str]]:
    """Group the names of one metric on several splits, in the order of their first."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(split_of(name)[0], []).append(name)
    return list(groups.values())


@functools.lru_cache(maxsize=4096)
def better(name: str) -> int:
    """Return -1 if lower values of this metric are better, 1 if higher ones are, 0 if the name does not tell."""
    words = _words(split_of(name)[0])
    for word in reversed(words):
        if _LOWER.fullmatch(word):
            return -1
        if _HIGHER.fullmatch(word):
            return 1
    return 0


def _words(name: str) -> list[str]:
    """Return a name's words in lower case; ``valLoss`` has two."""
    return [word.lower() for word in re.findall(r"[A-Z]?[^\W_A-Z]+|[A-Z]+(?![^\W_A-Z])|[^\W_]", name[:200])]
