from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bnlint.findings import Confidence, Era, Finding, Related, Severity, VariableRef
from bnlint.reporting import Report
from bnlint.span import Span
from bnlint.verify.predictions import Experiment, Unchanged

SOURCE = """\
import tensorflow as tf

mean = tf.Variable(tf.zeros([4]), trainable=False)


def update(batch):
    global mean
    mean = 0.9 * mean + 0.1 * batch

    return mean
"""


@pytest.fixture
def finding() -> Callable[..., Finding]:
    base = Finding(
        code="BN101",
        name="rebound-statistic",
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
        message="`mean` is rebound",
        consequence="The variable keeps its value.",
        remedy="assign to it",
        filename="models/bn.py",
        span=Span(8, 5, 8, 36),
        symbol="update",
        era=Era("2", None, ("it imports tensorflow",)),
        experiment=Experiment(Unchanged(), "update", (3,), 8),
        variable=VariableRef("mean", 3, 1),
        related=(Related("created here", "models/bn.py", Span(3, 8, 3, 51)),),
    )

    def make(**changes: Any) -> Finding:
        return replace(base, **changes)

    return make


@pytest.fixture
def report() -> Callable[..., Report]:
    def make(*findings: Finding, **changes: Any) -> Report:
        given = Report(findings, (), files=3, analysed=1, refuted=0, root="/", sources={"models/bn.py": SOURCE})
        return replace(given, **changes)

    return make
