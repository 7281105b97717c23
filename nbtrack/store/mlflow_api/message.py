"""The base class of messages, and messages that several subjects share.

A field without a default is always sent and must be received; any other is left out while it has its default. A number with the
default None tells a missing value from 0.
"""

from __future__ import annotations

import msgspec

__all__ = ["Empty", "KeyValue", "Message", "RunRequest"]


class Message(msgspec.Struct, omit_defaults=True):
    """A request, a response, or a part of one; fields with their default are not sent."""


# Responses contain thousands of these, which hold no references that the garbage collector would have to follow.
class KeyValue(Message, omit_defaults=False, gc=False):
    """A tag or a param; an empty value is sent, too."""

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
    """A request or a response without fields."""
