"""Recognises secrets by their form: keys of known services, private keys, passwords in URLs."""

from __future__ import annotations

import re
from functools import cache

__all__ = ["REDACTED", "compiled", "redact_patterns"]

REDACTED = "[redacted]"
_KEPT = r"\g<1>[redacted]"

# A pattern is tried only if the text contains one of the strings in the first column; what it captures is kept.
_PEM = (
    r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:(?:(?!-----)[\s\S]){0,20000}-{5,6}END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    r"|(?:[\s\"'+\\nr-]{0,20}[A-Za-z0-9+/=]{20,200}){1,500})"
)
# user:password@ up to the last @ of the word, as passwords contain slashes and @; not a port or placeholder. Or a user of http.
_USERINFO = (
    r"(://)(?:(?![^\s/:@]{0,100}:(?:\d{1,5}[/?#\s]|\$?[{<]))[^\s/:@'\"`<>]{0,100}:[^\s'\"`<>]{1,200}(?=@[\w\[])"
    r"|(?:(?<=http://)|(?<=https://))(?![{$<]|\[redacted\])[^\s/:@'\"`<>]{1,255}(?=@))"
)
_FORMS: tuple[tuple[tuple[str, ...], str], ...] = tuple(
    (tuple(needles.split("|")), pattern)
    for needles, pattern in [
        ("AKIA|ASIA", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
        ("ghp_|gho_|ghu_|ghs_|ghr_", r"\bgh[pousr]_[A-Za-z0-9]{20,255}"),
        ("github_pat_", r"\bgithub_pat_\w{20,255}"),
        ("glpat-", r"\bglpat-[\w-]{16,255}"),
        ("hf_", r"\bhf_[A-Za-z0-9]{20,255}"),
        ("sk-", r"\bsk-(?=[\w-]{0,40}\d)[\w-]{20,255}"),
        ("k_live_|k_test_", r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{10,255}"),
        ("xox", r"\bxox[a-z]-[A-Za-z0-9-]{10,255}"),
        ("hooks.slack.com", r"(hooks\.slack\.com/services/)[\w/]{10,255}"),
        ("AIza", r"\bAIza[\w-]{30,255}"),
        ("npm_", r"\bnpm_[A-Za-z0-9]{36}\b"),
        ("pypi-", r"\bpypi-[\w-]{50,255}"),
        ("dapi", r"\bdapi[0-9a-f]{32}\b"),
        ("SG.", r"\bSG\.[\w-]{16,64}\.[\w-]{16,128}"),
        ("eyJ", r"\beyJ[\w-]{8,10000}\.[\w-]{8,10000}(?:\.[\w-]{0,10000})?"),
        ("earer ", r"(\b[Bb]earer )(?=[\w.~+/-]{0,60}\d)[\w.~+/-]{12,10000}=*"),
        ("ion: Basic |ion: basic ", r"(ion: [Bb]asic )[\w+/-]{4,10000}=*"),
        ("PRIVATE KEY-", _PEM),
        ("://", _USERINFO),
    ]
)


def redact_patterns(text: str) -> str:
    """Replace only secrets that are recognised by their form: safe for markup and scripts too."""
    for needles, form in _FORMS:
        if any(needle in text for needle in needles):
            pattern = compiled(form)
            text = pattern.sub(_KEPT if pattern.groups else REDACTED, text)
    return text


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern at its first use: compiling all of them would take longer than importing the package may."""
    return re.compile(pattern)
