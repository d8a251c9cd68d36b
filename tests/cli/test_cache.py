"""The cache: the same answers with and without it, whatever happens to it."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from click.testing import Result

from bnlint import cache, entries
from bnlint.cache import Cache
from bnlint.entries import digest_of
from bnlint.registry import builtin_folder, load_rules
from bnlint.settings import Settings
from bnlint.verify.verifier import VerifySettings

Run = Callable[..., Result]


def folder() -> Path:
    return Path(os.environ["BNLINT_CACHE_DIR"])


def remembered() -> list[Path]:
    return sorted(folder().glob("*.json"))


# What is kept of a run over a project of one part, and how each entry begins.
ENTRIES = {"run": b'{"surroundings"', "part": b'{"analysis"', "texts": b'[["', "state": b'{"files"'}


def only_entry(kind: str) -> Path:
    """One entry of a run over a project of one part. The others are removed."""
    (wanted,) = (path for path in remembered() if path.read_bytes().partition(b"\n")[2].startswith(ENTRIES[kind]))
    for path in remembered():
        if path != wanted:
            path.unlink()
    return wanted


def check(run: Run, *arguments: str) -> Any:
    return json.loads(run("check", "--output-format", "json", *arguments).stdout)


def test_the_second_run_only_looks_it_up(project: Path, run: Run, analysed: list[list[str]]) -> None:
    cold = check(run)
    assert len(cold["findings"]) == 2
    assert list(map(len, analysed)) == [1]
    assert check(run) == cold
    assert list(map(len, analysed)) == [1]


def test_looking_it_up_does_without_the_analysis(project: Path, run: Run) -> None:
    assert run("check").exit_code == 1
    command = [sys.executable, "-X", "importtime", "-m", "bnlint", "check"]
    imported = subprocess.run(command, capture_output=True, text=True).stderr
    assert "bnlint.cache\n" in imported
    assert not any(f"{name}\n" in imported for name in ("libcst", "bnlint.analysing", "bnlint.analysis.facts"))


def test_files_without_code_of_interest_are_not_remembered(project: Path, run: Run) -> None:
    assert run("check", "right.py").exit_code == 0
    assert remembered() == []


@pytest.mark.parametrize("arguments", [("--select", "BN1"), ("--ignore", "BN102"), ("wrong.py",)])
def test_another_question_is_another_entry(
    project: Path, run: Run, analysed: list[list[str]], arguments: tuple[str]
) -> None:
    check(run)
    assert check(run, *arguments) == check(run, "--no-cache", *arguments)
    assert len(analysed) == 3


def test_a_change_of_the_code_is_seen(project: Path, run: Run, analysed: list[list[str]]) -> None:
    check(run)
    file = project / "wrong.py"
    status = file.stat()
    text = file.read_text()
    file.write_text(text.replace("self.mean = self.mean * m", "self.seen = self.mean * m"))
    assert len(file.read_text()) == len(text)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert len(check(run)["findings"]) == 1
    assert len(analysed) == 2


def test_what_the_project_declares_is_seen(project: Path, run: Run, analysed: list[list[str]]) -> None:
    check(run)
    (project / "requirements.txt").write_text("tensorflow==1.15\n")
    assert check(run) == check(run, "--no-cache")
    assert len(analysed) == 3


def test_the_rest_of_the_project_is_seen(project: Path, run: Run, analysed: list[list[str]]) -> None:
    subprocess.run(["git", "init", "-q"], check=True)
    check(run, "wrong.py")
    check(run, "wrong.py")
    before = len(analysed)
    (project / "other.py").write_text("import tensorflow as tf\nfrom wrong import Norm\n")
    assert check(run, "wrong.py") == check(run, "wrong.py", "--no-cache")
    assert len(analysed) > before + 1


def test_comments_and_the_baseline_are_asked_anew(project: Path, run: Run, analysed: list[list[str]]) -> None:
    check(run)
    assert run("baseline").exit_code == 0
    before = len(analysed)
    assert all(finding["suppressed"] for finding in check(run)["findings"])
    assert len(analysed) == before


def test_a_changed_rule_is_seen(project: Path, run: Run, tmp_path_factory: pytest.TempPathFactory) -> None:
    own = tmp_path_factory.mktemp("own")
    source = builtin_folder() / "BN102-rebound-attribute" / "rule.py"
    rule = own / "XX102-rebound-attribute" / "rule.py"
    rule.parent.mkdir()
    rule.write_text(source.read_text().replace("BN102", "XX102"))
    settings = Settings(rules=(own,))
    before = Cache(own).key_of(settings, ())
    assert Cache(own).key_of(settings, ()) == before
    rule.write_text(rule.read_text() + "\n")
    assert Cache(own).key_of(settings, ()) != before
    load_rules.cache_clear()


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _nested(path: Path) -> None:
    _write(path, "[" * 100_000)


def _write(path: Path, text: str) -> None:
    path.write_bytes(digest_of([text.encode()]).encode() + b"\n" + text.encode())


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("kind", ENTRIES)
@pytest.mark.parametrize("damage", [_cut, _flip, _nested, _folder, lambda path: path.write_bytes(b"")])
def test_a_damaged_entry_is_no_entry(project: Path, run: Run, damage: Callable[[Path], object], kind: str) -> None:
    cold = check(run)
    damage(only_entry(kind))
    assert check(run)["findings"] == cold["findings"]


HOSTILE = {
    "a place outside the file": lambda finding: finding.update(span=[99999, 1, 99999, 2]),
    "a file that was not parsed": lambda finding: finding.update(
        filename="right.py", span=[1, 1, 1, 1], variable=None, fix=None
    ),
    "a file that was not asked for": lambda finding: finding.update(filename="/etc/passwd"),
    "a rule that does not exist": lambda finding: finding.update(code="XX999"),
    "a verdict that nobody reached": lambda finding: finding.update(verdict={"is": "Verdict", "outcome": "refuted"}),
    "a suppression that nobody wrote": lambda finding: finding.update(
        suppression={"is": "Suppression", "kind": "comment"}
    ),
    "an unknown class": lambda finding: finding.update(era={"is": "Popen", "args": ["true"]}),
    "an unknown field": lambda finding: finding.update(shell="true"),
    "a number for a text": lambda finding: finding.update(message=1),
    "a truth for a number": lambda finding: finding.update(span=[True, True, True, True]),
    "an edit of another file": lambda finding: finding.update(
        fix={
            "is": "Fix",
            "applicability": "safe",
            "message": "",
            "edits": [{"is": "Edit", "span": [1, 1, 1, 1], "content": "", "filename": "../x"}],
        }
    ),
}


@pytest.mark.parametrize("kind", ["run", "part"])
@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
def test_an_entry_that_cannot_be_true_is_not_believed(
    project: Path, run: Run, change: Callable[[dict[str, Any]], None], kind: str
) -> None:
    cold = check(run)
    path = only_entry(kind)
    entry = json.loads(path.read_bytes().partition(b"\n")[2])
    change(entry["analysis"]["findings"][0])
    _write(path, json.dumps(entry))
    assert check(run) == cold


@pytest.mark.parametrize("kind", ["run", "part"])
def test_an_entry_is_believed_as_it_was_written(project: Path, run: Run, kind: str) -> None:
    """Without this, the test above could not fail."""
    check(run)
    path = only_entry(kind)
    entry = json.loads(path.read_bytes().partition(b"\n")[2])
    entry["analysis"]["findings"][0]["message"] = "changed"
    _write(path, json.dumps(entry))
    assert check(run)["findings"][0]["message"] == "changed"


@pytest.mark.parametrize(
    "data",
    [
        1,
        {"wrong.py": "DIGEST"},
        ["wrong.py"],
        [["wrong.py"]],
        [["wrong.py", "DIGEST", False, False, False, "9", None, ""]],
        [["wrong.py", "DIGEST", 0, False, False, None, None, ""]],
        [["wrong.py", "DIGEST", False, False, False, None, [], ""]],
        [["wrong.py", "DIGEST", False, False, False, None, None, ["os"]]],
        [["wrong.py", "of other bytes", False, False, False, None, None, ""]],
        [["other.py", "DIGEST", False, False, False, None, None, ""]],
    ],
)
def test_what_cannot_be_said_of_a_text_is_not_believed(project: Path, run: Run, data: Any) -> None:
    cold = check(run)
    _write(only_entry("texts"), json.dumps(data).replace("DIGEST", _digest("wrong.py")))
    assert check(run) == cold


def test_what_a_text_says_is_believed_as_it_was_written(project: Path, run: Run) -> None:
    """Without this, the test above could not fail."""
    check(run)
    row = ["wrong.py", _digest("wrong.py"), False, False, False, None, None, ""]
    _write(only_entry("texts"), json.dumps([row]))
    assert check(run)["findings"] == []


def _digest(name: str) -> str:
    return digest_of([Path(name).read_bytes()])


def test_a_full_disk_is_one_message(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("bnlint.entries.os.replace", full)
    result = run("check", "--output-format", "json")
    assert result.stderr.count("the cache cannot be written: No space left on device; --no-cache does without") == 1
    assert len(json.loads(result.stdout)["findings"]) == 2
    assert list(folder().iterdir()) == []


def test_a_cache_that_cannot_be_one(project: Path, run: Run) -> None:
    result = run("check", "--cache-dir", "right.py", "--output-format", "json")
    assert "right.py: the cache cannot be written" in result.stderr
    assert result.exit_code == 1


def test_nothing_is_written_without_it(project: Path, run: Run) -> None:
    assert run("check", "--no-cache").exit_code == 1
    assert list(folder().iterdir()) == []


@pytest.mark.parametrize(("most", "bytes_each", "kept"), [(8, 0, 6), (200, 30_000, 7)], ids=["many", "large"])
def test_the_oldest_go(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch, most: int, bytes_each: int, kept: int
) -> None:
    monkeypatch.setattr("bnlint.cache.Entries", lambda folder: entries.Entries(folder, most))
    monkeypatch.setattr(entries, "_MOST_BYTES", 130_000)
    for index in range(8):
        (folder() / f"{index}.json").write_text("x" * bytes_each)
        os.utime(folder() / f"{index}.json", (index, index))
    check(run)
    left = {path.stem for path in remembered()}
    assert len(left) == kept
    assert len(left & set("01234567")) == kept - len(ENTRIES), "the new ones stay"
    assert not left & {"0", "1"}
    assert "7" in left


def test_fixes_come_from_the_code(project: Path, run: Run, analysed: list[list[str]]) -> None:
    check(run)
    before = len(analysed)
    run("check", "--diff")
    assert len(analysed) > before


def test_two_runs_at_once(project: Path) -> None:
    for index in range(20):
        shutil.copy("wrong.py", f"wrong{index}.py")
    command = [sys.executable, "-m", "bnlint", "check", "--output-format", "json"]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    first, second = (process.communicate(timeout=120)[0] for process in running)
    assert first == second
    assert len(json.loads(first)["findings"]) == 42
    assert subprocess.run(command, capture_output=True).stdout == first
    assert {path.suffix for path in folder().iterdir()} == {".json"}


def test_the_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.user_folder() == tmp_path / "bnlint"
    Cache(cache.user_folder()).keep("k", "", cache.Analysis((), (), (), (), (), False))
    assert (tmp_path / "bnlint").stat().st_mode & 0o777 == 0o700


def test_verdicts_are_remembered_unless_told_otherwise(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[VerifySettings] = []

    def verify(findings: Any, _texts: Any, settings: VerifySettings, *_: Any) -> Any:
        asked.append(settings)
        return findings

    monkeypatch.setattr("bnlint.verify.verifier.verify", verify)
    run("check", "--verify", "--jobs", "3")
    run("check", "--verify", "--no-cache")
    assert [each.remember for each in asked] == [folder() / "verdicts", None]
    assert [each.jobs for each in asked] == [3, 1]
