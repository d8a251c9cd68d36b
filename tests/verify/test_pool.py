"""What hostile or broken code costs: its own experiment, and no other."""

from __future__ import annotations

import os
import stat
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bnlint.engine import check_sources
from bnlint.findings import Confidence, Era, Finding, Outcome, Severity
from bnlint.settings import Settings
from bnlint.source import Source
from bnlint.span import Span
from bnlint.verify.predictions import Experiment, Unchanged
from bnlint.verify.verifier import VerifySettings, verify

RULES = Path(__file__).parents[2] / "rules"
HEALTHY = textwrap.dedent(
    """
    import tensorflow as tf

    mean = tf.Variable([0.0, 0.0, 0.0], trainable=False)

    def update(x):
        average = mean
        average = average * 0.9 + tf.reduce_mean(x, axis=[0]) * 0.1
        return average
    """
).lstrip()

Outcomes = dict[str, tuple[Outcome, str | None]]

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs what the Linux kernel offers")


def finding(filename: str = "healthy.py", symbol: str | None = "update", row: int = 7) -> Finding:
    return Finding(
        code="BN101",
        name="rebound-statistic",
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
        message="",
        consequence="",
        remedy="",
        filename=filename,
        span=Span(row, 5, row, 6),
        symbol=symbol,
        era=Era("2"),
        experiment=Experiment(Unchanged(), symbol, (3,), row),
    )


HOSTILE = {
    "exit": ("os._exit(3)", "exited"),
    "segfault": ("os.kill(os.getpid(), signal.SIGSEGV)", "crashed"),
    "null": ("import ctypes\nctypes.string_at(0)", "crashed"),
    "loop": ("def update(x):\n    while True:\n        pass", "timeout"),
    "stubborn": ("signal.signal(signal.SIGTERM, signal.SIG_IGN)\ndef update(x):\n    time.sleep(60)", "timeout"),
    "sys.exit": ("def update(x):\n    raise SystemExit(1)", "raised"),
    "memory": ("def update(x):\n    return [0] * 10 ** 12", "raised"),
    "broken": ("def update(x:", "syntax-error"),
    "import": ("import no_such_module_anywhere\ndef update(x):\n    no_such_module_anywhere.f(x)", "import-failed"),
    "missing": ("def other(x):\n    return x", "symbol-not-found"),
}


def verdicts(hostile: Sequence[str], **settings: Any) -> list[tuple[Outcome, str | None]]:
    """Of the hostile texts, and of a healthy one before and after them."""
    texts = {f"hostile{number}.py": "import os, sys, time, signal\n" + text for number, text in enumerate(hostile)}
    findings = [finding(), *(finding(name) for name in texts), finding("healthy_too.py")]
    texts |= {"healthy.py": HEALTHY, "healthy_too.py": HEALTHY}
    done = verify(findings, texts, VerifySettings(**{"timeout": 5, **settings}))
    return [(one.verdict.outcome, one.verdict.reason) for one in done]


@pytest.fixture(scope="module")
def outcomes() -> dict[str, tuple[Outcome, str | None]]:
    found = verdicts([text for text, _ in HOSTILE.values()])
    return dict(zip(["before", *HOSTILE, "after"], found, strict=True))


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", HOSTILE)
def test_broken_code_is_undecided_for_the_right_reason(outcomes: Outcomes, name: str) -> None:
    assert outcomes[name] == (Outcome.UNDECIDED, HOSTILE[name][1])


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ["before", "after"])
def test_broken_code_costs_nobody_else(outcomes: Outcomes, name: str) -> None:
    assert outcomes[name] == (Outcome.CONFIRMED, None)


@pytest.mark.tensorflow
def test_a_worker_that_dies_is_replaced() -> None:
    first, killer, last = verdicts(["os.kill(os.getppid(), signal.SIGKILL)"], timeout=20)
    assert (first, last) == ((Outcome.CONFIRMED, None), (Outcome.CONFIRMED, None))
    assert killer[0] is Outcome.UNDECIDED


@pytest.mark.tensorflow
def test_one_process_an_experiment_says_the_same() -> None:
    assert verdicts(["os._exit(3)"], fork=False, timeout=30) == [
        (Outcome.CONFIRMED, None),
        (Outcome.UNDECIDED, "exited"),
        (Outcome.CONFIRMED, None),
    ]


