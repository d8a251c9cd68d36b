"""The TensorFlow and Keras that a project declares to need, read from its dependency files."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from bnlint.findings import Era

# Files in which a project names what it needs, the binding ones (locks) first.
_FILES = (
    "poetry.lock", "uv.lock", "pdm.lock", "Pipfile.lock", "requirements*.txt", "requirements/*.txt", "constraints*.txt",
    "pyproject.toml", "setup.cfg", "setup.py", "Pipfile", "environment*.yml", "environment*.yaml", "conda*.yml",
)  # fmt: skip
_ANY_FILE = re.compile("|".join(fnmatch.translate(pattern.partition("/")[0]) for pattern in _FILES), re.IGNORECASE)
_MOST_BYTES = 5_000_000

_NAMES = r"tensorflow(?:[-_](?:gpu|cpu|macos|intel|rocm))?|tf[-_]nightly|keras|tf[-_]keras"
_SPEC = r"(?:[=<>!~^]=?=?\s*v?\d[\w.*]*\s*,?\s*)+"
# requirements, setup.py lists, conda ("tensorflow=1.15"), poetry and Pipfile tables ('tensorflow = "^1.15"').
_REQUIREMENT = re.compile(
    rf"""(?:^|[\s"'\[,(-])(?P<name>{_NAMES})(?:\[[^\]]*\])?["']?\s*(?:=\s*["']|:\s*["'])?\s*\(?(?P<spec>{_SPEC})""",
    re.MULTILINE,
)
_LOCKED = re.compile(
    rf"""name\ =\ "(?P<name>{_NAMES})"\s+version\ =\ "(?P<version>[\d.]+)"
    | "(?P<name2>{_NAMES})":\ \{{[^}}]*?"version":\ "==(?P<version2>[\d.]+)["]""",
    re.VERBOSE,
)
_BOUND = re.compile(r"([=<>!~^]=?=?)\s*v?(\d[\w.*]*)")

# The first TensorFlow that comes with Keras 3.
_KERAS_3_SINCE = (2, 16)


def declared_eras(filenames: Iterable[str]) -> dict[str, Era]:
    """By file name, the era that the dependency files around it declare."""
    known: dict[str, tuple[Era | None, bool]] = {}
    folders: dict[str, Era] = {}
    found: dict[str, Era] = {}
    for filename in filenames:
        folder = os.path.dirname(filename)
        if folder not in folders:
            folders[folder] = _declared(os.path.abspath(folder), known)
        found[filename] = folders[folder]
    return found


def declared_era(folder: Path) -> Era:
    """What the nearest dependency files say, from ``folder`` upwards to the root of its repository."""
    return _declared(str(folder), {})


def _declared(folder: str, known: dict[str, tuple[Era | None, bool]]) -> Era:
    """known: what the files of a folder say, and whether it is a repository; folders that are missing are added."""
    while True:
        if folder not in known:
            names = _names(folder)
            known[folder] = _folder_era(folder, names), ".git" in names
        era, is_repository = known[folder]
        around = os.path.dirname(folder)
        if era is not None or is_repository or around == folder:
            return era or Era()
        folder = around


def _folder_era(folder: str, names: list[str]) -> Era | None:
    tensorflow: set[str] = set()
    keras: set[str] = set()
    evidence: list[str] = []
    for path in _existing(folder, names):
        for name, low, high in _requirements(_read(path)):
            found = _eras(name, low, high)
            if found != (None, None):
                evidence.append(f"{path.name}: {name}{_shown(low, high)}")
            tensorflow |= {found[0]} if found[0] else set()
            keras |= {found[1]} if found[1] else set()
    if not evidence:
        return None
    return Era(_only(tensorflow), _only(keras), tuple(dict.fromkeys(evidence[:3])))


def _existing(folder: str, names: list[str]) -> Iterator[Path]:
    # One look at the folder, and one pattern for all: most folders hold none of these files.
    if not any(map(_ANY_FILE.match, names)):
        return
    for pattern in _FILES:
        inner, _, last = pattern.rpartition("/")
        inside = names if not inner else _names(os.path.join(folder, inner)) if inner in names else []
        yield from (path for name in fnmatch.filter(inside, last) if (path := Path(folder, inner, name)).is_file())


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _MOST_BYTES:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


Version = tuple[int, ...]


def _requirements(text: str) -> Iterator[tuple[str, Version, Version | None]]:
    """The name, lowest version and first excluded version of each requirement."""
    for match in _LOCKED.finditer(text):
        version = _version(match["version"] or match["version2"])
        yield (match["name"] or match["name2"]).replace("_", "-"), version, _next(version)
    without_comments = re.sub(r"(?m)(^|\s)#.*$", "", text)
    for match in _REQUIREMENT.finditer(without_comments):
        low, high = _bounds(match["spec"])
        yield match["name"].replace("_", "-"), low, high


def _bounds(spec: str) -> tuple[Version, Version | None]:
    low: Version = ()
    high: Version | None = None
    for operator, text in _BOUND.findall(spec):
        version = _version(text)
        if operator in ("==", "=", "===", ">=", ">", "~=", "^", "^="):
            low = max(low, version)
        if operator in ("==", "=", "==="):
            high = _next(version)
        elif operator == "~=":
            high = _next(version[:-1] or version)
        elif operator.startswith("^"):
            high = _next(version[:1])
        elif operator == "<":
            high = version
        elif operator == "<=":
            high = _next(version)
    return low, high


def _version(text: str) -> Version:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def _next(version: Version) -> Version:
    """The first version that does not begin like this one."""
    return (*version[:-1], version[-1] + 1)


def _eras(name: str, low: Version, high: Version | None) -> tuple[str | None, str | None]:
    """The TensorFlow and the Keras generation that a requirement allows, where it allows only one."""
    if name == "keras":
        return None, "3" if low >= (3,) else "2" if high is not None and high <= (3,) else None
    if name in ("tf-keras", "tf-nightly"):
        return None, None
    if high is not None and high <= (2,):
        return "1", "2"
    if low >= _KERAS_3_SINCE:
        return "2", "3"
    if low >= (2,):
        return "2", "2" if high is not None and high <= _KERAS_3_SINCE else None
    return None, None


def _shown(low: Version, high: Version | None) -> str:
    parts = [f">={'.'.join(map(str, low))}"] if low else []
    parts += [f"<{'.'.join(map(str, high))}"] if high is not None else []
    return ",".join(parts)


def _only(versions: set[str]) -> str | None:
    return next(iter(versions)) if len(versions) == 1 else None
