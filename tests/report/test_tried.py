"""What was tried besides training steps is told in words, in the text and in the page."""

from collections.abc import Callable
from typing import Any

from bnlint.findings import Outcome, Verdict
from bnlint.report import render
from pages import STILL, seen

Make = Callable[..., Any]
STATISTIC = {
    **STILL,
    "trainable": True,
    "stalled": {"steps": 1300, "still": True, "off": 0.354},
    "reloaded": {"keras": "lost", "checkpoint": "kept"},
}
PROBES = {
    "update ops": {"count": 0, "empty blocks": 1},
    "dependence": {"difference": 1.942, "noise": 0.0},
    "phases": {"difference": 0.0, "noise": 0.0, "flag": True},
    "attributes": {"moving_mean": "tensor"},
    "guarded step": {"on": True, "off": False},
    "layers": {
        "made": [{"rows": [8], "owner": "BatchNormalization", "in_model": False}, {"rows": [9], "in_model": True}]
    },
}
TOLD = (
    "it is among the trainable variables, which an optimizer moves",
    "UPDATE_OPS holds 0 updates; blocks that wait for none of it: 1",
    "one batch again and again: after 1300 steps it stands still, 35.4% off the value of the batch",
    "after save_weights and load_weights: what was trained is lost",
    "after tf.train.Checkpoint: what was trained is there again",
    "at inference, the answer for one sample when the rest of its batch is replaced: it changes by 194% of its size",
    "the output when the training flag is switched: no change",
    "the attribute moving_mean holds a tensor",
    "with the flag on, the optimizer's step is made",
    "with the flag off, the optimizer's step is not made",
    "the BatchNormalization of line 8 is not in the model",
)


def test_it_is_told(finding: Make, report: Make) -> None:
    found = finding(verdict=Verdict(Outcome.CONFIRMED, evidence={**seen(STATISTIC), "probes": PROBES}))
    for form in ("text", "html"):
        text = render(report(found), form).replace("&#39;", "'")
        assert [told for told in TOLD if told not in text] == []
    assert "line 9" not in text


def test_strange_evidence_is_no_trouble(finding: Make, report: Make) -> None:
    odd = {**STILL, "stalled": "x", "reloaded": {"\x1b": None}}
    probes = {"dependence": {"difference": "nan"}, "layers": {"made": ["x", {"rows": ["y"], "owner": "\x1b"}]}}
    found = finding(verdict=Verdict(Outcome.CONFIRMED, evidence={**seen(odd), "probes": probes}))
    assert render(report(found), "text").replace("\n", "").isprintable()
