import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bnlint import report as reports
from bnlint.engine import check_sources
from bnlint.findings import Outcome, Verdict
from bnlint.registry import builtin_folder, load_rules
from bnlint.report import render
from bnlint.report.output import Output
from bnlint.settings import Settings
from bnlint.source import Source
from pages import STILL, Page, seen, whole
from validators import validate_html

Make = Callable[..., Any]


@pytest.fixture
def page(finding: Make, report: Make) -> str:
    return render(whole(finding, report), "html")


def test_everything_is_there(page: str) -> None:
    read = Page(page)
    text = " ".join(" ".join(texts) for texts in read.texts.values())
    for said in (
        "3 findings in 3 files",
        "BN101 rebound-statistic",
        "is rebound",
        "The variable keeps its value.",
        "Confirmed by running it",
        "TensorFlow 2.21.0, Python 3.11.7; eager mode",
        "created on line 3",
        "Undecided (timeout)",
        "the code did not finish in time",
        "Fix, proven by running it",
        "assign to mean",
        "Could not be checked",
        "'(' was never closed",
    ):
        assert said in text, said
    assert "v ← 0.9·v + 0.1·batch mean" in read.texts["b"]
    assert len(read.with_class("finding")) == 3
    assert [attributes["data-lesson"] for tag, attributes in read.elements if "data-lesson" in attributes] == [
        "BN101",
        "BN501",
        "XY900",
    ]
    assert {attributes.get("id") for tag, attributes in read.elements if tag == "details"} >= {
        "lesson-BN101",
        "lesson-BN501",
    }


def test_the_chart_has_what_was_before_and_what_is_after_the_fix(page: str) -> None:
    (chart,) = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert (
        'aria-label="mean, first channel, over 3 steps: unchanged; after the fix: v ← 0.9·v + 0.1·batch mean"' in chart
    )
    before, after = (re.search(rf'color-{number}"><path d="([^"]+)"', chart) for number in (0, 1))
    assert before is not None
    assert after is not None
    heights = [[float(y) for y in re.findall(r"[\d.]+ ([\d.]+)", path[1])] for path in (before, after)]
    assert len(set(heights[0])) == 1
    assert heights[1] == sorted(heights[1], reverse=True)
    assert heights[1][0] == heights[0][0]
    assert len(re.findall(r'<circle [^>]*r="4"', chart)) == 3


def test_it_needs_no_network(page: str) -> None:
    validate_html(page)


def test_it_is_the_same_each_time(finding: Make, report: Make, page: str) -> None:
    assert render(whole(finding, report), "html") == page


def test_nothing_of_the_code_becomes_markup(finding: Make, report: Make) -> None:
    evil = '<script>alert("1")</script><img src=x onerror=alert(1)>&lt;{{ 7 * 7 }}</style>\x1b[2J\ud800'
    named = {**STILL, "name": evil, "row": None, "law": {"text": evil}}
    hostile = finding(
        message=evil,
        consequence=f"`{evil}`",
        remedy=evil,
        filename=evil,
        variable=None,
        name=evil,
        code="XY101",
        verdict=Verdict(Outcome.CONFIRMED, evil, evil, {**seen(named), "mode": evil, "notes": [evil]}),
    )
    text = render(report(hostile, sources={evil: evil * 3}), "html")
    assert [tag for tag, _ in Page(text).elements if tag in ("script", "img", "style")] == ["style", "script"]
    assert "\x1b" not in text
    assert "49" not in re.sub(r"<style>.*?</style>|<script>.*?</script>|sha256-\S+", "", text, flags=re.DOTALL)
    text.encode()


def test_nothing_found_is_said(report: Make) -> None:
    text = render(report(), "html")
    read = Page(text)
    assert "No findings in 3 files" in read.texts["h1"]
    assert not read.with_class("filters")
    assert not re.search("<svg|Lessons", text)


def test_what_is_let_pass_is_shown_so(finding: Make, report: Make) -> None:
    from bnlint.findings import Suppression

    text = render(report(finding(suppression=Suppression("comment"))), "html")
    assert "No findings" in text
    assert Page(text).with_class("passed")


def test_a_lesson_is_there_once_however_often_it_is_needed(finding: Make, report: Make) -> None:
    many = tuple(finding(fingerprint=str(number)) for number in range(100))
    assert render(report(*many, rules=tuple(load_rules())), "html").count('id="lesson-BN101"') == 1


def test_without_its_packages_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "find_spec", lambda name: None)
    with pytest.raises(
        ValueError,
        match=re.escape('html needs jinja2 and pygal; install what it needs with: pip install "bnlint[html]"'),
    ):
        Output.parse("html:report.html")
    assert Output.parse("text") == Output("text")


def test_evidence_without_steps_has_no_chart(finding: Make, report: Make) -> None:
    raised = Verdict(Outcome.CONFIRMED, evidence={"error": {"type": "ValueError", "message": "no", "row": 8}})
    text = render(report(finding(verdict=raised)), "html")
    assert "<svg" not in text
    assert "line 8: ValueError: no" in text


@pytest.mark.tensorflow
def test_a_real_run_has_proven_fixes(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    from tests.cli.conftest import WRONG

    (tmp_path / "wrong.py").write_text(WRONG)
    command = [sys.executable, "-m", "bnlint", "check", "--verify", "wrong.py"]
    command += ["--output-format", "html:report.html", "--output-format", "json"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, encoding="utf-8")
    assert result.returncode == 1
    assert result.stderr.startswith("Running the code of 2 findings in wrong.py ")
    data = json.loads(result.stdout)
    assert [each["proof"]["verdict"] for each in data["findings"]] == ["confirmed"] * 2
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert text.count("<svg") == 2
    assert text.count("Fix, proven by running it") == 2
    assert (tmp_path / "wrong.py").read_text() == WRONG


def test_a_finding_at_the_end_of_a_text_without_a_last_line_break() -> None:
    """As most cells of notebooks are."""
    lesson = builtin_folder() / "BN101-rebound-statistic" / "bad.py"
    rows = lesson.read_text(encoding="utf-8").splitlines()
    last = next(number for number in range(len(rows), 0, -1) if "# bad: BN101" in rows[number - 1])
    source = Source.from_bytes("\n".join(rows[: last + 3]).encode(), "x.py")
    checked = check_sources([source], Settings(select=("BN101",)))
    assert last in [finding.span.row for finding in checked.findings]
    validate_html(render(checked, "html"))
