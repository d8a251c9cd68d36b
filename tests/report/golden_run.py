"""One report in which every field says something, and every text is as awkward as a text can be."""

from pathlib import Path

from bnlint.findings import (
    Applicability,
    BaselineEntry,
    Confidence,
    Edit,
    Era,
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
from bnlint.reporting import Report
from bnlint.rule import Rule
from bnlint.span import Span
from bnlint.verify.predictions import Experiment, Unchanged

GOLDEN = Path(__file__).parents[2] / "fixtures" / "golden"
ODD_PATH = "odd [1]/a b:c,d%20é\x1b|&.py"
ODD_TEXT = (
    "100 % of `tf.Variable[int]`\r\n::error::x, [link](1) {0} <b>&amp;</b> | *a* _b_ \x1b[31m日本😀 ]]> https://x.y"
)

SOURCE = """\
import tensorflow as tf

mean = tf.Variable(tf.zeros([4]), trainable=False)


def update(batch):
    global mean
    mean = 0.9 * mean + 0.1 * batch

    return mean
"""
CELL = "model = Norm(4)\nmodel(batch)\n"

EVIDENCE = {
    "tensorflow": "2.21.0",
    "keras": "3.15.1",
    "python": "3.11.7",
    "isolation": ["limits", "no-network"],
    "mode": "eager",
    "rung": "module",
    "inputs": [[8, 4]],
    "outputs": [[0.5, 1.0]],
    "steps": {"call": 2},
    "statistics": [
        {
            "name": "Variable:0",
            "row": 3,
            "shape": [4],
            "owner": "Norm",
            "trainable": False,
            "initial": [0.0, 0.0, 0.0],
            "after": ["call 1", "call 2"],
            "values": [[0.0, 0.0, 0.0], [0.0, float("nan"), float("inf")]],
            "batch": [[2.91234567, -3.5, 1e-7], [3.0, 1e9, 0.25]],
            "law": {"kind": "unchanged", "old": 1.0, "new": 0.0, "source": "batch mean", "text": "unchanged"},
            "updates": 2,
            "reached_by": ["returned"],
            "made": 1,
        }
    ],
    "error": {"type": "ValueError", "message": "no\nmore", "row": 8, "rows": [8]},
    "modes": [{"mode": "eager", "rung": "module", "outcome": "undecided", "reason": "raised"}],
    "notes": ["two steps"],
}

RULE = Rule(
    code="BN101",
    name="rebound-statistic",
    summary="A statistic is rebound",
    severity=Severity.ERROR,
    needs=(),
    check=lambda case: iter(()),
    folder=GOLDEN / "lesson",
)


def _finding(fingerprint: str, **changes: object) -> Finding:
    given: dict[str, object] = {
        "code": "BN101",
        "name": "rebound-statistic",
        "severity": Severity.ERROR,
        "confidence": Confidence.HIGH,
        "message": "`mean` is rebound",
        "consequence": "The variable keeps its value.",
        "remedy": "assign to it",
        "filename": "models/bn.py",
        "span": Span(8, 5, 8, 36),
        "symbol": "update",
        "era": Era("2", "3", ("it imports tensorflow",)),
        "experiment": Experiment(Unchanged(), "update", (3,), 8),
        "statement": "mean = 0.9 * mean + 0.1 * batch",
        "fingerprint": fingerprint * 32,
    }
    return Finding(**(given | changes))  # pyright: ignore[reportArgumentType]


CONFIRMED = _finding(
    "a",
    variable=VariableRef("mean", 3, 1),
    related=(
        Related("mean is created here", "models/bn.py", Span(3, 8, 3, 51)),
        Related("inference [0] reads it here", "serve/main.py", Span(7, 1, 9, 2)),
    ),
    fix=Fix(
        Applicability.SAFE,
        "assign to mean",
        (
            Edit(Span(8, 5, 8, 12), "mean.assign("),
            Edit(Span(8, 36, 8, 36), ")"),
            Edit(Span(1, 1, 1, 1), "import models.bn\n", "serve/main.py"),
        ),
    ),
    verdict=Verdict(Outcome.CONFIRMED, None, "the variable kept its value", EVIDENCE),
    proof=Verdict(Outcome.REFUTED, "output-changed", "the output changes", {"tensorflow": "2.21.0"}),
)
IN_NOTEBOOK = _finding(
    "b",
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    filename="notes.ipynb",
    cell=3,
    span=Span(2, 1, 2, 13),
    symbol=None,
    era=Era(),
    variable=VariableRef("model.mean", 1, 9, 2),
    related=(Related("made here", "notes.ipynb", Span(1, 9, 1, 16), 2),),
    fix=Fix(Applicability.UNSAFE, "pass training=True", (Edit(Span(2, 12, 2, 12), ", training=True", None, 3),)),
    verdict=Verdict(Outcome.DEFERRED, "caller-runs-updates", "an update exists;\nrunning it is left to the caller"),
)
ODD = _finding(
    "c",
    code="BN501",
    name="swapped-momentum",
    severity=Severity.INFO,
    confidence=Confidence.LOW,
    message=ODD_TEXT,
    consequence=ODD_TEXT,
    remedy=ODD_TEXT,
    filename=ODD_PATH,
    span=Span(2, 3, 4, 5),
    symbol="Näme.ḿéthod",
    fix=Fix(Applicability.DISPLAY, ODD_TEXT, (Edit(Span(2, 3, 2, 3), ODD_TEXT),)),
    verdict=Verdict(Outcome.UNDECIDED, "raised", ODD_TEXT),
)
IGNORED = _finding("d", span=Span(9, 1, 9, 2), suppression=Suppression("comment", "we know | it"))
OLD = _finding("e", span=Span(10, 5, 10, 16), suppression=Suppression("baseline"))
REFUTED = _finding("f", span=Span(10, 12, 10, 16), verdict=Verdict(Outcome.REFUTED, None, "it moved"))

REPORT = Report(
    findings=(CONFIRMED, IGNORED, OLD, REFUTED, IN_NOTEBOOK, ODD),
    errors=(
        FileError("gone.py", "no such file or folder"),
        FileError("notes.ipynb", "cannot be parsed", Span(1, 2, 1, 2), 4),
        FileError(ODD_PATH, ODD_TEXT, Span(3, 4, 3, 4)),
    ),
    files=7,
    analysed=5,
    refuted=1,
    root="/project",
    sources={"models/bn.py": SOURCE, "notes.ipynb:cell 3": CELL},
    warnings=(
        Notice("models/bn.py", "BN102 is found nothing here: take the ignore out", Span(9, 5, 9, 30)),
        Notice("notes.ipynb", "this ignore names no rule", Span(1, 12, 1, 30), 3),
    ),
    fixed=(_finding("9"),),
    gone=(BaselineEntry("models/old.py", "BN101", "update", "mean = mean", "0" * 32),),
    rules=(RULE,),
)
