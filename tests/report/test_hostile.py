"""Reports that are large or strange: each format stays what its reader expects."""

import random
import time
from dataclasses import replace

import pytest

from bnlint.findings import (
    Edit,
    FileError,
    Finding,
    Fix,
    Notice,
    Outcome,
    Related,
    Severity,
    Suppression,
    VariableRef,
    Verdict,
)
from bnlint.report import FORMATS, render
from bnlint.reporting import Report
from bnlint.span import Span
from golden_run import CONFIRMED, IN_NOTEBOOK, ODD, REPORT
from validators import VALIDATORS, validate_github, validate_gitlab, validate_markdown

# What means something to one reader or another, and what no terminal, XML or UTF-8 can hold.
PIECES = [
    *"a \t\r\n:,;%&|<>'\"`*_[](){}#~!\\$^=+-.@/0é日😀\x00\x1b\x7f\x85\x9b\u2028\u202e\ufeff\ufffe\udcff\U000e0001",
    "::error::", "##[error]", "%0A", "]]>", "&amp;", "<script>", "![x](y)", "[x](1)", "{0}", "https://x.y", "\r\n",
    "```", "<!--", "-->", "</details>", "| |", "    ", "x" * 300,
]  # fmt: skip


def awkward(chance: random.Random) -> str:
    return "x" + "".join(chance.choice(PIECES) for _ in range(chance.randint(0, 30)))


def awkward_report(seed: int) -> Report:
    chance = random.Random(seed)

    def place() -> Span:
        row, column = chance.randint(1, 30), chance.randint(1, 90)
        return Span(row, column, row + chance.choice([0, 0, 3]), column + chance.randint(0, 9))

    def name() -> str:
        return awkward(chance).replace("\0", "").replace("\n", "").replace("\r", "")

    def verdict() -> Verdict:
        seen = {"mode": awkward(chance), "notes": [awkward(chance)], "error": {"type": awkward(chance), "row": 3}}
        law = {"text": awkward(chance)}
        seen |= {"statistics": [{"name": awkward(chance), "row": 2, "values": [awkward(chance)], "law": law}]}
        return Verdict(chance.choice(list(Outcome)), chance.choice([None, awkward(chance)]), awkward(chance), seen)

    def finding() -> Finding:
        related = tuple(Related(awkward(chance), name(), place()) for _ in range(chance.randint(0, 3)))
        return replace(
            chance.choice([CONFIRMED, IN_NOTEBOOK, ODD]),
            severity=chance.choice(list(Severity)),
            message=awkward(chance),
            consequence=awkward(chance),
            remedy=awkward(chance),
            filename=name(),
            symbol=chance.choice([None, awkward(chance)]),
            span=place(),
            variable=VariableRef(awkward(chance), 2, 1),
            related=related,
            fix=Fix(ODD.fix.applicability, awkward(chance), (Edit(place(), awkward(chance)),)) if ODD.fix else None,
            suppression=chance.choice([None, None, Suppression("comment", awkward(chance))]),
            verdict=verdict(),
        )

    findings = sorted((finding() for _ in range(chance.randint(0, 6))), key=lambda each: each.order)
    return replace(
        REPORT,
        findings=tuple(findings),
        errors=(FileError(name(), awkward(chance), place()), FileError(name(), awkward(chance), place(), 2)),
        warnings=(Notice(name(), awkward(chance), place()),),
        sources={each.filename: "\n".join(awkward(chance) for _ in range(40)) for each in findings},
    )


@pytest.mark.parametrize("form", FORMATS)
def test_strange_texts(form: str) -> None:
    for seed in range(60):
        text = render(awkward_report(seed), form)
        try:
            VALIDATORS[form](text)
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error
        text.encode("utf-8", "backslashreplace")


@pytest.fixture(scope="module")
def ten_thousand() -> Report:
    kinds = [CONFIRMED, ODD, replace(CONFIRMED, severity=Severity.WARNING, verdict=Verdict()), IN_NOTEBOOK]
    findings = [
        replace(kinds[number % 4], filename=f"folder/file{number // 5:04}.py", fingerprint=f"{number:032x}")
        for number in range(10_000)
    ]
    return replace(REPORT, findings=tuple(findings), errors=(), warnings=())


@pytest.mark.parametrize("form", FORMATS)
def test_ten_thousand_findings(form: str, ten_thousand: Report) -> None:
    start = time.process_time()
    text = render(ten_thousand, form)
    # Far above what it takes, far below what a mistake that grows with the square would.
    assert time.process_time() - start < 20
    counted = {"json": '"fingerprint"', "json-lines": '"fingerprint"', "sarif": '"bnlint/v1"', "html": "<article "}
    if form in counted:
        # The validators have read every kind of finding that is in here; 10,000 would take them long.
        assert text.count(counted[form]) == 10_000
        assert len(text) < 100_000_000
    else:
        VALIDATORS[form](text)


def test_the_ten_that_matter_most_are_annotated(ten_thousand: Report) -> None:
    text = render(ten_thousand, "github")
    commands = validate_github(text)
    assert [kind for kind, _, _ in commands] == ["error"] * 10 + ["warning"] * 10 + ["notice"] * 10
    assert "GitHub shows 10 of 2500 errors, 10 of 5000 warnings, 10 of 2500 notices; the job summary" in text
    # Confirmed before the rest, also where the others come first in the file.
    undecided = [replace(CONFIRMED, verdict=Verdict(), span=Span(1, 1, 1, 2))] * 15
    few = render(replace(ten_thousand, findings=(*undecided, *[CONFIRMED] * 3)), "github")
    assert ["confirmed" in each["title"] for _, each, _ in validate_github(few)] == [True] * 3 + [False] * 7


def test_a_summary_that_is_too_long_says_so(ten_thousand: Report) -> None:
    text = render(ten_thousand, "markdown")
    shown = len(validate_markdown(text)) - 1
    assert f"… and {10_000 - shown} more." in text
    assert 100 < shown < 10_000
    assert len(text.encode()) < 600_000


def test_equal_fingerprints_are_told_apart() -> None:
    """GitLab shows the first of each alone."""
    same = tuple(replace(CONFIRMED, span=Span(row, 1, row, 2)) for row in range(1, 6))
    assert len(validate_gitlab(render(replace(REPORT, findings=same), "gitlab"))) == 5 + len(REPORT.errors)


def test_a_long_message_is_cut() -> None:
    long = replace(REPORT, findings=(replace(CONFIRMED, message="%" * 9_000),))
    assert max(len(message) for _, _, message in validate_github(render(long, "github"))) == 4096
