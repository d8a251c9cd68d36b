"""What the child may not do, by the means of the kernel where it has them. It says honestly how far it got."""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import sys
from typing import List

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
WRITE_RIGHTS = 0x1FF2  # all rights of the first Landlock ABI but execute, read a file, read a folder
EVERY_RIGHT = 0x1FFF


def die_with_parent() -> None:
    """A child that killed its parent would otherwise run on, seen by nobody."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def enter(folder: str, memory: int, seconds: int) -> List[str]:
    """Limit this process for good. Returns what was reached: "limits", "no-network", "no-writes".

    folder: the only place that may be written to. memory: bytes of address space; 0 leaves it alone.
    seconds: of processor time.
    """
    if sys.platform == "win32":
        return []
    reached = []
    if _limit(memory, seconds):
        reached.append("limits")
    if sys.platform.startswith("linux"):
        libc = ctypes.CDLL(None, use_errno=True)
        if _leave_network(libc):
            reached.append("no-network")
        if _lock_files(libc, folder):
            reached.append("no-writes")
    return reached


def _limit(memory: int, seconds: int) -> bool:
    import resource

    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 64 << 20,
        resource.RLIMIT_CPU: seconds,
    }
    if memory and sys.platform.startswith("linux"):
        wanted[resource.RLIMIT_AS] = memory
    try:
        for limit, value in wanted.items():
            _, hard = resource.getrlimit(limit)
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(limit, (value, value))
    except (ValueError, OSError):
        return False
    return True


def _leave_network(libc: ctypes.CDLL) -> bool:
    """A new network namespace holds no interface that is up. Only a process of one thread may do this."""
    user, group = os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
        return False
    for name, line in (
        ("setgroups", "deny"),
        ("uid_map", "%d %d 1" % (user, user)),
        ("gid_map", "%d %d 1" % (group, group)),
    ):
        try:
            with open("/proc/self/" + name, "w") as file:
                file.write(line)
        except OSError:
            break
    return True


def _lock_files(libc: ctypes.CDLL, folder: str) -> bool:
    """Landlock: everything may be read, only ``folder`` and /dev/null written."""
    attributes = struct.pack("Q", EVERY_RIGHT)
    rules = libc.syscall(LANDLOCK_CREATE, attributes, ctypes.c_size_t(len(attributes)), 0)
    if rules < 0:
        return False
    try:
        for path, rights in (("/", EVERY_RIGHT & ~WRITE_RIGHTS), (folder, EVERY_RIGHT), ("/dev/null", 0x6)):
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            try:
                rule = struct.pack("=Qi", rights, place)
                if libc.syscall(LANDLOCK_ADD, rules, 1, rule, 0) != 0:
                    return False
            finally:
                os.close(place)
        if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            return False
        return bool(libc.syscall(LANDLOCK_RESTRICT, rules, 0) == 0)
    except OSError:
        return False
    finally:
        os.close(rules)
