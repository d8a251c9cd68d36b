"""What becomes of one mutant."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from mutants.generator import Mutant, findings

# right: found by a rule of the right family. offered: with a fix. mended: fixing leaves no finding and nothing to fix.
COLUMNS = ("made", "found", "right", "offered", "mended")


def judged(mutant: Mutant, verify: bool = False) -> Counter[str]:
    """One for each column that holds of the mutant; with ``verify`` it is mended if running it proves every fix."""
    found = findings(mutant.texts)
    right = [each for each in found if mutant.is_found([each])]
    offered = any(each.fix is not None and each.fix.edits for each in right)
    mended = offered and is_mended(mutant, verify)
    return Counter(made=1, found=bool(found), right=bool(right), offered=offered, mended=mended)


def is_mended(mutant: Mutant, verify: bool) -> bool:
    """Whether fixing ends all findings, and fixing again changes nothing."""
    _, texts = mutant.fixed(verify)
    again = replace(mutant, program=replace(mutant.program, texts=texts), text=texts[mutant.filename])
    return not findings(texts) and again.fixed()[1] == texts
