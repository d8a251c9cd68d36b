"""Which files a run looks at."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

from bnlint.findings import FileError
from bnlint.frozen import dataclass
from bnlint.settings import Settings, patterns

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

SUFFIXES = (".py", ".ipynb")
# Folders that hold other people's code, or no source at all.
# fmt: off
EXCLUDED = frozenset({
    ".bzr", ".direnv", ".eggs", ".git", ".hg", ".ipynb_checkpoints", ".mypy_cache", ".nox", ".pyenv", ".pytest_cache",
    ".pytype", ".ruff_cache", ".svn", ".tox", ".venv", ".vscode", "__pycache__", "__pypackages__", "build", "buck-out",
    "dist", "node_modules", "site-packages", "venv",
})
# fmt: on
# Whether a path, of a folder or not, is to be left out.
_Excluded: TypeAlias = Callable[[str, bool], bool]
# Of ``.gitignore`` files: their folders, one expression for all their patterns, and the patterns.
_Ignores: TypeAlias = "tuple[tuple[str, re.Pattern[str], GitIgnoreSpec], ...]"
_GIT = ("git", "-c", "core.fsmonitor=false", "ls-files", "-z")


@dataclass(frozen=True, slots=True)
class Discovery:
    """The absolute paths of files with the names that reports use, sorted by these; and what could not be looked at."""

    files: tuple[tuple[str, str], ...]
    errors: tuple[FileError, ...]


def discover(paths: Sequence[str], settings: Settings) -> Discovery:
    """Find the Python files and notebooks under these paths.

    A file that is named is always taken, unless the settings force the excludes on it. In a folder, what git ignores,
    the excludes and links to folders are left out; a folder that is named is looked at as a file that is named is
    taken. Each file comes once.
    """
    # Strings throughout: to make a path takes longer than to read what is known of the file.
    found: dict[str, str] = {}
    errors: list[FileError] = []
    excluded = _excluder(settings)
    real_folder, shown_folder = cache(os.path.realpath), cache(_shown)
    for name in paths:
        path = Path(os.path.abspath(name))
        try:
            path.stat()
        except (OSError, ValueError) as error:
            errors.append(FileError(display_name(path), _cause(error, path)))
            continue
        if settings.force_exclude and _left_out(path, excluded, settings.root):
            continue
        whole = str(path)
        files = _in_folder(whole, excluded, errors) if path.is_dir() else [(os.path.islink(whole), whole)]
        # A link comes after the files, so that a file is reported under its own name.
        for is_link, file in sorted(files):
            folder, name = os.path.split(file)
            identity = os.path.realpath(file) if is_link else os.path.join(real_folder(folder), name)
            found.setdefault(identity, file)
    named = [
        (file, f"{shown_folder(folder)}{name}") for file in found.values() for folder, name in [os.path.split(file)]
    ]
    return Discovery(tuple(sorted(named, key=lambda each: each[1])), tuple(errors))


def _shown(folder: str) -> str:
    """What the names of the files in a folder begin with."""
    name = display_name(Path(folder))
    return "" if name == "." else name if name.endswith("/") else f"{name}/"


def discover_named(path: Path, settings: Settings) -> Discovery:
    """One file that may not be on disk: taken, unless the settings force the excludes on it."""
    left_out = settings.force_exclude and _left_out(path, _excluder(settings), settings.root)
    return Discovery(() if left_out else ((str(path), display_name(path)),), ())


def rest_of_project(paths: Sequence[str], found: Discovery, settings: Settings) -> Discovery:
    """The files of the project that a run was not asked about: of the repository around the paths, if there is one."""
    starts = {Path(os.path.abspath(path)) for path in paths}
    roots = {root for path in starts if (root := _repository(path)) is not None} - starts
    asked = {path for path, _ in found.files}
    everything = discover(sorted(str(root) for root in roots), settings)
    return Discovery(tuple(file for file in everything.files if file[0] not in asked), ())


def _repository(path: Path) -> Path | None:
    return next((parent for parent in (path, *path.parents) if (parent / ".git").exists()), None)


def display_name(path: Path) -> str:
    """The name that reports use: relative to the working folder, with ``/``."""
    try:
        return Path(os.path.relpath(path)).as_posix()
    except ValueError:  # another drive of Windows
        return path.as_posix()


def _cause(error: OSError | ValueError, path: Path) -> str:
    if isinstance(error, FileNotFoundError):
        return "a link to nowhere" if path.is_symlink() else "no such file or folder"
    return f"cannot be read: {error.strerror if isinstance(error, OSError) else error}"


def _in_folder(top: str, excluded: _Excluded, errors: list[FileError]) -> Iterator[tuple[bool, str]]:
    """The files in a folder, and whether each is a link."""
    listed = _git_files(top, "-co", "--exclude-standard")
    if not listed:  # no repository, or a folder that git ignores as a whole
        yield from _walk(top, excluded, errors)
        return

    @cache
    def left_out(folder: str) -> bool:
        return folder != top and (excluded(folder, True) or left_out(os.path.dirname(folder)))

    for name in listed:
        path = os.path.join(top, name)
        if os.path.isdir(path):
            # git names a nested repository, and does not look inside.
            path = path.rstrip("/")
            if not os.path.islink(path) and not left_out(path):
                yield from _in_folder(path, excluded, errors)
        elif (
            path.endswith(SUFFIXES)
            and os.path.isfile(path)
            and not left_out(os.path.dirname(path))
            and not excluded(path, False)
        ):
            yield os.path.islink(path), path


def is_tracked(folder: Path, name: str) -> bool:
    """Whether anything of that name in the folder is part of the repository there."""
    return bool(_git_files(str(folder), "--", name))


def _git_files(folder: str, *options: str) -> list[str]:
    """What git lists, relative to the folder; nothing where git cannot say."""
    # A hook runs with variables that point git elsewhere.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    try:
        command = [*_GIT, *options]
        listing = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return []
    return sorted({os.fsdecode(name) for name in listing.split(b"\0") if name})


def _walk(top: str, excluded: _Excluded, errors: list[FileError]) -> Iterator[tuple[bool, str]]:
    pending: list[tuple[str, _Ignores]] = [(top, ())]
    while pending:
        folder, ignores = pending.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError as error:
            errors.append(FileError(display_name(Path(folder)), f"cannot be read: {error.strerror}"))
            continue
        if any(entry.name == ".gitignore" for entry in entries):
            ignores = (*ignores, *_gitignore(folder))
        for entry in entries:
            is_folder = entry.is_dir(follow_symlinks=False)
            if not is_folder and not (entry.name.endswith(SUFFIXES) and _is_file(entry)):
                continue
            if excluded(entry.path, is_folder) or _ignored(entry.path, is_folder, ignores):
                continue
            if is_folder:
                pending.append((entry.path, ignores))
            else:
                yield entry.is_symlink(), entry.path


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link that leads to itself
        return False


def _gitignore(folder: str) -> _Ignores:
    try:
        lines = Path(folder, ".gitignore").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        spec = patterns(lines)
    except (OSError, ValueError):  # there is none, or no pattern that git could read
        return ()
    found = [cast("re.Pattern[str] | None", getattr(each, "regex", None)) for each in spec.patterns]
    # They name their groups alike, which one expression cannot.
    unnamed = [re.sub(r"\(\?P<\w+>", "(?:", each.pattern) for each in found if each is not None]
    return ((folder, re.compile("|".join(f"(?:{each})" for each in unnamed)), spec),) if unnamed else ()


def _ignored(path: str, is_folder: bool, ignores: _Ignores) -> bool:
    for base, any_of_them, spec in reversed(ignores):  # the nearest file that says something decides
        # Not by `_relative`: a path is more than a string that begins like another, and takes as long as the patterns.
        inside = path[len(base) :].lstrip(os.sep).replace(os.sep, "/") + "/" * is_folder
        # Most paths match no pattern, and to ask one by one takes longer than all else that is done with a path.
        decision = spec.check_file(inside).include if any_of_them.search(inside) else None
        if decision is not None:
            return decision
    return False


def _excluder(settings: Settings) -> _Excluded:
    base = settings.config.parent if settings.config else Path.cwd()
    spec = patterns(settings.exclude) if settings.exclude else None

    def excluded(path: str, is_folder: bool) -> bool:
        if is_folder:
            name = os.path.basename(path)
            if name in EXCLUDED or os.path.isfile(os.path.join(path, "pyvenv.cfg")):
                return True
        if spec is None or not Path(path).is_relative_to(base):
            return False
        return spec.match_file(_relative(Path(path), base, is_folder))

    return excluded


def _left_out(path: Path, excluded: _Excluded, root: Path) -> bool:
    """Whether a search of the project would not come by here."""
    if not path.is_relative_to(root):
        return False
    folders = [parent for parent in path.parents if parent != root and parent.is_relative_to(root)]
    return excluded(str(path), path.is_dir()) or any(excluded(str(folder), True) for folder in folders)


def _relative(path: Path, base: Path, is_folder: bool) -> str:
    return path.relative_to(base).as_posix() + ("/" if is_folder else "")
