"""Makes the system refuse calls, as a file system without them does, by a seccomp filter, which needs no permissions."""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys
from collections.abc import Sequence

_NUMBERS = {
    "x86_64": {"mmap": 9, "fcntl": 72, "fallocate": 285},
    "aarch64": {"mmap": 222, "fcntl": 25, "fallocate": 47},
}
_LOAD, _IF_EQUAL, _IF_SET, _ANSWER = 0x20, 0x15, 0x45, 0x06
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2

_PROT, _FLAGS, _COMMAND = 2, 3, 1  # arguments of mmap and fcntl
_PROT_WRITE, _MAP_SHARED, _MAP_ANONYMOUS = 2, 1, 0x20
_SETTING_LOCKS = (6, 7, 37, 38)

_Instruction = tuple[int, int, int, int]


def can_refuse() -> bool:
    return sys.platform == "linux" and platform.machine() in _NUMBERS


def refuse(*what: str) -> None:
    """Refuse ``shared memory`` of files, ``locks`` or ``fallocate`` in this thread and those that it starts afterwards."""
    program = [each for one in what for each in _RULES[one](_NUMBERS[platform.machine()])] + [_answer(_ALLOW)]
    code = b"".join(struct.pack("HBBI", *each) for each in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    libc = ctypes.CDLL(None, use_errno=True)
    described = struct.pack("HxxxxxxP", len(program), ctypes.addressof(buffer))
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or libc.prctl(_SECCOMP, _FILTER, described):
        raise OSError(ctypes.get_errno(), "seccomp")


def _answer(how: int) -> _Instruction:
    return (_ANSWER, 0, 0, how)


def _load(argument: int) -> _Instruction:
    return (_LOAD, 0, 0, 16 + 8 * argument)


def _rule(number: int, conditions: Sequence[_Instruction], error: int) -> list[_Instruction]:
    """Fail a call with an error if all conditions hold."""
    body = [*conditions, _answer(_ERROR | error)]
    return [(_LOAD, 0, 0, 0), (_IF_EQUAL, 0, len(body), number), *body]


def _shared_memory(numbers: dict[str, int]) -> list[_Instruction]:
    # Memory that is shared, is a file's, and may be written to.
    conditions = [
        *(_load(_FLAGS), (_IF_SET, 0, 4, _MAP_SHARED), (_IF_SET, 3, 0, _MAP_ANONYMOUS)),
        *(_load(_PROT), (_IF_SET, 0, 1, _PROT_WRITE)),
    ]
    return _rule(numbers["mmap"], conditions, errno.ENODEV)


def _locks(numbers: dict[str, int]) -> list[_Instruction]:
    number = numbers["fcntl"]
    rules = [_rule(number, [_load(_COMMAND), (_IF_EQUAL, 0, 1, command)], errno.ENOLCK) for command in _SETTING_LOCKS]
    return [instruction for rule in rules for instruction in rule]


def _fallocate(numbers: dict[str, int]) -> list[_Instruction]:
    return _rule(numbers["fallocate"], [], errno.ENOSYS)


_RULES = {"shared memory": _shared_memory, "locks": _locks, "fallocate": _fallocate}


def obey_permissions() -> None:
    """Give up root's right to write files against their permissions; does nothing without it."""
    header, no_rights = struct.pack("Ii", 0x20080522, 0), bytes(24)
    ctypes.CDLL(None).capset(header, no_rights)
