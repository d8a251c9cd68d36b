import re
from collections.abc import Callable
from typing import Any

import pytest

from bnlint.findings import (
    Applicability,
    Edit,
    FileError,
    Finding,
    Fix,
    Notice,
    Outcome,
    Related,
    Severity,
    Suppression,
    Verdict,
)
from bnlint.report import render
from bnlint.reporting import Report
from bnlint.span import Span

Make = Callable[..., Any]

EVIDENCE: dict[str, Any] = {
    "tensorflow": "2.21.0",
    "keras": "3.15.0",
    "python": "3.11.7",
    "isolation": "fork",
    "rung": "module",
    "mode": "eager",
    "inputs": [[8, 4]],
    "statistics": [
        {
            "name": "mean",
            "row": 3,
            "shape": [4],
            "initial": [0.0, 0.0, 0.0, 0.0],
            "after": ["call 1", "call 2", "call 3"],
            "values": [[0.0] * 4, [0.0] * 4, [0.0] * 4],
            "batch": [[2.91234567, -3.5, 1e-7, 0], [3.0, 1e9, 0.25, 0], [1, 2, 3, 4]],
            "law": {"old": 1.0, "new": 0.0, "source": "batch mean", "text": "unchanged"},
        }
    ],
    "error": None,
    "notes": ["three steps"],
}


def body(text: str) -> list[str]:
    """The lines of the first excerpt without gutter."""
    return [line.partition("|")[2].removeprefix(" ") for line in text.splitlines() if re.match(r" *\d* \|", line)]


def test_the_whole_of_a_confirmed_finding(finding: Make, report: Make) -> None:
    verdict = Verdict(Outcome.CONFIRMED, None, "the variable kept its value", EVIDENCE)
    assert render(report(finding(verdict=verdict)), "text") == (
        """\
error[BN101] rebound-statistic: `mean` is rebound
  --> models/bn.py:8:5
   |
 3 | mean = tf.Variable(tf.zeros([4]), trainable=False)
   |        ------------------------------------------- created here
...
 6 | def update(batch):
 7 |     global mean
 8 |     mean = 0.9 * mean + 0.1 * batch
   |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
 9 |
10 |     return mean
   |
   = when it runs: The variable keeps its value.
   = confirmed by running it: the variable kept its value
     TensorFlow 2.21.0, Keras 3.15.0, Python 3.11.7; eager mode; the whole file; inputs of shape (8, 4)
       mean, created on line 3, shape (4)
                       the variable                      the batch itself
         at the start       0       0       0       …
         after call 1       0       0       0       …    2.9123    -3.5   1e-07       …
         after call 2       0       0       0       …         3   1e+09    0.25       …
         after call 3       0       0       0       …         1       2       3       …
         law: unchanged
       note: three steps
   = help: assign to it
   = see: bnlint explain BN101

1 finding (1 error) in 3 files: 1 confirmed.
"""
    )


@pytest.mark.parametrize(
    ("verdict", "line"),
    [
        (Verdict(Outcome.UNDECIDED, "no-tensorflow", "Python has no TensorFlow"),
         "   = undecided (no-tensorflow): Python has no TensorFlow"),
        (Verdict(Outcome.DEFERRED, detail="the caller runs it"), "   = deferred: the caller runs it"),
        (Verdict(Outcome.REFUTED, detail="it moved"), "   = refuted by running it: it moved"),
        (Verdict(Outcome.CONFIRMED), "   = confirmed by running it:"),
    ],
)  # fmt: skip
def test_each_verdict_has_its_words(finding: Make, report: Make, verdict: Verdict, line: str) -> None:
    assert line.strip() in [each.strip() for each in render(report(finding(verdict=verdict)), "text").splitlines()]


@pytest.mark.parametrize("gone", [*EVIDENCE, *EVIDENCE["statistics"][0]])
@pytest.mark.parametrize("empty", [False, True])
def test_no_key_of_the_evidence_is_needed(finding: Make, report: Make, gone: str, empty: bool) -> None:
    def without(mapping: dict[str, Any]) -> dict[str, Any]:
        kept = {key: value for key, value in mapping.items() if key != gone}
        return kept | {gone: None} if empty and gone in mapping else kept

    evidence = without(EVIDENCE)
    if evidence.get("statistics"):
        evidence["statistics"] = [without(each) for each in evidence["statistics"]]
    text = render(report(finding(verdict=Verdict(Outcome.CONFIRMED, evidence=evidence))), "text")
    assert "bnlint explain BN101" in text
    assert "None" not in text