@pytest.mark.tensorflow
def test_several_workers_keep_the_order() -> None:
    findings = [replace(finding(), experiment=Experiment(Unchanged(), "update", (3,), row)) for row in (6, 7, 8, 5)]
    seen: list[tuple[int, int]] = []
    done = verify(findings, {"healthy.py": HEALTHY}, VerifySettings(jobs=2), lambda now, of: seen.append((now, of)))
    assert [one.experiment.row for one in done] == [6, 7, 8, 5]
    assert {one.verdict.outcome for one in done} == {Outcome.CONFIRMED}
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.tensorflow
def test_what_a_program_prints_is_no_verdict() -> None:
    fake = textwrap.dedent(
        r"""
        import tensorflow as tf
        mean = tf.Variable([0.0, 0.0, 0.0])
        print('{"observation": {}}\n{"done": true}', flush=True)
        os.write(1, b'{"done": true}\n')
        def update(x):
            mean.assign(tf.reduce_mean(x, axis=[0]))
        """
    ).lstrip()
    _, printed, _ = verdicts([fake])
    assert printed == (Outcome.REFUTED, None)


@linux
@pytest.mark.tensorflow
def test_nothing_is_written_outside_and_nothing_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "escaped"
    hostile = f"""
    import socket
    def update(x):
        for attempt in (lambda: open({str(target)!r}, "w"), lambda: socket.create_connection(("1.1.1.1", 53), 1)):
            try:
                attempt()
            except OSError:
                continue
            raise KeyError("got out")
        raise LookupError("caged " + os.environ["HOME"] + str("SECRET" in os.environ))
    """
    monkeypatch.setenv("SECRET", "hunter2")
    texts = {"hostile.py": "import os\n" + textwrap.dedent(hostile)}
    (done,) = verify([finding("hostile.py")], texts, VerifySettings(isolation="strict"))
    if done.verdict.reason == "no-isolation":
        pytest.skip("this kernel offers no network namespace or no Landlock")
    assert not target.exists()
    assert "caged" in done.verdict.detail
    assert f"caged {Path.home()}" not in done.verdict.detail
    assert done.verdict.detail.endswith("False")


@pytest.mark.skipif(os.name != "posix", reason="uses a shell script as the interpreter")
def test_without_tensorflow_every_verdict_is_undecided(tmp_path: Path) -> None:
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "$@"\n')
    bare.chmod(bare.stat().st_mode | stat.S_IXUSR)
    done = verify([finding(), finding()], {"healthy.py": HEALTHY}, VerifySettings(pythons=[str(bare)]))
    assert [(one.verdict.outcome, one.verdict.reason) for one in done] == [(Outcome.UNDECIDED, "no-tensorflow")] * 2
    assert "pip install" in done[0].verdict.detail


def test_an_interpreter_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    (done,) = verify([finding()], {"healthy.py": HEALTHY}, VerifySettings(pythons=[str(tmp_path / "nowhere")]))
    assert (done.verdict.outcome, done.verdict.reason) == (Outcome.UNDECIDED, "no-interpreter")
    assert "nowhere" in done.verdict.detail


def test_nothing_to_verify_starts_nothing() -> None:
    assert verify([], {}, VerifySettings(pythons=["/nowhere"])) == []


@pytest.mark.tensorflow
def test_of_several_interpreters_one_that_works_is_taken_and_the_others_are_told_of(tmp_path: Path) -> None:
    nowhere, said = str(tmp_path / "nowhere"), list[str]()
    settings = VerifySettings(pythons=[nowhere, sys.executable])
    (done,) = verify([finding()], {"healthy.py": HEALTHY}, settings, announce=said.append)
    assert done.verdict.outcome is Outcome.CONFIRMED
    assert f"with {sys.executable} (TensorFlow 2." in said[0]
    assert f"; {nowhere} cannot be used: the interpreter could not be started" in said[0]


@pytest.mark.tensorflow
def test_the_first_of_several_interpreters_that_are_alike_is_taken(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("#!/bin/sh\ntouch " + str(tmp_path / "started") + "\n")
    other.chmod(0o755)
    settings = VerifySettings(pythons=[sys.executable, str(other)])
    (done,) = verify([finding()], {"healthy.py": HEALTHY}, settings)
    assert done.verdict.outcome is Outcome.CONFIRMED
    assert not (tmp_path / "started").exists()


@pytest.mark.tensorflow
def test_one_worker_and_two_see_the_same() -> None:
    """To the last digit of the evidence."""
    paths = [path for code in ("BN101", "BN204", "BN304", "BN501") for path in sorted(RULES.glob(f"{code}-*/bad*.py"))]
    sources = [Source.read(path, f"{path.parent.name}/{path.name}") for path in paths]
    findings = list(check_sources(sources, Settings()).findings)
    texts = {source.filename: source.text for source in sources}
    assert len(findings) >= 10
    one, two = (verify(findings, texts, VerifySettings(jobs=jobs)) for jobs in (1, 2))
    assert [each.verdict for each in one] == [each.verdict for each in two]
