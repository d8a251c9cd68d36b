"""Which system calls the caged code may not make: no sockets, no other process, nothing of a file but its content.

A filter in the kernel (seccomp, since Linux 3.5) that needs no privilege, works inside containers, and cannot be taken
off again. What it refuses fails with an ordinary error, as on a system that has run out of the thing.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from typing import Dict, List, NamedTuple, Sequence, Tuple

PR_SET_SECCOMP, FILTER_MODE = 22, 2
ALLOW, FAIL = 0x7FFF0000, 0x00050000
LOAD, AND, EQUAL, NOT_BELOW, RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
FIRST_UNKNOWN = 452
"""System calls are numbered alike everywhere from 424 on; those from here on are newer than this file."""

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

NUMBERS: Dict[str, Tuple[int, ...]] = {
    # Talking to others. socketpair stays: it reaches nobody.
    "socket": (41, 198), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201), "accept": (43, 202),
    "accept4": (288, 242), "sendmsg": (46, 211), "sendmmsg": (307, 269), "sendto": (44, 206),
    # Starting processes. A thread is a clone too.
    "fork": (57,), "vfork": (58,), "clone": (56, 220), "clone3": (435, 435),
    # Reaching into other processes.
    "kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424), "ptrace": (101, 117), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "process_madvise": (440, 440), "process_mrelease": (448, 448),
    "kcmp": (312, 272), "prlimit64": (302, 261), "setpriority": (141, 140), "ioprio_set": (251, 30),
    "sched_setscheduler": (144, 119), "sched_setparam": (142, 118), "sched_setattr": (314, 274),
    "sched_setaffinity": (203, 122), "migrate_pages": (256, 238), "move_pages": (279, 239),
    # What Landlock leaves open: owners, modes and times of files, and truncation on older kernels.
    "chmod": (90,), "fchmod": (91, 52), "fchmodat": (268, 53), "chown": (92,), "fchown": (93, 55), "lchown": (94,),
    "fchownat": (260, 54), "utime": (132,), "utimes": (235,), "futimesat": (261,), "utimensat": (280, 88),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "removexattr": (197, 14),
    "lremovexattr": (198, 15), "fremovexattr": (199, 16), "truncate": (76, 45), "open": (2,), "openat": (257, 56),
    "openat2": (437, 437), "mknod": (133,), "mknodat": (259, 33),
    # Memory that is counted nowhere, or outlives the process.
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "msgget": (68, 186),
    "semget": (64, 190), "mq_open": (240, 180),
    # The rest of the kernel.
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "open_tree": (428, 428),
    "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432),
    "fspick": (433, 433), "mount_setattr": (442, 442), "unshare": (272, 97), "setns": (308, 268),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "bpf": (321, 280),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282), "keyctl": (250, 219), "add_key": (248, 217),
    "request_key": (249, 218), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "init_module": (175, 105), "finit_module": (313, 273),
    "delete_module": (176, 106), "swapon": (167, 224), "swapoff": (168, 225), "reboot": (169, 142), "acct": (163, 89),
    "quotactl": (179, 60), "quotactl_fd": (443, 443), "settimeofday": (164, 170), "clock_settime": (227, 112),
    "adjtimex": (159, 171), "clock_adjtime": (305, 266), "sethostname": (170, 161), "setdomainname": (171, 162),
    "iopl": (172,), "ioperm": (173,), "syslog": (103, 116), "vhangup": (153, 58), "fanotify_init": (300, 262),
    "fcntl": (72, 25), "ioctl": (16, 29),
}  # fmt: skip
"""On x86_64 and on aarch64, which lacks the oldest. As in the kernel's own headers."""

MISSING = ("clone3", "openat2", "io_uring_setup", "io_uring_enter", "io_uring_register", "memfd_create", "shmget")
"""Refused as if the kernel did not know them, so that the C library takes the older way."""


