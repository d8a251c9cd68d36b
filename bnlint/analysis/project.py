"""All modules together: what one file cannot know about itself."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from bnlint.analysis.facts import ModuleFacts
from bnlint.analysis.scopes import Scope
from bnlint.analysis.values import Call, Global
from bnlint.findings import Era


@dataclass(frozen=True)
class ProjectFacts:
    """The modules that were analysed, and the era that most of them agree on."""

    modules: tuple[ModuleFacts, ...]
    era: Era
    pins: Era

    @cached_property
    def _by_name(self) -> dict[str, list[ModuleFacts]]:
        """Modules by every dotted ending of their name: imports rarely start at the folder bnlint was given."""
        found: dict[str, list[ModuleFacts]] = defaultdict(list)
        for module in self.modules:
            parts = module.module.split(".")
            for start in range(len(parts)):
                found[".".join(parts[start:])].append(module)
        return found

    def module_named(self, name: str) -> ModuleFacts | None:
        """The module that an import of this name means, if exactly one of the project fits."""
        found = self._by_name.get(name, [])
        return found[0] if len(found) == 1 else None

    def resolve(self, name: str) -> tuple[ModuleFacts, Scope] | None:
        """The function or class of the project that a full dotted name means: ``package.module.Class.method``."""
        parts = name.split(".")
        for cut in range(len(parts) - 1, 0, -1):
            module = self.module_named(".".join(parts[:cut]))
            if module is not None:
                symbol = ".".join(parts[cut:])
                scope = next((s for s in module.scopes if s.symbol == symbol and s.kind in ("function", "class")), None)
                return (module, scope) if scope is not None else None
        return None

    @cached_property
    def callers(self) -> dict[tuple[str, int], list[tuple[ModuleFacts, Call]]]:
        """Calls from anywhere in the project, by the file name and scope id of the function or class called."""
        found: dict[tuple[str, int], list[tuple[ModuleFacts, Call]]] = defaultdict(list)
        for module in self.modules:
            for scope, calls in module.flow.callers.items():
                found[module.filename, scope] += [(module, call) for call in calls]
            for call in module.flow.tree.calls:
                if isinstance(call.callee, Global):
                    target = self.resolve(call.callee.name)
                    if target is not None and target[0] is not module:
                        found[target[0].filename, target[1].id].append((module, call))
        return found

    @cached_property
    def fits(self) -> bool:
        """Whether some module trains a Keras model by ``fit`` or its like."""
        return any(module.fits for module in self.modules)

    @cached_property
    def has_tape(self) -> bool:
        """Whether some module trains by a loop of its own."""
        return any(module.has_tape for module in self.modules)

    def era_of(self, module: ModuleFacts) -> Era:
        """The era of a module: its own evidence first, then what the rest of the project is written for."""
        own, pins = module.own_era, self.pins
        tensorflow = pins.tensorflow or own.tensorflow or self.era.tensorflow
        keras = pins.keras or own.keras or self.era.keras
        borrowed = tensorflow != own.tensorflow or keras != own.keras
        return Era(tensorflow, keras, pins.evidence + own.evidence + (self.era.evidence if borrowed else ()))


def project_facts(
    modules: Sequence[ModuleFacts], tensorflow: str | None = None, keras: str | None = None
) -> ProjectFacts:
    """The project view. ``tensorflow`` and ``keras`` are the user's pins and beat all other evidence."""
    evidence: list[str] = []
    agreed_tensorflow = _agreed([module.own_era.tensorflow for module in modules], "TensorFlow", evidence)
    agreed_keras = _agreed([module.own_era.keras for module in modules], "Keras", evidence)
    pinned = ("the settings pin it",) if tensorflow or keras else ()
    era = Era(agreed_tensorflow, agreed_keras, tuple(evidence))
    return ProjectFacts(tuple(modules), era, Era(tensorflow, keras, pinned))


def _agreed(votes: Sequence[str | None], name: str, evidence: list[str]) -> str | None:
    counted = Counter(vote for vote in votes if vote is not None)
    if len(counted) != 1:
        return None
    version, number = counted.most_common()[0]
    evidence.append(f"{number} other file{'s' if number > 1 else ''} of the project: {name} {version}")
    return version
