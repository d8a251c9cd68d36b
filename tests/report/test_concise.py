import re
from collections.abc import Callable
from typing import Any

from bnlint.findings import FileError, Notice, Outcome, Severity, Suppression, Verdict
from bnlint.report import render
from bnlint.span import Span

Make = Callable[..., Any]
# What editors are told to look for.
MATCHER = re.compile(r"^(.+?):(\d+):(\d+): (error|warning|info)\[(BN\d+)\] (.*)$")


def test_one_line_a_finding(finding: Make, report: Make) -> None:
    shown = report(
        finding(),
        finding(filename="a b[c].py", severity=Severity.WARNING, verdict=Verdict(Outcome.CONFIRMED)),
        finding(filename="n.ipynb", cell=3, severity=Severity.INFO, verdict=Verdict(Outcome.UNDECIDED, "no-import")),
    )
    assert render(shown, "concise") == (
        "models/bn.py:8:5: error[BN101] `mean` is rebound\n"
        "a b[c].py:8:5: warning[BN101] `mean` is rebound [confirmed]\n"
        "n.ipynb:cell 3:8:5: info[BN101] `mean` is rebound [undecided: no-import]\n"
    )


def test_the_line_is_a_contract(finding: Make, report: Make) -> None:
    message = "word " * 100 + "\x1b[0m\n::error::x\u2028[bold]"
    line, empty = render(report(finding(message=message, filename="x\ny.py")), "concise").split("\n")
    match = MATCHER.fullmatch(line)
    assert match is not None
    assert match.groups()[:5] == ("x\\ny.py", "8", "5", "error", "BN101")
    assert match[6] == "word " * 100 + "\\x1b[0m\\n::error::x\\u2028[bold]"
    assert empty == ""


def test_errors_follow(report: Make) -> None:
    errors = (FileError("a.py", "gone"), FileError("n.ipynb", "wrong", Span(3, 4, 3, 4), cell=2))
    assert render(report(errors=errors), "concise") == "a.py: error: gone\nn.ipynb:cell 2:3:4: error: wrong\n"
    assert render(report(), "concise") == ""


def test_what_is_let_pass_is_left_out_and_warnings_come_last(finding: Make, report: Make) -> None:
    passed = finding(suppression=Suppression("baseline"))
    shown = report(passed, errors=(FileError("a.py", "gone"),), warnings=(Notice("b.py", "stale", Span(1, 2, 1, 3)),))
    assert render(shown, "concise") == "a.py: error: gone\nb.py:1:2: warning: stale\n"