class Check(NamedTuple):
    """A call is refused if this argument, masked, is among the values; or if it is not, for ``inside=False``."""

    argument: int
    values: Sequence[int]
    inside: bool = True
    mask: int = 0xFFFFFFFF
    upper: bool = False


def _checks() -> Dict[str, List[Check]]:
    """The calls that depend on their arguments. A process may do to itself what it may not do to others."""
    own = [os.getpid(), 0]
    truncating = os.O_TRUNC | os.O_ACCMODE
    return {
        "clone": [Check(0, [0], mask=0x10000)],  # CLONE_THREAD
        "kill": [Check(0, own, inside=False)],
        "tgkill": [Check(0, own[:1], inside=False)],
        "prlimit64": [Check(0, own, inside=False)],
        "setpriority": [Check(1, own, inside=False)],
        "sched_setaffinity": [Check(0, own, inside=False)],
        "sendto": [Check(4, [0], inside=False), Check(4, [0], inside=False, upper=True)],
        "open": [Check(1, [os.O_TRUNC | os.O_RDONLY], mask=truncating)],
        "openat": [Check(2, [os.O_TRUNC | os.O_RDONLY], mask=truncating)],
        # Signals to others by way of a file: F_SETOWN, F_SETOWN_EX; FIOSETOWN, SIOCSPGRP. Flags of the file system.
        "fcntl": [Check(1, [8, 15])],
        "ioctl": [Check(1, [0x8901, 0x8902, 0x40086602, 0x401C5820, 0x5412])],
    }


def install(libc: ctypes.CDLL) -> bool:
    """Filter the calls of this process from now on; False where the kernel or the architecture has no such thing.

    To be called last: what else the cage needs is among the calls that it refuses. Needs PR_SET_NO_NEW_PRIVS.
    """
    machine = platform.machine()
    if machine not in ARCHITECTURES or sys.maxsize < 1 << 32:
        return False
    program = b"".join(_program(machine))
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    return bool(libc.prctl(PR_SET_SECCOMP, FILTER_MODE, header, 0, 0) == 0)


def _program(machine: str) -> List[bytes]:
    """Instructions for the kernel's filter machine, whose input is the number, the architecture and the arguments."""
    column = list(ARCHITECTURES).index(machine)
    program = [_step(LOAD, 4), _step(EQUAL, ARCHITECTURES[machine], 1, 0), _failing(errno.ENOSYS)]
    program += [_step(LOAD, 0), _step(NOT_BELOW, FIRST_UNKNOWN, 0, 1), _failing(errno.ENOSYS)]
    checks = _checks()
    for name, numbers in NUMBERS.items():
        if column < len(numbers):
            block = _conditions(checks.get(name, []), _failing(_error(name)))
            program += [_step(EQUAL, numbers[column], 0, len(block)), *block]
    return [*program, _step(RETURN, ALLOW)]


def _conditions(checks: Sequence[Check], refusal: bytes) -> List[bytes]:
    if not checks:
        return [refusal]
    block: List[bytes] = []
    for check in checks:
        block += [_step(LOAD, 16 + 8 * check.argument + 4 * check.upper), _step(AND, check.mask)]
        if check.inside:
            for value in check.values:
                block += [_step(EQUAL, value, 0, 1), refusal]
        else:
            last = len(check.values) - 1
            block += [_step(EQUAL, value, last - index + 1, 0) for index, value in enumerate(check.values)]
            block.append(refusal)
    return [*block, _step(RETURN, ALLOW)]


def _error(name: str) -> int:
    if name in MISSING:
        return errno.ENOSYS
    if name in ("fork", "vfork", "clone"):
        return errno.EAGAIN
    return errno.EACCES if name in ("socket", "connect", "bind", "open", "openat", "truncate") else errno.EPERM


def _failing(error: int) -> bytes:
    return _step(RETURN, FAIL | error)


def _step(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("=HBBI", code, then, otherwise, value)