def test_a_law_without_words_and_an_error(finding: Make, report: Make) -> None:
    statistic = {"name": "m", "initial": 1.5, "values": [float("nan")], "law": {"old": 0.01, "new": 0.99}}
    error = {"type": "ValueError", "message": "no\nmore", "row": 8}
    verdict = Verdict(Outcome.CONFIRMED, evidence={"statistics": [statistic] * 6, "error": error})
    text = render(report(finding(verdict=verdict)), "text")
    assert "law: v ← 0.01·v + 0.99·batch" in text
    assert "at the start  1.5\n" in text
    assert "after step 1  nan\n" in text
    assert "and 2 more, which the json format shows" in text
    assert "line 8: ValueError: no\n" in text


@pytest.mark.parametrize(
    ("line", "columns", "shown", "underline"),
    [
        ("\tx = y", (2, 3), "    x = y", "    ^"),
        ("ab\tx = y", (4, 5), "ab  x = y", "    ^"),
        ("s = '日本', x", (11, 12), "s = '日本', x", "            ^"),
        ("s = '日本'", (5, 9), "s = '日本'", "    ^^^^^^"),
        ("é = x", (5, 6), "é = x", "    ^"),
        ("'\x1b[31m' + x", (11, 12), "'\\x1b[31m' + x", "             ^"),
        ("a\x0cb", (3, 4), "a\\x0cb", "     ^"),
        ("x\u202ey", (3, 4), "x\\u202ey", "       ^"),
        ("x = 1", (6, 6), "x = 1", "     ^"),
        ("x" * 500 + "yz" + "x" * 500, (501, 503), "…" + "x" * 20 + "yz" + "x" * 158 + "…", " " * 21 + "^^"),
    ],
)
def test_what_is_underlined(
    finding: Make, report: Make, line: str, columns: tuple[int, int], shown: str, underline: str
) -> None:
    place = finding(span=Span(2, columns[0], 2, columns[1]), related=())
    lines = body(render(report(place, sources={"models/bn.py": f"a\r\n{line}\r\nb"}), "text"))
    assert lines[2:4] == [shown, underline]


def test_several_lines_are_marked_from_first_to_last(finding: Make, report: Make) -> None:
    source = "call(\n    one,\n\n    two)\n"
    lines = body(render(report(finding(span=Span(1, 1, 4, 9), related=()), sources={"models/bn.py": source}), "text"))
    assert lines[1:-1] == ["call(", "^^^^^", "    one,", "    ^^^^", "", "    two)", "    ^^^^"]


def test_long_stretches_are_cut(finding: Make, report: Make) -> None:
    source = "".join(f"line{row}\n" for row in range(1, 40))
    text = render(report(finding(span=Span(2, 1, 30, 7), related=()), sources={"models/bn.py": source}), "text")
    assert [row for row in range(1, 40) if f"line{row}\n" in text] == [1, 2, 3, 4, 5, 6, 30, 31, 32]
    assert text.count("\n...\n") == 1


def test_places_in_other_files_and_cells(finding: Make, report: Make) -> None:
    related = (
        Related("made here", "other.py", Span(1, 1, 1, 2)),
        Related("used here", "nb.ipynb", Span(2, 1, 2, 2), cell=3),
        Related("lost here", "unknown.py", Span(7, 1, 7, 2)),
    )
    sources = {"nb.ipynb:cell 4": "m = 1", "nb.ipynb:cell 3": "a\nb", "other.py": "o"}
    place = finding(filename="nb.ipynb", cell=4, span=Span(1, 1, 1, 2), related=related)
    text = render(report(place, sources=sources), "text")
    assert (
        """\
 --> nb.ipynb:cell 4:1:1
  |
1 | m = 1
  | ^
 ::: other.py:1:1
  |
1 | o
  | - made here
 ::: nb.ipynb:cell 3:2:1
  |
2 | b
  | - used here
 ::: unknown.py:7:1
  lost here
"""
        in text
    )


def test_nothing_of_the_input_commands_the_terminal(finding: Make, report: Make) -> None:
    evil = "\x1b]0;owned\x07\x9b31m\u202e\r\n::error::x"
    bad = finding(
        message=evil, consequence=evil, remedy=evil, name=evil, filename=evil,
        related=(Related(evil, evil, Span(1, 1, 1, 2)),),
        verdict=Verdict(Outcome.UNDECIDED, evil, evil, {
            "mode": evil, "inputs": evil, "notes": [evil], "error": {"type": evil, "message": evil},
            "statistics": [{"name": evil, "row": evil, "initial": evil, "law": {"text": evil}}],
        }),
    )  # fmt: skip
    text = render(report(bad, errors=(FileError(evil, evil),), sources={evil: evil}), "text")
    assert re.sub(r"[\n·…]", "", text).isprintable()
    assert not re.search(r"(?m)^::", text)


def test_errors_and_summary(finding: Make, report: Make) -> None:
    errors = (FileError("a.py", "no such file or folder"), FileError("b.py", "cannot be parsed", Span(3, 4, 3, 4)))
    text = render(report(errors=errors), "text")
    assert text == (
        "error: a.py: no such file or folder\nerror: b.py:3:4: cannot be parsed\n\n"
        "No findings in 3 files. 2 paths could not be checked.\n"
    )
    assert render(report(files=1), "text") == "No findings in 1 file.\n"


