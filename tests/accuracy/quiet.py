"""Healthy repositories: every error and warning in them was read by a person, who said whether it is right."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from accuracy.checkouts import Accused, accused
from bnlint.findings import Finding

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

JUDGEMENTS = Path(__file__).with_name("judgements.toml")


@dataclass(frozen=True)
class Judgement:
    """What a person says about one finding. right: the code does what the finding says; why: how one can tell."""

    right: bool
    why: str


@dataclass(frozen=True)
class Quiet:
    """A healthy repository. judged: its errors and warnings with what was said about them."""

    name: str
    checked: Accused
    judged: list[tuple[Finding, Judgement]]


class UnjudgedError(Exception):
    """Findings that nobody has read."""


def judgements(path: Path = JUDGEMENTS) -> dict[str, Judgement]:
    """By the fingerprint of the finding."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return {key: Judgement(each["right"], " ".join(each["why"].split())) for key, each in table.items()}


def quiet(name: str, folder: Path, known: Mapping[str, Judgement]) -> Quiet:
    """Check one repository. Raises UnjudgedError for findings that nobody has read."""
    checked = accused(folder)
    unjudged = [each for each in checked.findings if each.fingerprint not in known]
    if unjudged:
        listed = "\n".join(f"{e.fingerprint}  {e.filename}:{e.span.row} {e.code} {e.message}" for e in unjudged)
        raise UnjudgedError(f"{name}: read these and say in {JUDGEMENTS.name} whether they are right:\n{listed}")
    return Quiet(name, checked, [(each, known[each.fingerprint]) for each in checked.findings])
