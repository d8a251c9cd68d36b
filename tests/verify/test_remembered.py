"""Verdicts of earlier runs: taken only where running again would show the same, and marked."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from bnlint.entries import digest_of
from bnlint.findings import Confidence, Era, Finding, Outcome, Severity
from bnlint.span import Span
from bnlint.verify import remembered
from bnlint.verify.answers import Answer
from bnlint.verify.pool import Pool
from bnlint.verify.predictions import Experiment, Unchanged
from bnlint.verify.remembered import SURE, Remembered
from bnlint.verify.verifier import REMEMBERED, VerifySettings, verify

CODE = """\
import tensorflow as tf
from helper import momentum

mean = tf.Variable([0.0, 0.0, 0.0], trainable=False)

def update(x):
    average = mean
    average = average * momentum() + tf.reduce_mean(x, axis=[0]) * 0.1
    return average
"""
ANSWER = Answer("done", "", {"tensorflow": "2", "keras": "3", "python": "3"}, tuple(sorted(SURE)), ({"mode": "eager"},))
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere nothing is certain enough")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    (folder / "data").mkdir(parents=True)
    (folder / "helper.py").write_text("def momentum():\n    return 0.9\n")
    (folder / "data" / "numbers.txt").write_text("1\n")
    monkeypatch.chdir(folder)
    return folder


def finding(filename: str = "code.py") -> Finding:
    return Finding(
        code="BN101",
        name="rebound-statistic",
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
        message="",
        consequence="",
        remedy="",
        filename=filename,
        span=Span(8, 5, 8, 6),
        symbol="update",
        era=Era("2"),
        experiment=Experiment(Unchanged(), "update", (4,), 8),
    )


def run(folder: Path, **settings: Any) -> tuple[Finding, list[str]]:
    """The finding with its verdict, and what was announced."""
    told: list[str] = []
    chosen = VerifySettings(timeout=100, remember=folder, **settings)
    (done,) = verify([finding()], {"code.py": CODE}, chosen, announce=told.append)
    return done, told


@pytest.fixture
def nothing_runs(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def fails(*_: object) -> NoReturn:
        pytest.fail("something was run")

    def forbid() -> None:
        monkeypatch.setattr(Pool, "_zygote", fails)

    return forbid


@linux
@pytest.mark.tensorflow
def test_the_second_run_runs_nothing_and_says_so(
    project: Path, tmp_path: Path, nothing_runs: Callable[[], None]
) -> None:
    first, told = run(tmp_path / "verdicts")
    assert first.verdict.outcome is Outcome.CONFIRMED
    assert len(told) == 1
    assert REMEMBERED not in first.verdict.evidence["notes"]
    nothing_runs()
    second, told = run(tmp_path / "verdicts")
    assert told == []
    assert second.verdict.evidence["notes"] == [*first.verdict.evidence["notes"], REMEMBERED]
    evidence = {**second.verdict.evidence, "notes": first.verdict.evidence["notes"]}
    assert replace(second, verdict=replace(second.verdict, evidence=evidence)) == first


@linux
@pytest.mark.tensorflow
def test_what_the_code_imports_decides(project: Path, tmp_path: Path) -> None:
    assert run(tmp_path / "verdicts")[0].verdict.outcome is Outcome.CONFIRMED
    (project / "helper.py").write_text("raise RuntimeError('changed')\n")
    changed, told = run(tmp_path / "verdicts")
    assert len(told) == 1
    assert changed.verdict.outcome is not Outcome.CONFIRMED or "changed" in str(changed.verdict.evidence)


@pytest.mark.tensorflow
def test_what_may_do_anything_is_not_remembered(project: Path, tmp_path: Path) -> None:
    assert run(tmp_path / "verdicts", isolation="none")[0].verdict.outcome is Outcome.CONFIRMED
    assert not (tmp_path / "verdicts").exists()


@pytest.mark.tensorflow
def test_any_number_of_workers(project: Path) -> None:
    findings = [finding(f"code{index}.py") for index in range(5)]
    texts = {each.filename: CODE.replace("0.1", f"0.{index}1") for index, each in enumerate(findings)}
    alone = verify(findings, texts, VerifySettings(jobs=1))
    assert [each.verdict.outcome for each in alone] == [Outcome.CONFIRMED] * 5
    assert verify(findings, texts, VerifySettings(jobs=3)) == alone


def request(project: Path, **changes: Any) -> dict[str, Any]:
    return {"filename": "code.py", "path": [str(project)], "steps": 3, **changes}


def _touch(path: Path) -> None:
    path.write_text(path.read_text() + "\n")


CHANGES: dict[str, Callable[[Path], object]] = {
    "a module": lambda project: _touch(project / "helper.py"),
    "a module of the same length": lambda project: (project / "helper.py").write_text(
        "def momentum():\n    return 0.8\n"
    ),
    "a module that was missing": lambda project: (project / "new.py").touch(),
    "a module that is gone": lambda project: (project / "helper.py").unlink(),
    "data in a folder": lambda project: _touch(project / "data" / "numbers.txt"),
    "a new package": lambda project: (project / "tensorflow").mkdir(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_can_be_read_is_part_of_the_key(project: Path, tmp_path: Path, change: Callable[[Path], object]) -> None:
    def key() -> str | None:
        return Remembered(tmp_path, "auto", 60).key(request(project), False, sys.executable)

    before = key()
    assert before is not None
    assert key() == before
    change(project)
    assert key() != before


def test_how_it_is_run_is_part_of_the_key(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def key(isolation: str = "auto", timeout: float = 60, legacy: bool = False, **changes: Any) -> str | None:
        return Remembered(tmp_path, isolation, timeout).key(request(project, **changes), legacy, sys.executable)

    keys = [key(), key("strict"), key(timeout=61), key(legacy=True), key(steps=4), key(filename="other.py")]
    monkeypatch.setattr(remembered, "_worker", lambda: b"another worker")
    keys.append(key())
    told = remembered.installation(sys.executable)
    assert told is not None
    monkeypatch.setattr(remembered, "installation", lambda _python: (*told[:2], "another TensorFlow"))
    keys.append(key())
    assert None not in keys
    assert len(set(keys)) == len(keys)


def test_nothing_is_certain_in_folders_of_the_system(tmp_path: Path, project: Path) -> None:
    store = Remembered(tmp_path, "auto", 60)
    assert store.key(request(project, path=["/usr/src/app"]), False, sys.executable) is None
    assert store.key(request(project), False, str(tmp_path / "no-python")) is None


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (replace(ANSWER, ending="timeout"), 1),
        (replace(ANSWER, ending="exit 1"), 1),
        (replace(ANSWER, isolation=("limits", "no-network")), 1),
        (ANSWER, 20),
    ],
    ids=["timeout", "exit", "not kept apart", "slow"],
)
def test_what_could_come_out_otherwise_is_not_kept(tmp_path: Path, answer: Answer, seconds: float) -> None:
    store = Remembered(tmp_path, "auto", 60)
    store.keep("key", answer, seconds)
    assert store.recall("key") is None
    store.keep("key", ANSWER, 1)
    assert store.recall("key") == replace(ANSWER, remembered=True)


DAMAGE: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no observations": lambda entry: entry.pop("observations"),
    "observations that are none": lambda entry: entry.update(observations=[1]),
    "versions that are none": lambda entry: entry.update(versions={"tensorflow": 2}),
    "isolation that is none": lambda entry: entry.update(isolation=[["limits"]]),
    "a number": lambda entry: entry.update(observations=5),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_an_entry_that_says_something_else_is_none(tmp_path: Path, damage: Callable[[dict[str, Any]], Any]) -> None:
    store = Remembered(tmp_path, "auto", 60)
    store.keep("key", ANSWER, 1)
    path = tmp_path / "key.json"
    entry = json.loads(path.read_bytes().partition(b"\n")[2])
    damage(entry)
    text = json.dumps(entry).encode()
    path.write_bytes(digest_of([text]).encode() + b"\n" + text)
    assert store.recall("key") is None
    path.write_bytes(path.read_bytes()[:-3])
    assert store.recall("key") is None


def test_a_cache_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    Remembered(tmp_path / "file", "auto", 60).keep("key", ANSWER, 1)
