"""Comments that let findings pass, seen through the whole pipeline."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bnlint.engine import check_sources
from bnlint.reporting import Report
from bnlint.settings import Settings
from bnlint.source import Source

TEXT = """\
import tensorflow as tf
{top}
moving_mean = tf.Variable(tf.zeros([4]), trainable=False)
moving_variance = tf.Variable(tf.ones([4]), trainable=False)

def norm(x):
    global moving_mean, moving_variance
    mean, variance = tf.nn.moments(x, [0]){before}
    {above}
    moving_mean = (0.9 * moving_mean  {inside}
                   + 0.1 * mean){behind}
    {below}
    moving_variance = 0.9 * moving_variance + 0.1 * variance
    return tf.nn.batch_normalization(x, mean, variance, None, None, 1e-3)
"""
PLACES = ("top", "before", "above", "inside", "behind", "below")
IGNORE = "# bnlint: ignore[BN101] a toy"
NAMELESS = "this ignore names no rule; write for example: # bnlint: ignore[BN101] and why"


def source(**comments: str) -> Source:
    text = TEXT.format(**dict.fromkeys(PLACES, "") | comments)
    return Source.from_bytes(text.encode(), "a.py")


def run(settings: Settings = Settings(), **comments: str) -> Report:  # noqa: B008
    return check_sources([source(**comments)], settings)


def passed(report: Report) -> list[bool]:
    assert [finding.code for finding in report.findings] == ["BN101", "BN101"]
    return [finding.suppressed for finding in report.findings]


def told(report: Report) -> list[str]:
    return [f"{notice.span and notice.span.row}: {notice.message}" for notice in report.warnings]


@pytest.mark.parametrize("place", ["above", "inside", "behind"])
def test_a_comment_on_the_statement_or_right_above_lets_it_pass(place: str) -> None:
    report = run(**{place: IGNORE})
    assert passed(report) == [True, False]
    assert told(report) == []
    suppression = report.findings[0].suppression
    assert suppression is not None
    assert (suppression.kind, suppression.reason) == ("comment", "a toy")


def test_the_comment_above_may_go_on() -> None:
    report = run(above=f"{IGNORE} because\n    # of this")
    assert passed(report) == [True, False]


@pytest.mark.parametrize("place", ["top", "before"])
def test_a_comment_elsewhere_lets_nothing_pass_and_is_told(place: str) -> None:
    report = run(**{place: "  " + IGNORE})
    assert passed(report) == [False, False]
    row = 2 if place == "top" else 8
    assert told(report) == [f"{row}: BN101 is not found here: take the ignore out"]


def test_a_whole_file() -> None:
    report = run(below="# bnlint: file-ignore[BN101]")
    assert passed(report) == [True, True]
    assert told(report) == []


@pytest.mark.parametrize(
    "rules", ["BN101", "bn101", "BN1", "rebound-statistic", "BN201,BN101", " BN101 , BN102 ", "BN101]  # noqa["]
)
def test_rules_are_named_by_code_beginning_or_name(rules: str) -> None:
    assert passed(run(behind=f"  # type: ignore # bnlint: ignore[{rules}]")) == [True, False]


def test_several_comments_on_one_row() -> None:
    report = run(behind="  # bnlint:ignore[BN201] why # bnlint: ignore[BN101] so # it is")
    assert passed(report) == [True, False]
    assert report.findings[0].suppression is not None
    assert report.findings[0].suppression.reason == "so # it is"
    assert told(report) == ["11: BN201 is not found here: take the ignore out"]


@pytest.mark.parametrize("text", [f'"{IGNORE}"', f'"""\n{IGNORE}\n"""', f"f'{IGNORE}'"])
def test_a_text_is_no_comment(text: str) -> None:
    report = run(above=text)
    assert passed(report) == [False, False]
    assert told(report) == []


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("# bnlint: ignore[BN1O1]", 'there is no rule "BN1O1"; did you mean "BN101"?'),
        ("# bnlint: ignore[rebound]", 'there is no rule "rebound"'),
        ("# bnlint: ignore[BN101, XY9]", 'there is no rule "XY9"'),
        ("# bnlint: ignore", NAMELESS),
        ("# bnlint: ignore BN101", NAMELESS),
        ("# bnlint: ignore[ , ]", NAMELESS),
        ("# bnlint: file-ignore[]", NAMELESS.replace("ignore", "file-ignore")),
        ("# bnlint: ingore[BN101]", '"bnlint: ingore" means nothing; did you mean "ignore"?'),
        ("# bnlint: off[BN101]", '"bnlint: off" means nothing'),
        ("# bnlint: file-ignore[BN604]", "BN604 is not found in this file: take the ignore out"),
        ("# bnlint: ignore[BN6]", "BN6 is not found here: take the ignore out"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_comment_is_told(comment: str, message: str) -> None:
    report = run(behind="  " + comment)
    assert told(report) == [f"11: {message}"]
    assert passed(report) == ["BN101," in comment, False]


@pytest.mark.parametrize("comment", ["# bnlint: see its lesson", "# bnlint is right here", "# use bnlint:"])
def test_speaking_of_bnlint_is_no_comment_for_it(comment: str) -> None:
    assert told(run(behind="  " + comment)) == []


def test_a_comment_for_a_rule_that_was_not_used_may_be_right() -> None:
    stale = "  # bnlint: ignore[BN201]"
    assert told(run(Settings(select=("BN1",)), behind=stale)) == []
    assert told(run(Settings(per_file_ignores=(("a.py", ("BN2",)),)), behind=stale)) == []
    assert told(run(Settings(per_file_ignores=(("b.py", ("BN2",)),)), behind=stale)) != []


def test_stale_comments_are_told_in_files_that_cannot_matter_too() -> None:
    report = check_sources([Source.from_bytes(b"x = 1  # bnlint: ignore[BN101]\n", "b.py")], Settings())
    assert told(report) == ["1: BN101 is not found here: take the ignore out"]
    assert report.warnings[0].span == (1, 8, 1, 31)
    broken = check_sources([Source.from_bytes(b"x = (  # bnlint: ignore[BN101]\n", "b.py")], Settings())
    assert told(broken) == []


def test_decorators_belong_to_the_statement() -> None:
    def comment(place: str) -> str:
        rows = {"above": "", "first": "", "second": "", "def": ""} | {place: IGNORE}
        return (
            f"{rows['above']}\n@one  {rows['first']}\n@two  {rows['second']}\n"
            f"def norm(x, moving_mean=tf.Variable(0.)):  {rows['def']}\n    moving_mean = x\n"
        )

    from bnlint.layout import layout_of
    from bnlint.suppressions import ignoring_rows

    for place, row in (("above", 1), ("first", 2), ("second", 3), ("def", 4)):
        layout = layout_of(comment(place))
        assert row in ignoring_rows(layout, 4)
        assert row in ignoring_rows(layout, 2)
        assert 5 not in ignoring_rows(layout, 4)


def test_python_2() -> None:
    text = source(behind="  " + IGNORE).text + "\nprint 'done', moving_mean\n"
    assert passed(check_sources([Source.from_bytes(text.encode(), "a.py")], Settings())) == [True, False]


def test_notebooks() -> None:
    top, bottom = source(behind="  " + IGNORE, below="# bnlint: ignore[BN604]").text.split("\ndef ")
    cells = [{"cell_type": "code", "source": text} for text in ("%pip install x\n" + top, "def " + bottom)]
    notebook = Source.from_bytes(json.dumps({"cells": cells}).encode(), "a.ipynb")
    report = check_sources([notebook], Settings())
    assert passed(report) == [True, False]
    assert [(notice.cell, notice.span and notice.span.row) for notice in report.warnings] == [(2, 7)]


def test_what_is_let_pass_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[int] = []

    def verify(findings: list[Report], *_: object) -> list[Report]:
        rows.extend(finding.span.row for finding in findings)  # type: ignore[attr-defined]
        return findings

    monkeypatch.setattr("bnlint.verify.verifier.verify", verify)
    assert passed(run(Settings(verify=True), behind="  " + IGNORE)) == [True, False]
    assert rows == [13]


def test_the_fingerprint_stays_when_a_comment_comes(tmp_path: Path) -> None:
    with_comment, without = (run(**comments).findings for comments in ({"inside": IGNORE, "top": "\n\n"}, {}))
    assert [finding.fingerprint for finding in with_comment] == [finding.fingerprint for finding in without]
