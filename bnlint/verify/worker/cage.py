"""What the child may not do, by the means of the kernel where it has them. It says honestly how far it got."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import struct
import sys
from typing import Iterator, List, Sequence

from . import landlock, seccomp

CLONE_NEWUSER, CLONE_NEWNET, CLONE_NEWIPC = 0x10000000, 0x40000000, 0x08000000
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 24, 36, 38
CAPABILITIES = 64
OPEN_FILES = 512
LARGEST_FILE = 64 << 20
FRAMEWORK = 2 << 30
"""Bytes of address space that TensorFlow takes up before it does anything."""


def die_with_parent() -> None:
    """A child that killed its parent would otherwise run on, seen by nobody."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def inherit_orphans() -> None:
    """What a child leaves behind becomes a child of this process, which can then end it."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def enter(folder: str, home: str, paths: Sequence[str], memory: int, seconds: int) -> List[str]:
    """Limit this process for good. Returns what was reached:

    limits          on memory, processor time, open files, the size of files
    no-network      no connection to another machine
    no-writes       to no place but a temporary folder
    no-reading      of nothing but this Python, the system's libraries, and the modules beside the code
    no-processes    none is started, signalled, looked into or talked to

    folder: the only place that may be written to. home: the user's. paths: where the code imports its own modules
    from. memory: bytes beyond what TensorFlow takes. seconds: of processor time.
    """
    if os.name != "posix":
        return []
    reached = ["limits"] if _limit(memory, seconds) else []
    if not sys.platform.startswith("linux"):
        return reached
    libc = ctypes.CDLL(None, use_errno=True)
    places = landlock.places(folder, home, paths)
    alone = _leave_network(libc)
    _give_up_privileges(libc)
    locked = landlock.restrict(libc, places)
    filtered = seccomp.install(libc)
    # What was asked of the kernel is one thing, what it does another.
    if (alone or filtered) and not _connects():
        reached.append("no-network")
    if locked and filtered and not _writes(os.path.dirname(folder)):
        reached.append("no-writes")
    if locked and not _reads(home):
        reached.append("no-reading")
    if filtered:
        reached.append("no-processes")
    return reached


def _limit(memory: int, seconds: int) -> bool:
    import resource

    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: LARGEST_FILE,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_CPU: seconds,
    }
    if sys.platform.startswith("linux"):
        wanted[resource.RLIMIT_AS] = max(_size(), FRAMEWORK) + memory
        # If the machine runs out of memory all the same, this process goes first.
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
    try:
        for limit, value in wanted.items():
            _, hard = resource.getrlimit(limit)
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(limit, (value, value))
    except (ValueError, OSError):
        return False
    return True


def _size() -> int:
    """Bytes of address space this process has."""
    with contextlib.suppress(OSError, ValueError), open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _leave_network(libc: ctypes.CDLL) -> bool:
    """A new network namespace holds no interface that is up. Only a process of one thread may do this."""
    user, group = os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC) != 0:
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


def _give_up_privileges(libc: ctypes.CDLL) -> None:
    """Those of root, and those that a new user namespace comes with; and none by way of another program."""
    for capability in range(CAPABILITIES):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    libc.capset(struct.pack("=Ii", 0x20080522, 0), bytes(24))
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _connects() -> bool:
    """To an address kept for documentation, without sending anything."""
    try:
        with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as attempt:
            attempt.connect(("192.0.2.1", 9))
    except OSError:
        return False
    return True


def _writes(folder: str) -> bool:
    path = os.path.join(folder, "bnlint-probe-%d" % os.getpid())
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError:
        return False
    os.unlink(path)
    return True


def _reads(home: str) -> bool:
    try:
        return any(True for _ in _files(home))
    except OSError:
        return False


def _files(home: str) -> Iterator[str]:
    """Hidden files directly in the home folder that can be opened: there lie most secrets."""
    for name in os.listdir(home):
        path = os.path.join(home, name)
        if name.startswith(".") and os.path.isfile(path):
            with contextlib.suppress(OSError), open(path, "rb"):
                yield path
