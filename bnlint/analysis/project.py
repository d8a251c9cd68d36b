"""All modules together: what one file cannot know about itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bnlint.analysis.facts import ModuleFacts
from bnlint.findings import Era


@dataclass(frozen=True, slots=True)
class ProjectFacts:
    """The modules that were analysed, and the era that most of them agree on."""

    modules: tuple[ModuleFacts, ...]
    era: Era

    def era_of(self, module: ModuleFacts) -> Era:
        """The era of a module: its own evidence first, then what the rest of the project is written for."""
        own = module.own_era
        tensorflow, keras = own.tensorflow or self.era.tensorflow, own.keras or self.era.keras
        borrowed = tensorflow != own.tensorflow or keras != own.keras
        return Era(tensorflow, keras, own.evidence + (self.era.evidence if borrowed else ()))


def project_facts(modules: Sequence[ModuleFacts], tensorflow: str | None = None, keras: str | None = None) -> ProjectFacts:
    """The project view. ``tensorflow`` and ``keras`` are the user's pins and beat all other evidence."""
    evidence: list[str] = []
    if tensorflow or keras:
        evidence.append("the settings pin it")
    return ProjectFacts(
        tuple(modules),
        Era(
            tensorflow or _agreed([module.own_era.tensorflow for module in modules], "TensorFlow", evidence),
            keras or _agreed([module.own_era.keras for module in modules], "Keras", evidence),
            tuple(evidence),
        ),
    )


def _agreed(votes: Sequence[str | None], name: str, evidence: list[str]) -> str | None:
    counted = Counter(vote for vote in votes if vote is not None)
    if len(counted) != 1:
        return None
    version, number = counted.most_common()[0]
    evidence.append(f"{number} other file{'s' if number > 1 else ''} of the project: {name} {version}")
    return version
