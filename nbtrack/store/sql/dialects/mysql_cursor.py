"""A cursor that refuses statements larger than MySQL accepts, for which the server would close the connection."""

from __future__ import annotations

from typing import Any, Final

import pymysql
from pymysql.cursors import Cursor

__all__ = ["TOO_LARGE", "BoundedCursor"]

TOO_LARGE: Final = 1153  # the server's own number for a packet larger than max_allowed_packet
_ROOM: Final = 64  # bytes of a packet that are not the statement's
_SMALL: Final = 200_000  # characters, of four bytes at most: any server accepts a million bytes


class BoundedCursor(Cursor):  # type: ignore[misc]  # PyMySQL has no types
    """Refuses statements that are too large before they are sent."""

    def _query(self, q: Any) -> int:
        if len(q) > _SMALL:
            self._check(len(q if isinstance(q, bytes | bytearray) else q.encode("utf-8", "surrogateescape")))
        return int(super()._query(q))

    def _check(self, size: int) -> None:
        most = self._most()
        if size + _ROOM > most:
            message = f"a statement of {size:,} bytes is larger than the server's max_allowed_packet of {most:,}; raise it there"
            raise pymysql.err.DataError(TOO_LARGE, message)

    def _most(self) -> int:
        """Return the size limit of packets, which is fixed for a connection."""
        connection: Any = self.connection
        if not hasattr(connection, "nbtrack_packet"):
            with Cursor(connection) as cursor:
                cursor.execute("SELECT @@max_allowed_packet")
                connection.nbtrack_packet = int(cursor.fetchone()[0])
        return int(connection.nbtrack_packet)
