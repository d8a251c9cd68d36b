"""What the caged code may read and write: an allow-list in the kernel (Landlock, since Linux 5.13)."""

from __future__ import annotations

import contextlib
import ctypes
import os
import stat
import struct
import sys
from typing import Iterator, List, NamedTuple, Optional, Sequence, Tuple

CREATE, ADD, RESTRICT = 444, 445, 446
EXECUTE, WRITE_FILE, READ_FILE, READ_FOLDER, TRUNCATE, DEVICE = 1, 2, 4, 8, 1 << 14, 1 << 15
READ = EXECUTE | READ_FILE | READ_FOLDER
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | DEVICE
RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
"""All rights over files that each version of the kernel interface knows."""

TCP = 3
OTHERS = 3
"""Abstract sockets and signals of processes outside."""

SYSTEM = (
    "/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/nix/store", "/gnu/store",
    "/etc/ld.so.cache", "/etc/localtime", "/etc/timezone", "/etc/nsswitch.conf", "/etc/passwd", "/etc/group",
    "/etc/hosts", "/etc/host.conf", "/etc/resolv.conf", "/etc/protocols", "/etc/services", "/etc/mime.types",
    "/etc/os-release", "/etc/alternatives", "/etc/fonts", "/etc/ssl/certs", "/etc/ssl/openssl.cnf",
    "/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/loadavg", "/proc/uptime", "/proc/version",
    "/proc/filesystems", "/proc/sys/kernel/osrelease", "/proc/sys/vm/overcommit_memory", "/sys/devices/system",
    "/sys/kernel/mm/transparent_hugepage", "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom",
)  # fmt: skip
IMPORTABLE = (".py", ".pyc", ".so")
MOST_ENTRIES = 2000


class Place(NamedTuple):
    """A file, or a folder with all that is in it, and the rights there."""

    path: str
    rights: int


def restrict(libc: ctypes.CDLL, places: Sequence[Place]) -> bool:
    """Allow nothing but these places, for good; False where the kernel has no Landlock. Needs NO_NEW_PRIVS."""
    version = libc.syscall(CREATE, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return False
    rights = RIGHTS[min(version, max(RIGHTS))]
    attributes = struct.pack("Q", rights)
    if version >= 4:
        attributes += struct.pack("Q", TCP)
    if version >= 6:
        attributes += struct.pack("Q", OTHERS)
    rules = libc.syscall(CREATE, attributes, ctypes.c_size_t(len(attributes)), 0)
    if rules < 0:
        return False
    try:
        return all(_add(libc, rules, place, rights) for place in places) and libc.syscall(RESTRICT, rules, 0) == 0
    finally:
        os.close(rules)


def _add(libc: ctypes.CDLL, rules: int, place: Place, known: int) -> bool:
    try:
        opened = os.open(place.path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return True  # What is not there need not be allowed.
    try:
        rights = place.rights & known
        if not stat.S_ISDIR(os.fstat(opened).st_mode):
            rights &= OF_FILES
        rule = struct.pack("=Qi", rights, opened)
        return bool(libc.syscall(ADD, rules, 1, rule, 0) == 0)
    finally:
        os.close(opened)


def places(folder: str, home: str, paths: Sequence[str]) -> List[Place]:
    """What code needs in order to run: the system's libraries, this Python, the modules beside it, its own folder.

    folder: its own, the only one to write to. home: the user's, of which nothing is allowed but what Python itself
    consists of. paths: where the code imports its own modules from.
    """
    whole = [Place(path, READ) for path in SYSTEM]
    whole += [Place(path, READ) for path in _python(home)]
    whole.append(Place(os.path.dirname(os.path.abspath(__file__)), READ))
    for path in list(paths) + [entry for entry in sys.path if not _under(entry, whole)]:
        whole += importable(os.path.realpath(path), home)
    return [*whole, Place("/dev/null", WRITE_FILE | READ_FILE | TRUNCATE), Place(folder, RIGHTS[5] & ~DEVICE)]


def _python(home: str) -> Iterator[str]:
    """Where the interpreter and the packages installed for it live."""
    binary = os.path.dirname(os.path.dirname(os.path.realpath(sys.executable)))
    for prefix in {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix, binary}:
        if not contains(prefix, home):
            yield prefix
        else:
            for part in ("bin", "lib", "lib64", "share"):
                yield os.path.join(prefix, part)
    for entry in sys.path:
        if os.path.basename(entry) in ("site-packages", "dist-packages") or os.path.isfile(entry):
            yield entry
    for entry in os.environ.get("LD_LIBRARY_PATH", "").split(":"):
        if entry and not contains(entry, home):
            yield entry


def importable(folder: str, home: str) -> Iterator[Place]:
    """What can be imported from a folder: no data beside it, no hidden files, and nothing that links lead to elsewhere.

    In a home folder, one above it, or one that all users share, a package is known by its ``__init__.py`` alone.
    """
    yield Place(folder, READ_FOLDER)
    for name, path in _entries(folder):
        target = os.path.realpath(path)
        if name.startswith(".") or not contains(folder, target):
            continue
        if not os.path.isdir(target):
            if name.endswith(IMPORTABLE):
                yield Place(target, EXECUTE | READ_FILE)
        elif not contains(target, home) and (
            not _open_to_others(folder, home) or os.path.isfile(os.path.join(target, "__init__.py"))
        ):
            yield Place(target, READ)


def _entries(folder: str) -> List[Tuple[str, str]]:
    with contextlib.suppress(OSError):
        return [(entry.name, entry.path) for entry in os.scandir(folder)][:MOST_ENTRIES]
    return []


def _open_to_others(folder: str, home: str) -> bool:
    try:
        return contains(folder, home) or bool(os.stat(folder).st_mode & (stat.S_ISVTX | stat.S_IWOTH))
    except OSError:
        return True


def _under(path: str, known: Sequence[Place]) -> bool:
    return not path or any(contains(place.path, path) for place in known)


def contains(folder: str, path: Optional[str]) -> bool:
    """Whether ``path`` is ``folder`` or lies in it."""
    folder = folder.rstrip("/") + "/"
    return bool(path) and (str(path).rstrip("/") + "/").startswith(folder)
