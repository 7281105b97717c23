"""Removes credentials from the URLs of repositories."""

from __future__ import annotations

import re

from .redact import redact_patterns

__all__ = ["strip_credentials"]

_URL = re.compile(r"(?P<scheme>.*?://)(?P<rest>.*)", re.DOTALL)
_SCP = re.compile(r"(?P<user>[^/@]*)@(?P<rest>[^/:]+:.*)", re.DOTALL)


def strip_credentials(url: str) -> str:
    """Return a remote's URL without user, password, token and query, in every form that git accepts.

    Only the login name ``git`` of an ssh URL stays, because it is the same for everybody: ``git@github.com:org/repo.git``.
    """
    if found := _URL.fullmatch(url):
        return redact_patterns(found["scheme"] + _without_user(found["rest"], found["scheme"]))
    if found := _SCP.fullmatch(url):
        return redact_patterns(_login(found["user"]) + found["rest"])
    return redact_patterns(url)


def _without_user(rest: str, scheme: str) -> str:
    authority = rest.partition("/")[0]
    # An unescaped password may contain slashes; then the part before the first slash is not a host and port.
    end = authority.rfind("@") if "@" in authority or not re.search(r":(?!\d*$)", authority) else rest.rfind("@")
    user, host = (rest[:end], rest[end + 1 :]) if end >= 0 else ("", rest)
    return (_login(user) if "ssh" in scheme else "") + re.split(r"[?#]", host, maxsplit=1)[0]


def _login(user: str) -> str:
    return "git@" if user == "git" else ""
