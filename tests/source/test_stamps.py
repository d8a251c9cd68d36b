"""Files that are as they were are not read again, and no change goes unnoticed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bnlint import source, stamps
from bnlint.cache import Cache
from bnlint.discovery import discover
from bnlint.engine import check_inputs, read
from bnlint.reporting import Report
from bnlint.settings import Settings
from bnlint.source import Source, SourceError
from bnlint.stamps import Stamps

WRONG = """import tensorflow as tf

class Norm(tf.keras.layers.Layer):
    def build(self, shape):
        self.mean = self.add_weight(name="moving_mean", shape=shape[-1:], trainable=False)

    def call(self, x, training=None):
        if training:
            self.mean = self.mean * 0.9 + tf.reduce_mean(x, axis=[0, 1, 2]) * 0.1
        return x - self.mean
"""
NAMES = ("a.py", "b.py", "wrong.py")


@pytest.fixture(autouse=True)
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "a.py").write_text("a = 1\n")
    (tmp_path / "b.py").write_text("b = 1\n")
    (tmp_path / "wrong.py").write_text(WRONG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stamps, "FEW", 0)
    monkeypatch.setattr(stamps, "_TICK", 0)
    return tmp_path


@pytest.fixture
def cached(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    return Cache(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that have been read so far."""
    names: list[str] = []
    before: Callable[[str | Path], bytes] = source._read_bytes

    def reads(path: str | Path) -> bytes:
        names.append(os.path.basename(path))
        return before(path)

    monkeypatch.setattr(source, "_read_bytes", reads)
    return names


def seen(cached: Cache) -> list[Source]:
    """The files, as a run takes them that keeps what it read."""
    found = Stamps(cached, Path.cwd())
    sources, errors = found.read(discover(["."], Settings()))
    assert errors == []
    found.keep()
    return sources


def checked(cached: Cache) -> Report:
    return check_inputs(inputs := read(["."], Settings(), cached), inputs.sources, Settings(), cached=cached)


def said(report: Report) -> list[Any]:
    return [(each.filename, each.code, each.span) for each in report.findings]


def test_what_is_as_it_was_is_not_read_again(cached: Cache, opened: list[str]) -> None:
    before = [(each.filename, each.digest) for each in seen(cached)]
    assert sorted(opened) == list(NAMES)
    opened.clear()
    again = seen(cached)
    assert [(each.filename, each.digest) for each in again] == before
    assert opened == []
    assert [each.data for each in again] == [Path(name).read_bytes() for name in NAMES]
    assert opened == list(NAMES)


def test_a_run_reads_only_what_it_speaks_of(cached: Cache, opened: list[str]) -> None:
    cold = checked(cached)
    assert {each.filename for each in cold.findings} == {"wrong.py"}
    opened.clear()
    assert said(checked(cached)) == said(cold)
    assert opened == ["wrong.py"]


def test_files_of_no_interest_are_not_read_again(
    cached: Cache, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bnlint.engine.FEW", 0)
    Path("wrong.py").unlink()
    for _ in range(2):
        assert checked(cached).findings == ()
    assert opened == ["a.py", "b.py"]


def test_a_change_that_keeps_size_and_time_is_seen(cached: Cache, opened: list[str]) -> None:
    seen(cached)
    status = os.stat("a.py")
    Path("a.py").write_text("a = 2\n")
    os.utime("a.py", ns=(status.st_atime_ns, status.st_mtime_ns))
    opened.clear()
    assert seen(cached)[0].data == b"a = 2\n"
    assert opened == ["a.py"]
    opened.clear()
    seen(cached)
    assert opened == []


def test_what_was_written_just_now_is_read_again(
    cached: Cache, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stamps, "_TICK", 3_600_000_000_000)
    seen(cached)
    seen(cached)
    assert sorted(opened) == sorted(NAMES * 2)


def test_comments_for_bnlint_are_always_read(cached: Cache, opened: list[str]) -> None:
    Path("a.py").write_text("a = 1  # bnlint: ignore[BN101]\n")
    cold = checked(cached)
    assert [each.filename for each in cold.warnings] == ["a.py"]
    opened.clear()
    assert checked(cached).warnings == cold.warnings
    assert sorted(opened) == ["a.py", "wrong.py"]


def test_a_file_that_changes_before_it_is_read_is_not_taken_for_known(cached: Cache) -> None:
    seen(cached)
    (first, second, _) = seen(cached)
    Path("a.py").write_text("a = 2\n")
    Path("b.py").unlink()
    with pytest.raises(SourceError, match="changed while it was checked"):
        _ = first.data
    with pytest.raises(SourceError, match="cannot be read"):
        _ = second.data


@pytest.mark.parametrize("other", ["a = 2\n", "a = 1\n"])
def test_a_run_that_meets_such_a_file_reads_all_of_them(cached: Cache, other: str) -> None:
    before = checked(cached)
    Path("a.py").write_text(other)
    inputs = read(["."], Settings(), cached)
    Path("wrong.py").write_text(f"\n\n{WRONG}")
    report = check_inputs(inputs, inputs.sources, Settings(), cached=cached)
    assert [(name, code, span.row - 2) for name, code, span in said(report)] == [
        (name, code, span.row) for name, code, span in said(before)
    ]
    assert (report.errors, report.files) == ((), 3)
    assert said(checked(cached)) == said(report)


def test_a_run_in_which_a_file_goes_tells_nothing_of_it(cached: Cache) -> None:
    checked(cached)
    inputs = read(["."], Settings(), cached)
    Path("wrong.py").unlink()
    report = check_inputs(inputs, inputs.sources, Settings(), cached=cached)
    assert (report.findings, report.errors, report.files) == ((), (), 2)


def test_what_cannot_be_decoded_is_told_every_time(cached: Cache) -> None:
    Path("a.py").write_bytes(b"a = '\xff'\n")
    for _ in range(3):
        assert [each.filename for each in checked(cached).errors] == ["a.py"]
        Path("b.py").write_text(Path("b.py").read_text() + "b = 4\n")


def test_files_that_are_gone_are_forgotten(cached: Cache, tree: Path) -> None:
    seen(cached)
    Path("a.py").unlink()
    Path("b.py").write_text("b = 3\n")
    seen(cached)
    (entry,) = cached._entries.folder.glob("*.json")
    rows = json.loads(entry.read_bytes().partition(b"\n")[2])
    assert sorted(rows) == [str(tree / "b.py"), str(tree / "wrong.py")]


@pytest.mark.parametrize("rows", [[], None, "x", {"a.py": 1}, {"a.py": []}, {"a.py": [1, "x"]}])
def test_an_entry_of_another_form_is_none(cached: Cache, opened: list[str], rows: Any) -> None:
    seen(cached)
    if isinstance(rows, dict):
        rows = {os.path.abspath(name): row for name, row in rows.items()}
    cached.keep_data(Stamps(cached, Path.cwd())._key, rows)
    opened.clear()
    assert [each.data for each in seen(cached)] == [Path(name).read_bytes() for name in NAMES]
    assert sorted(opened) == list(NAMES)
