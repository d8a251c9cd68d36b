"""What the rules say about small programs that are given as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bnlint.engine import check_sources
from bnlint.findings import Severity
from bnlint.settings import Settings
from bnlint.source import Source

Found = Callable[..., list[str]]


@pytest.fixture
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Found:
    """Rows and severities of what the chosen rules find: ``"model.py:7"``, ``"model.py:7 info"``, by file and row."""

    monkeypatch.chdir(tmp_path)  # no dependencies are declared there

    def run(program: str | Mapping[str, str], *codes: str) -> list[str]:
        files = {"program.py": program} if isinstance(program, str) else program
        sources = [Source.from_bytes(text.encode(), name) for name, text in files.items()]
        report = check_sources(sources, Settings(select=codes))
        assert not report.errors
        return [
            f"{each.filename}:{each.span.row}" + ("" if each.severity is Severity.ERROR else f" {each.severity.value}")
            for each in report.findings
        ]

    return run
