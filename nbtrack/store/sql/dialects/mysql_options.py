"""The options in a MySQL or MariaDB URL, and the encryption that they ask for."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any, Final

from ....errors import InvalidInput
from .options import Reader, switch, whole

__all__ = ["OPTIONS", "OURS", "encryption"]

_MODES: Final = ("DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY")


def _mode(text: str) -> str:
    if text.upper().replace("-", "_") not in _MODES:
        raise ValueError(", ".join(_MODES[:-1]) + f" or {_MODES[-1]}")
    return text.upper().replace("-", "_")


def _utf8(text: str) -> str:
    if text.lower().replace("-", "") not in ("utf8", "utf8mb4"):
        raise ValueError("utf8mb4 alone, for runs have all kinds of names")
    return "utf8mb4"


# PyMySQL's options that make sense in a URL; ``ssl_mode`` is an option of MySQL's programs.
OPTIONS: Final[Mapping[str, Reader]] = {
    "bind_address": str,
    "charset": _utf8,
    "connect_timeout": whole,
    "read_timeout": whole,
    "write_timeout": whole,
    "init_command": str,
    "max_allowed_packet": whole,
    "program_name": str,
    "read_default_file": str,
    "read_default_group": str,
    "server_public_key": str,
    "unix_socket": str,
    "ssl_ca": str,
    "ssl_capath": str,
    "ssl_cert": str,
    "ssl_key": str,
    "ssl_key_password": str,
    "ssl_cipher": str,
    "ssl_check_hostname": switch,
    "ssl_disabled": switch,
    "ssl_mode": _mode,
    "ssl_verify_cert": switch,
    "ssl_verify_identity": switch,
}

# Options in URLs written for other programs, which the store sets itself.
OURS: Final = ("autocommit", "local_infile", "use_unicode")


def encryption(options: dict[str, Any], label: str) -> dict[str, Any]:
    """Return the driver's options, with those that begin with ``ssl_`` combined: a context, or no encryption.

    Without any of it the driver decides. A certificate is checked where one to check it by is given, or it is asked for.

    Raises:
        InvalidInput: A file that is named cannot be read as what it should be.
    """
    said = {name: options.pop(name) for name in tuple(options) if name.startswith("ssl_")}
    mode = said.pop("ssl_mode", "")
    if said.pop("ssl_disabled", False) or mode == "DISABLED":
        return {**options, "ssl_disabled": True}
    if not said and mode in ("", "PREFERRED"):
        return options
    try:
        return {**options, "ssl": _context(said, mode)}
    except OSError as error:  # includes ssl.SSLError
        files = ", ".join(str(said[name]) for name in ("ssl_ca", "ssl_capath", "ssl_cert", "ssl_key") if said.get(name))
        raise InvalidInput(f"{label}: the certificates in {files} cannot be used: {error.strerror or error}") from error


def _context(said: Mapping[str, Any], mode: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=said.get("ssl_ca"), capath=said.get("ssl_capath"))
    has_authority = bool(said.get("ssl_ca") or said.get("ssl_capath"))
    is_checked = mode.startswith("VERIFY") or said.get("ssl_verify_cert") or said.get("ssl_verify_identity") or has_authority
    names_host = mode == "VERIFY_IDENTITY" or said.get("ssl_verify_identity") or said.get("ssl_check_hostname")
    context.check_hostname = bool(is_checked and names_host)
    context.verify_mode = ssl.CERT_REQUIRED if is_checked else ssl.CERT_NONE
    if said.get("ssl_cert"):
        context.load_cert_chain(said["ssl_cert"], said.get("ssl_key"), said.get("ssl_key_password"))
    if said.get("ssl_cipher"):
        context.set_ciphers(said["ssl_cipher"])
    return context
