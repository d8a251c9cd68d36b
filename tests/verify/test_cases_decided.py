"""The cases are claims about what running them shows: they are run, and so is what the fixes make of them.

A case of which running shows that what is said does not hold under this TensorFlow has a comment ``# refuted: why``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from bnlint import engine
from bnlint.findings import Applicability, Finding, Fix, Outcome
from bnlint.fixes import apply_edits, compatible
from bnlint.settings import Settings
from bnlint.verify.pool import Pool
from bnlint.verify.verifier import decide, prove_fix
from tests.rules.test_cases import MARK, PROGRAMS, Program

pytestmark = pytest.mark.tensorflow
REFUTED = "# refuted: "


def made(findings: Sequence[Finding]) -> dict[str, Fix]:
    """The fixes that can be made, by the names of the findings."""
    fixes = {each.fingerprint: each.fix for each in findings if each.fix is not None and each.fix.edits}
    return {name: fix for name, fix in fixes.items() if fix.applicability is not Applicability.DISPLAY}


def fixed(texts: Mapping[str, str], findings: Sequence[Finding], fixes: Mapping[str, Fix]) -> dict[str, str]:
    """All files with all fixes made at once."""
    at = {fixes[each.fingerprint]: each.filename for each in findings if each.fingerprint in fixes}
    edits = [(edit.filename or at[fix], edit) for fix in compatible(at) for edit in fix.edits]
    return {name: apply_edits(text, [edit for home, edit in edits if home == name]) for name, text in texts.items()}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: f"{program.code}: {program.name}")
def test_every_finding_is_decided_and_every_fix_proven(
    program: Program, pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    texts = {name: MARK.sub("", text) for name, text in program.files.items()}
    for name, text in texts.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")
    findings = engine.check(["."], Settings()).findings
    refuted = any(REFUTED in text for text in texts.values())
    for each in findings:
        seen = decide(pool, each.experiment, texts[each.filename], each.filename, each.era, texts)
        # Whose duty an update is, is known where the callers are.
        decided = (
            Outcome.DEFERRED if seen.outcome is Outcome.DEFERRED and each.experiment.callers else Outcome.CONFIRMED
        )
        expected = Outcome.REFUTED if refuted else decided
        assert seen.outcome is expected, (each.filename, each.span.row, each.code, seen.reason, seen.detail)
    fixes = made(findings)
    after = fixed(texts, findings, fixes)
    for each in findings:
        if each.fingerprint in fixes:
            proof = prove_fix(pool, each, texts, after)
            proven = Outcome.REFUTED if refuted else Outcome.CONFIRMED
            assert proof.outcome is proven, (each.filename, each.span.row, each.code, proof.detail)
