"""Labelled places in public code: what is found there, and what is not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from accuracy.checkouts import accused
from bnlint.findings import Finding

# What a place is labelled with, and the rules that name the same fault. Other faults have no rule of their own.
RULES_FOR = {
    "augassign": {"BN101", "BN102", "BN103", "BN105"},
    "control_dep_no_new_op": {"BN202"},
    "momentum_swapped": {"BN501"},
    "rebind": {"BN101", "BN102", "BN105"},
    "recreated_each_call": {"BN401", "BN402"},
    "trainable_stats": {"BN405"},
    "training_flag": {"BN301", "BN302", "BN303", "BN304", "BN307", "BN309", "BN310"},
    "update_not_run": {"BN106", "BN201", "BN202", "BN203", "BN207", "BN208"},
    "updates_at_inference": {"BN303", "BN304"},
    "updates_ops_not_run": {"BN204", "BN205", "BN209"},
    "wrong_stat_used": {"BN408", "BN502", "BN503", "BN506"},
}

Kind = Literal["hit", "miss", "alarm", "quiet"]


@dataclass(frozen=True)
class Place:
    """Lines of a file in a public repository, first and last included, and what a person says about them.

    folder: the repository, or as much of it as was extracted; fault: the label's kind.
    """

    repository: str
    commit: str
    path: str
    lines: tuple[int, int]
    fault: str
    is_bug: bool
    why: str
    folder: Path


@dataclass(frozen=True)
class Scored:
    """A place with the rules whose errors and warnings overlap it."""

    place: Place
    codes: tuple[str, ...]

    @property
    def kind(self) -> Kind:
        if self.place.is_bug:
            return "hit" if self.codes else "miss"
        return "alarm" if self.codes else "quiet"

    @property
    def is_named(self) -> bool | None:
        """Whether a rule names the fault of the label; None if the label's kind has no rules."""
        rules = RULES_FOR.get(self.place.fault)
        return None if rules is None else bool(rules & set(self.codes))


def places_in(folder: Path) -> Iterator[Place]:
    """The places that ``index.jsonl`` lists and that are a bug or right; those that nobody is sure of are left out."""
    for line in (folder / "index.jsonl").read_text(encoding="utf-8").splitlines():
        label = json.loads(line)
        if isinstance(label["buggy"], bool):
            first, last = label["lines"]
            yield Place(
                label["repo"],
                label["commit"],
                label["path"],
                (first, last),
                label["kind"],
                label["buggy"],
                label["why"],
                folder / label["id"],
            )


def scored(places: Sequence[Place]) -> list[Scored]:
    """Each place, checked with the whole of its repository. Places of one commit share its checkout."""
    found: dict[tuple[str, str], list[Finding]] = {}
    for place in places:
        key = (place.repository, place.commit)
        if key not in found:
            found[key] = accused(place.folder).findings
    return [Scored(place, _codes_at(place, found[place.repository, place.commit])) for place in places]


def _codes_at(place: Place, findings: Sequence[Finding]) -> tuple[str, ...]:
    first, last = place.lines
    here = (each for each in findings if each.filename == place.path)
    return tuple(sorted({each.code for each in here if each.span.row <= last and each.span.end_row >= first}))
