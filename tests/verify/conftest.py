"""What the tests of the verifier share: one worker for all of them, and findings made by hand."""

from __future__ import annotations

import importlib.util
import textwrap
from collections.abc import Callable, Iterator

import pytest

from bnlint.findings import Era, Verdict
from bnlint.verify.pool import Pool
from bnlint.verify.predictions import Experiment, Prediction
from bnlint.verify.verifier import VerifySettings, decide

Run = Callable[..., Verdict]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if importlib.util.find_spec("tensorflow") is None:
        skip = pytest.mark.skip(reason="TensorFlow is not installed: pip install 'bnlint[verify]'")
        for item in items:
            if item.get_closest_marker("tensorflow"):
                item.add_marker(skip)


@pytest.fixture(scope="session")
def pool() -> Iterator[Pool]:
    with VerifySettings(timeout=30).pool() as shared:
        yield shared


@pytest.fixture
def run(pool: Pool) -> Run:
    """Run a program given as text; rows count from its first line of code."""

    def decided(
        source: str,
        prediction: Prediction,
        symbol: str | None,
        statistics: tuple[int, ...] = (),
        row: int = 0,
        *,
        tensorflow: str | None = "2",
        keras: str | None = None,
        using: Pool | None = None,
    ) -> Verdict:
        experiment = Experiment(prediction, symbol, statistics, row)
        return decide(using or pool, experiment, program(source), "program.py", Era(tensorflow, keras))

    return decided


def program(source: str) -> str:
    return textwrap.dedent(source).strip() + "\n"
