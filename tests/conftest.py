from collections.abc import Sequence
from typing import Any

import pytest

from bnlint import judging
from bnlint import report as reports
from bnlint.reporting import Report
from bnlint.source import Source
from validators import validate_json


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write fixtures/golden anew; read the difference")
    parser.addoption("--kills", type=int, default=5, help="how often test_killed.py kills a run that writes")


@pytest.fixture(autouse=True)
def _no_memory_of_other_tests(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("BNLINT_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(autouse=True)
def _every_report_keeps_to_the_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a command reports in a test, in whatever format, must be valid as JSON too."""
    real = reports.render

    def render(report: Report, form: str, color: bool = False) -> str:
        if len(report.findings) < 1000:
            validate_json(real(report, "json"))
        return real(report, form, color)

    monkeypatch.setattr(reports, "render", render)


@pytest.fixture
def analysed(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The names of the files that each call of the analysis was given, as it is called."""
    given: list[list[str]] = []
    real = judging.analyse_all

    def analyse_all(sources: Sequence[Source], *more: Any) -> Any:
        given.append([source.filename for source in sources])
        return real(sources, *more)

    monkeypatch.setattr(judging, "analyse_all", analyse_all)
    return given
