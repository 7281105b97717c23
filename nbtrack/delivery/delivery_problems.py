"""Why what was logged waits, and the warnings that say so once."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from ..errors import AccessDenied, NbtrackError, PlaceNotAllowed, StoreUnavailable
from ..journal.folder import renamed
from ..journal.writer import Writer

__all__ = ["DeliveryProblems"]

_VOLATILE = "volatile"
_IN_MEMORY = "the journal %s cannot be written (%s); what is logged waits in memory, which is lost with the process"

_log = logging.getLogger("nbtrack")


class DeliveryProblems:
    """The present problem, and the problems that were warned of.

    Args:
        writers: This process's writers, by their ids.
        home: The folder of journals.
        current: The problem at the start; a forked child has its parent's.

    Attributes:
        current: Why something waits; empty if nothing does.
    """

    def __init__(self, writers: Mapping[str, Writer], home: Path | None, current: str = "") -> None:
        self._writers, self._home = writers, home
        self.current = current
        self._warned: set[str] = set()

    def move(self, old: Path, new: Path) -> None:
        """Update the folder of journals after a folder above was renamed."""
        self._home = self._home and renamed(self._home, old, new)

    def warn_once(self, about: str, message: str, *details: object) -> None:
        """Warn of the thing that ``about`` names, unless that was done before."""
        if about not in self._warned:
            self._warned.add(about)
            _log.warning(message, *details)

    def why_volatile(self) -> str:
        """Return why something is in memory only; empty if nothing is."""
        return next((writer.trouble for writer in tuple(self._writers.values()) if writer.trouble and writer.is_volatile), "")

    def warn_if_volatile(self) -> None:
        """Warn if something is in memory only."""
        if why := self.why_volatile():
            self.warn_once(_VOLATILE, "nbtrack: " + _IN_MEMORY, self._home, why)

    def forget_volatile(self) -> None:
        """Warn again when something is in memory only the next time, if nothing is now."""
        if not self.why_volatile():
            self._warned.discard(_VOLATILE)

    def after_pass(self, problem: Exception | None) -> None:
        """Note what a pass found that reached the store: why something waits all the same, if anything does."""
        if problem is None:
            self.current = ""
        elif isinstance(problem, StoreUnavailable):
            if not self.current:
                _log.warning("nbtrack: files wait because their place cannot be used (%s); everything else arrives", problem)
            self.current = str(problem)
        else:
            self.note(problem)

    def note(self, error: Exception) -> None:
        """Note why nothing is delivered now, and warn of it once."""
        if isinstance(error, StoreUnavailable):
            if not self.current:
                self._warn_unavailable(error)
            self.current = str(error)
        else:
            self.current = str(error) if isinstance(error, NbtrackError) else repr(error)
            self.warn_once(self.current, "nbtrack: %s; what was logged stays in the journal", self.current)

    def _warn_unavailable(self, error: StoreUnavailable) -> None:
        if why := self.why_volatile():
            self._warned.add(_VOLATILE)
            _log.warning("nbtrack: the store is unavailable (%s), and " + _IN_MEMORY, error, self._home, why)
        elif isinstance(error, PlaceNotAllowed):
            _log.warning("nbtrack: %s; files wait in the journal until then", error)
        elif isinstance(error, AccessDenied):
            _log.warning("nbtrack: the store denies access (%s); what is logged waits in the journal", error)
        else:
            _log.warning("nbtrack: the store is unavailable (%s); what is logged waits in the journal and arrives later", error)