def test_the_summary_counts(finding: Make, report: Make) -> None:
    def closing(*findings: Finding, **changes: Any) -> list[str]:
        return render(report(*findings, **changes), "text").rpartition("\n\n")[2].splitlines()

    def with_(outcome: Outcome, severity: Severity = Severity.ERROR) -> Finding:
        return finding(verdict=Verdict(outcome), severity=severity)

    assert closing(finding(), finding(severity=Severity.WARNING)) == [
        "2 findings (1 error, 1 warning) in 3 files.",
        "Run it again with --verify to see what the code does when it runs.",
    ]
    assert closing(
        with_(Outcome.CONFIRMED), with_(Outcome.CONFIRMED), with_(Outcome.DEFERRED, Severity.INFO),
        with_(Outcome.REFUTED), refuted=1,
    ) == ["3 findings (2 errors, 1 info) in 3 files: 2 confirmed, 1 refuted, 1 deferred."]  # fmt: skip
    assert closing(refuted=2) == ["No findings in 3 files: 2 refuted."]


def test_colours_change_nothing_but_colours(finding: Make, report: Make) -> None:
    shown: Report = report(
        finding(verdict=Verdict(Outcome.CONFIRMED, None, "so", EVIDENCE)), errors=(FileError("a.py", "gone"),)
    )
    for form in ("text", "concise"):
        colored = render(shown, form, color=True)
        assert "\x1b[1;31merror" in colored
        assert re.sub(r"\x1b\[[\d;]*m", "", colored) == render(shown, form)


ASSIGN = (Edit(Span(8, 5, 8, 12), "mean.assign("), Edit(Span(8, 36, 8, 36), ")"))


def test_a_fix_is_shown_as_a_small_diff(finding: Make, report: Make) -> None:
    fixed = finding(fix=Fix(Applicability.SAFE, "assign to mean", ASSIGN))
    risky = finding(fix=Fix(Applicability.UNSAFE, "assign to mean", ASSIGN))
    shown = """\
   = fix: assign to mean
        8 -     mean = 0.9 * mean + 0.1 * batch
        8 +     mean.assign(0.9 * mean + 0.1 * batch)
"""
    text = render(report(fixed), "text")
    assert shown in text
    assert text.endswith("\n1 can be fixed with --fix; --diff shows the changes.\n")
    text = render(report(fixed, risky), "text")
    assert "= unsafe fix: assign to mean\n" in text
    assert text.endswith("\n1 can be fixed with --fix, 1 more with --fix --unsafe-fixes; --diff shows the changes.\n")
    assert "1 can be fixed with --fix --unsafe-fixes;" in render(report(risky), "text")


def test_a_fix_that_was_not_made_says_why(finding: Make, report: Make) -> None:
    proof = Verdict(Outcome.UNDECIDED, "law-not-explained", "no law explains it")
    text = render(report(finding(fix=Fix(Applicability.SAFE, "assign", ASSIGN), proof=proof)), "text")
    assert "   = not fixed: no law explains it\n" in text
    assert "--fix" not in text


def test_a_fix_by_hand_and_one_in_another_file(finding: Make, report: Make) -> None:
    by_hand = finding(fix=Fix(Applicability.DISPLAY, "assign to mean", ()))
    assert "   = fix, by hand: assign to mean\n   = see" in render(report(by_hand), "text")
    edit = Edit(Span(1, 1, 1, 1), "\x1b[0m\n", filename="train.py")
    elsewhere = finding(fix=Fix(Applicability.SAFE, "run them", (edit,)))
    text = render(report(elsewhere, sources={"train.py": "x\n"}), "text")
    assert "       in train.py\n       1 + \\x1b[0m\n" in text


def test_a_long_fix_is_shortened(finding: Make, report: Make) -> None:
    edit = Edit(Span(1, 1, 1, 1), "x\n" * 40)
    text = render(report(finding(fix=Fix(Applicability.SAFE, "much", (edit,)))), "text")
    assert text.count(" + x\n") == 12
    assert "and 28 lines more, which --diff shows\n" in text


def test_what_is_let_pass_is_counted_and_not_shown(finding: Make, report: Make) -> None:
    passed = finding(suppression=Suppression("comment", "a toy"))
    text = render(report(passed, warnings=(Notice("b.py", "stale", Span(1, 2, 1, 3)),)), "text")
    assert text == "warning: b.py:1:2: stale\n\nNo findings in 3 files, 1 suppressed.\n"
    assert render(report(fixed=(passed, passed)), "text") == "Fixed 2 findings. No findings in 3 files.\n"
