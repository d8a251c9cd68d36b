"""A file that is rewritten is the old one or the new one, whatever happens."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bnlint import files
from bnlint.files import UntouchedError, rewrite

OLD, NEW = b"old\n", b"new\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.py"
    path.write_bytes(OLD)
    return path


def untouched(path: Path, expected: bytes = OLD) -> str:
    with pytest.raises(UntouchedError) as caught:
        rewrite(path, expected, NEW)
    assert [each.name for each in path.parent.iterdir() if each.suffix == ".bnlint"] == []
    return str(caught.value)


def test_replaces_the_content_and_keeps_the_permissions(file: Path) -> None:
    file.chmod(0o751)
    rewrite(file, OLD, NEW)
    assert file.read_bytes() == NEW
    assert stat.S_IMODE(file.stat().st_mode) == 0o751
    assert [each.name for each in file.parent.iterdir()] == ["a.py"]


def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link.py"
    link.symlink_to("../a.py")
    rewrite(link, OLD, NEW)
    assert link.is_symlink()
    assert file.read_bytes() == NEW


def test_a_hard_link_keeps_the_old_content(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.py"
    os.link(file, other)
    rewrite(file, OLD, NEW)
    assert (file.read_bytes(), other.read_bytes()) == (NEW, OLD)


def test_a_file_that_changed_is_left_alone(file: Path) -> None:
    file.write_bytes(b"newer\n")
    assert untouched(file) == "changed while bnlint was working on it"
    assert file.read_bytes() == b"newer\n"


def test_a_change_at_the_last_moment_is_seen(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = files._written_beside  # pyright: ignore[reportPrivateUsage]

    def written(target: Path, data: bytes) -> Path:
        temporary = real(target, data)
        target.write_bytes(b"newer\n")
        return temporary

    monkeypatch.setattr(files, "_written_beside", written)
    assert untouched(file) == "changed while bnlint was working on it"
    assert file.read_bytes() == b"newer\n"


def test_a_read_only_file_is_left_alone_by_the_superuser_too(file: Path) -> None:
    file.chmod(0o444)
    assert untouched(file) == "is read-only"
    assert file.read_bytes() == OLD


def test_a_file_that_is_gone_does_not_come_back(file: Path) -> None:
    file.unlink()
    assert untouched(file) == "cannot be written: No such file or directory"
    assert not file.exists()


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only the superuser gives files away")
def test_the_owner_stays(file: Path) -> None:
    os.chown(file, 1234, 1234)
    rewrite(file, OLD, NEW)
    assert (file.stat().st_uid, file.stat().st_gid) == (1234, 1234)


def test_a_file_of_someone_else_is_left_alone(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chown", refused)
    rewrite(file, OLD, OLD)  # nothing to hand over
    if os.getuid() == 0:
        monkeypatch.undo()
        os.chown(file, 1234, 1234)
        monkeypatch.setattr(os, "chown", refused)
        assert untouched(file) == "belongs to someone else"


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file(file: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, full)
    assert untouched(file) == "cannot be written: No space left on device"
    assert file.read_bytes() == OLD


def test_an_interrupt_leaves_the_old_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        rewrite(file, OLD, NEW)
    assert [each.name for each in file.parent.iterdir()] == ["a.py"]
    assert file.read_bytes() == OLD


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_killed_at_any_moment_it_is_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    versions = [bytes([letter]) * 200_000 for letter in b"xy"]
    path.write_bytes(versions[0])
    program = f"""
from pathlib import Path
from bnlint.files import rewrite
path, versions = Path({str(path)!r}), [b"x" * 200_000, b"y" * 200_000]
now = versions.index(path.read_bytes())
print("go", flush=True)
while True:
    rewrite(path, versions[now], versions[1 - now])
    now = 1 - now
"""
    seen: set[bytes] = set()
    for turn in range(20):
        process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline() == b"go\n"
        time.sleep(0.0007 * turn)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert path.read_bytes() in versions
        seen.add(path.read_bytes())
    left = [each for each in tmp_path.iterdir() if each != path]
    assert all(each.suffix == ".bnlint" for each in left), "what a kill leaves is nothing that a linter would look at"
