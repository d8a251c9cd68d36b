import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bnlint.demo import Demo, Side
from bnlint.findings import Finding, Outcome, VariableRef, Verdict
from bnlint.report.curves import START, Curve, curves
from bnlint.report.plot import plot, round_numbers
from bnlint.report.side_by_side import render

Make = Callable[..., Any]
STILL: dict[str, Any] = {
    "name": "Variable",
    "row": 3,
    "shape": [2],
    "initial": [0.0, 7.0],
    "after": ["call 1", "call 2", "inference 1"],
    "values": [[0.0, 7.0], [0.0, 7.0], [0.0, 7.0]],
    "batch": [[3.0, 9.0], [4.0, 9.0], [5.0, 9.0]],
    "law": {"kind": "unchanged", "text": "unchanged"},
    "made": 1,
}
MOVING = {
    **STILL,
    "values": [[0.3, 7.0], [0.67, 7.0], [0.67, 7.0]],
    "law": {"kind": "average", "old": 0.9, "new": 0.1, "source": "batch mean"},
}


def evidence(*statistics: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"tensorflow": "2.21.0", "mode": "eager", "statistics": list(statistics), **more}


def test_a_curve_is_the_first_channel_beside_that_of_the_batches() -> None:
    (curve,) = curves(evidence(MOVING), VariableRef("moving_mean", 3, 1))
    assert curve == Curve(
        "moving_mean",
        3,
        (START, "call 1", "call 2", "inference 1"),
        (0.0, 0.3, 0.67, 0.67),
        (None, 3.0, 4.0, 5.0),
        "v ← 0.9·v + 0.1·batch mean",
        1,
    )
    assert curve.range == (0.0, 5.0)


@pytest.mark.parametrize("kind", ["unexplained", "once"])
def test_a_batch_that_explains_nothing_is_not_drawn(kind: str) -> None:
    (curve,) = curves(evidence({**MOVING, "law": {"kind": kind, "text": "not explained by the batch"}}), None)
    assert curve.batch == (None,) * 4


def test_what_is_not_finite_is_not_drawn() -> None:
    values = [[math.nan], [math.inf], [2.5]]
    (curve,) = curves(evidence({**MOVING, "values": values, "batch": [["nan"], None, [1]]}), None)
    assert curve.variable == (0.0, None, None, 2.5)
    assert curve.batch == (None, None, None, 1.0)
    assert curves(evidence({**MOVING, "values": [[math.nan]] * 3}), None) == []


@pytest.mark.parametrize("seen", [{}, {"statistics": None}, {"statistics": [{}, {"values": []}]}])
def test_without_steps_there_is_no_curve(seen: dict[str, Any]) -> None:
    assert curves(seen, None) == []


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [
        (0, 0, [0, 0.5, 1]),
        (0, 4.2, [0, 2, 4, 6]),
        (-0.1, 0.31, [-0.2, 0, 0.2, 0.4]),
        (3.1, 3.1, [3, 4, 5, 6, 7]),
        (-7000, 1000, [-8000, -6000, -4000, -2000, 0, 2000]),
        (1e-6, 4e-6, [1e-6, 2e-6, 3e-6, 4e-6]),
    ],
)
def test_axes_have_round_numbers(low: float, high: float, marks: list[float]) -> None:
    assert round_numbers(low, high) == pytest.approx(marks)


def test_a_plot_shows_where_the_values_are() -> None:
    (curve,) = curves(evidence(MOVING), None)
    lines = plot(curve, "red", curve.range, 60, color=False)
    assert all(len(line) <= 60 for line in lines)
    dots = {(row, match.start()) for row, line in enumerate(lines) for match in re.finditer("•", line)}
    assert len(dots) == 3
    # Later batches have larger means: further to the right, further up.
    by_column = [row for row, column in sorted(dots, key=lambda dot: dot[1])]
    assert by_column == sorted(by_column, reverse=True)
    line = [row for row, text in enumerate(lines) if re.search("[\u2801-\u28ff]", text)]
    assert line
    assert min(line) > max(by_column)
    assert "start" in lines[-1]
    assert "\x1b[31m" in "".join(plot(curve, "red", curve.range, 60, color=True)).replace("38;5;1", "31")


def test_one_value_for_ever_can_be_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    (curve,) = curves(evidence({**STILL, "batch": []}), None)
    assert plot(curve, "red", curve.range, 40, color=False)
    assert capsys.readouterr() == ("", "")


@pytest.fixture
def demo(finding: Make) -> Callable[..., Demo]:
    def make(**changes: Any) -> Demo:
        wrong = Side("bad.py", (("8", "    mean = 0.9 * mean"),), Verdict(Outcome.CONFIRMED, evidence=evidence(STILL)))
        right = Side("good.py", (("8", "    mean.assign(0.9)"),), Verdict(Outcome.REFUTED, evidence=evidence(MOVING)))
        return replace(Demo(finding(), wrong, right, ("The reason: bnlint explain BN101",)), **changes)

    return make


def test_both_stand_level_where_there_is_room(demo: Make) -> None:
    wide, narrow = (render(demo(), False, columns).splitlines() for columns in (120, 80))
    assert any(re.search("bad.py .*good.py", line) for line in wide)
    assert any(re.search(r"8 mean = 0\.9 \* mean +8 mean\.assign\(0\.9\)", line) for line in wide)
    assert any(re.search(r"law: unchanged +law: v ← 0\.9·v \+ 0\.1·batch mean", line) for line in wide)
    assert any(re.search(r"confirmed: .*right: ", line) for line in wide)
    assert "steps 1 to 2: call; 3: inference" in "\n".join(wide)
    assert not any(re.search("bad.py .*good.py", line) for line in narrow)
    assert max(map(len, narrow)) <= 80
    for text in (wide, narrow):
        assert text[0].startswith("error[BN101] rebound-statistic: `mean` is rebound")
        assert text[-1].startswith("The reason: bnlint explain BN101")
        assert "\x1b" not in "".join(text)


def test_both_share_one_scale(demo: Make) -> None:
    text = render(demo(), False, 120)
    assert any(line.count("6┤") == 2 for line in text.splitlines())


def test_without_a_right_side_the_wrong_one_stands_alone(demo: Make) -> None:
    text = render(demo(right=None), False, 120)
    assert "good.py" not in text
    assert "confirmed" in text


def test_without_curves_it_is_said_in_words(demo: Make) -> None:
    error = {"type": "AttributeError", "message": "no attribute 'assign'", "row": 8}
    raised = Side("bad.py", (), Verdict(Outcome.CONFIRMED, evidence=evidence(error=error)))
    assert "line 8: AttributeError: no attribute 'assign'" in render(demo(wrong=raised), False, 120)


def test_a_run_that_decided_nothing_says_why(demo: Make) -> None:
    lost = Side("bad.py", (), Verdict(Outcome.UNDECIDED, "timeout", "the code did not finish in time"))
    assert "undecided: the code did not finish in time" in render(demo(wrong=lost), False, 120)


def test_strange_names_do_not_command_the_terminal(demo: Make, finding: Finding) -> None:
    named = evidence({**STILL, "name": "\x1b[2Jname", "row": None})
    text = render(
        demo(wrong=Side("\x1b]0;x.py", (("1", "\x1b[2J"),), Verdict(Outcome.CONFIRMED, evidence=named))), False, 120
    )
    assert "\x1b" not in text
