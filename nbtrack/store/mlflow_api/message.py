"""What messages are made of.

A field without a default is always there in what is sent, and must be in what is received; all others are left out where
they have their default. A number may be None to tell what was not sent from 0.
"""

from __future__ import annotations

import msgspec

__all__ = ["Empty", "KeyValue", "Message", "RunRequest"]


class Message(msgspec.Struct, omit_defaults=True):
    """A request, an answer, or a part of one: fields that have their default are left out."""


class KeyValue(Message, omit_defaults=False, gc=False):
    """A tag or a param; an empty value is there."""

    key: str = ""
    value: str = ""


class RunRequest(Message):
    """A request about a run, which older clients name by ``run_uuid``."""

    run_id: str = ""
    run_uuid: str = ""

    @property
    def run(self) -> str:
        """The run's id."""
        return self.run_id or self.run_uuid


class Empty(Message):
    """Nothing, as a request or as the answer that all went well."""
