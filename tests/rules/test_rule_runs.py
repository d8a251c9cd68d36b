"""What each rule folder claims, run: the bad program does as predicted, the good one does not, the fix works."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from bnlint.engine import check_sources
from bnlint.findings import Finding, Outcome
from bnlint.fixes import apply_fixes
from bnlint.registry import load_rules
from bnlint.settings import Settings
from bnlint.source import Source
from bnlint.verify.pool import Pool
from bnlint.verify.verifier import VerifySettings, clears, prove_fix, verify

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"),
]

BAD = [path for rule in load_rules() for path in sorted(rule.folder.glob("bad*.py"))]


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _source(path: Path) -> Source:
    return Source.read(path, name_of(path))


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with VerifySettings().pool() as workers:
        yield workers


@pytest.fixture(scope="module")
def findings() -> dict[Path, list[Finding]]:
    """The findings in all bad programs, verified in one go."""
    found = [(path, finding) for path in BAD for finding in check_sources([_source(path)], Settings()).findings]
    texts = {finding.filename: path.read_text(encoding="utf-8") for path, finding in found}
    verified = verify([finding for _, finding in found], texts, VerifySettings(jobs=2))
    by_path: dict[Path, list[Finding]] = {path: [] for path in BAD}
    for (path, _), finding in zip(found, verified, strict=True):
        by_path[path].append(finding)
    return by_path


@pytest.mark.parametrize("path", BAD, ids=name_of)
def test_running_the_bad_program_confirms_every_finding(path: Path, findings: dict[Path, list[Finding]]) -> None:
    outcomes = [(f.span.row, f.code, f.verdict.outcome.value, f.verdict.detail) for f in findings[path]]
    assert outcomes
    assert all(outcome == Outcome.CONFIRMED.value for _, _, outcome, _ in outcomes), outcomes


@pytest.mark.parametrize("path", BAD, ids=name_of)
def test_running_the_good_program_clears_it(path: Path, findings: dict[Path, list[Finding]], pool: Pool) -> None:
    bad, good = (
        path.with_name(name).read_text(encoding="utf-8") for name in (path.name, path.name.replace("bad", "good"))
    )
    for finding in findings[path]:
        verdict = clears(pool, finding, bad, good)
        assert verdict.outcome is Outcome.REFUTED, (finding.span.row, verdict.outcome, verdict.detail, verdict.evidence)


@pytest.mark.parametrize("path", BAD, ids=name_of)
def test_the_fix_is_proven(path: Path, findings: dict[Path, list[Finding]], pool: Pool) -> None:
    fixes = [finding.fix for finding in findings[path] if finding.fix is not None]
    if not fixes:
        pytest.skip("this rule offers no fix here")
    before = path.read_text(encoding="utf-8")
    after, _ = apply_fixes(before, fixes)
    for finding in findings[path]:
        verdict = prove_fix(pool, finding, {finding.filename: before}, {finding.filename: after})
        assert verdict.outcome is Outcome.CONFIRMED, (finding.span.row, verdict.detail, verdict.evidence)
