"""All modules together: what one file cannot know about itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from functools import cached_property

from bnlint.analysis.code.scopes import Scope
from bnlint.analysis.code.values import Call, Global
from bnlint.analysis.facts import ModuleFacts
from bnlint.analysis.module_facts.control import ControlBlock
from bnlint.analysis.module_facts.ema import Average
from bnlint.analysis.module_facts.held_up import HeldUpLoss
from bnlint.analysis.module_facts.momenta import Momentum, layer_momenta
from bnlint.analysis.module_facts.pairs import Pair
from bnlint.analysis.module_facts.statistics import Statistic
from bnlint.analysis.project_facts.added_updates import AddedUpdate, added_updates
from bnlint.analysis.project_facts.average_objects import AppliedAverage, applied_averages, average_momenta
from bnlint.analysis.project_facts.average_reads import EarlyAverage, TensorAverage, early_averages, tensor_averages
from bnlint.analysis.project_facts.axes import WrongReduction, wrong_reductions
from bnlint.analysis.project_facts.batch_only import BatchOnlyNorms
from bnlint.analysis.project_facts.calling import calls_around, trainers_of
from bnlint.analysis.project_facts.captured import CapturedFlag, captured_flags
from bnlint.analysis.project_facts.dead_dependencies import dead_dependencies
from bnlint.analysis.project_facts.early_reads import EarlyRead, early_reads
from bnlint.analysis.project_facts.far import Far
from bnlint.analysis.project_facts.fates import Fates, LostOp, lost_ops
from bnlint.analysis.project_facts.fed_elsewhere import fed_from_elsewhere
from bnlint.analysis.project_facts.file import File
from bnlint.analysis.project_facts.fixed_flags import FixedCall, fixed_calls
from bnlint.analysis.project_facts.flags import Flags
from bnlint.analysis.project_facts.forwarding import Forwarding
from bnlint.analysis.project_facts.importing import Importable, ImportGraph
from bnlint.analysis.project_facts.keras_models import KerasModels
from bnlint.analysis.project_facts.links import Links
from bnlint.analysis.project_facts.never_updated import never_updated
from bnlint.analysis.project_facts.program import Programs
from bnlint.analysis.project_facts.python_tests import PlaceholderTest, placeholder_tests
from bnlint.analysis.project_facts.saving import Saving
from bnlint.analysis.project_facts.sharing import UnsharedStatistics, unshared_statistics
from bnlint.analysis.project_facts.streams import Streams, replicated
from bnlint.analysis.project_facts.tapes import TapeCall, untold_calls
from bnlint.analysis.project_facts.unrun import Unrun, unrun_updates
from bnlint.analysis.project_facts.votes import Votes
from bnlint.analysis.project_facts.waiting import waits_for_updates
from bnlint.analysis.project_facts.weights import weighed
from bnlint.findings import Era
from bnlint.frozen import dataclass


@dataclass(frozen=True)
class ProjectFacts:
    """The modules that were analysed, and what the files of the project are written for.

    aside: the files that were not parsed and that may run with one that was; far: all others.
    """

    modules: tuple[ModuleFacts, ...]
    votes: Votes
    pins: Era
    declared: Mapping[str, Era]
    aside: tuple[File, ...] = ()
    root: tuple[str, ...] = ()
    imports: ImportGraph | None = None
    far: Far = field(default_factory=Far)

    @cached_property
    def _importable(self) -> Importable[ModuleFacts]:
        return Importable(((module.module, module) for module in self.modules), self.root)

    def module_named(self, name: str, near: ModuleFacts | None = None) -> ModuleFacts | None:
        """The module that an import of this name means, if exactly one of the project fits.

        near: the importing module; of several that fit, the nearest one is meant.
        """
        found = self._importable.named(name, None if near is None else near.package)
        return found[0] if len(found) == 1 else None

    def resolve(self, name: str, near: ModuleFacts | None = None) -> tuple[ModuleFacts, Scope] | None:
        """The function or class of the project that a full dotted name means: ``package.module.Class.method``."""
        parts = name.split(".")
        for cut in range(len(parts) - 1, 0, -1):
            module = self.module_named(".".join(parts[:cut]), near)
            if module is not None:
                symbol = ".".join(parts[cut:])
                scope = next((s for s in module.scopes if s.symbol == symbol and s.kind in ("function", "class")), None)
                return (module, scope) if scope is not None else None
        return None

    def callers(self, module: ModuleFacts, scope: Scope) -> list[tuple[ModuleFacts, Call]]:
        """Calls of a function or class of a module, from anywhere in the project."""
        found = [(module, call) for call in module.flow.callers.get(scope.id, ())]
        for home, call in self.links.namesakes(scope.name):
            if home is not module and isinstance(call.callee, Global):
                target = self.resolve(call.callee.name, home)
                if target is not None and target[0] is module and target[1] is scope:
                    found.append((home, call))
        return sorted(found, key=lambda each: self._order[each[0].filename])

    @cached_property
    def _order(self) -> dict[str, int]:
        return {module.filename: index for index, module in enumerate(self.modules)}

    def calls_around(self, module: ModuleFacts, scope: int) -> Iterator[tuple[ModuleFacts, Call]]:
        """The calls of the innermost function or class around a scope that is called at all."""
        return calls_around(self, module, scope)

    def trainers(self, module: ModuleFacts, scope: int) -> list[tuple[ModuleFacts, Call]]:
        """The calls that lead from code that trains to what is around a scope, the likeliest first."""
        return trainers_of(self, module, scope)

    @cached_property
    def links(self) -> Links:
        """Names followed from one file into another."""
        return Links(self)

    @cached_property
    def flags(self) -> Flags:
        """Which training flag reaches which batch norm."""
        return Flags(self)

    @cached_property
    def forwarding(self) -> Forwarding:
        """Functions that hand a flag on to a batch norm."""
        return Forwarding(self)

    @cached_property
    def keras_models(self) -> KerasModels:
        """Keras models and wrappers."""
        return KerasModels(self)

    def fixed_calls(self, module: ModuleFacts) -> list[FixedCall]:
        """Calls of a module that build functional Keras models with a literal flag."""
        return list(fixed_calls(self, module))

    @cached_property
    def placeholder_tests(self) -> dict[str, list[PlaceholderTest]]:
        """Python conditions on placeholders that decide about a batch norm, by file name."""
        return placeholder_tests(self)

    def batch_only(self, module: ModuleFacts) -> BatchOnlyNorms:
        """Normalisation that keeps nothing for inference."""
        return BatchOnlyNorms(self, module)

    def captured_flags(self, module: ModuleFacts) -> list[CapturedFlag]:
        """Training flags of objects that traced functions read once."""
        return captured_flags(self, module)

    @cached_property
    def tape_calls(self) -> dict[str, list[TapeCall]]:
        """Calls of models in training steps that do not say that they train, by file name."""
        return untold_calls(self)

    def unshared(self, module: ModuleFacts) -> list[UnsharedStatistics]:
        """Statistics that are made once for training and once for inference."""
        return list(unshared_statistics(self, module))

    def wrong_reductions(self, module: ModuleFacts) -> list[WrongReduction]:
        """Batch statistics that are taken over the wrong axes."""
        return list(wrong_reductions(self, module))

    def added_updates(self, module: ModuleFacts) -> list[AddedUpdate]:
        """Updates that Keras layers hand to ``add_update``."""
        return list(added_updates(self, module))

    def early_averages(self, module: ModuleFacts) -> list[EarlyAverage]:
        """Averages of an average object that are asked for before it has any."""
        return list(early_averages(self, module))

    def tensor_averages(self, module: ModuleFacts) -> list[TensorAverage]:
        """Calls that apply an average object to tensors."""
        return list(tensor_averages(self, module))

    def never_updated(self, module: ModuleFacts) -> list[Pair]:
        """Pairs of statistics of a module that inference reads and that nothing updates."""
        return list(never_updated(self, module))

    def weighed(self, module: ModuleFacts, average: Average) -> Average:
        """A moving average of a module with its weights, where the project decides them."""
        return weighed(self, module, average)

    def momenta(self, module: ModuleFacts) -> list[Momentum]:
        """The momenta that layers and average objects of a module are given."""
        return [*layer_momenta(module.flow, module.layers, module.layer_functions), *average_momenta(self, module)]

    def streams(self, module: ModuleFacts) -> Streams:
        """Code of a module that updates the statistics of one layer several times in a step."""
        return Streams(self, module)

    def replicated(self, module: ModuleFacts) -> list[Call]:
        """Default batch norms of a module that is trained on several replicas."""
        return list(replicated(self, module))

    @cached_property
    def saving(self) -> Saving:
        """Which statistics survive saving and loading."""
        return Saving(self)

    @cached_property
    def programs(self) -> Programs:
        """Which files run together."""
        return Programs([*map(File.of, self.modules), *self.aside], self.root, self.imports)

    @cached_property
    def unrun(self) -> tuple[Unrun, ...]:
        """Optimizer steps that leave the updates of batch-norm layers out."""
        return tuple(unrun_updates(self))

    def averages(self, module: ModuleFacts) -> list[AppliedAverage]:
        """Calls that apply an average object to statistics of a batch."""
        return list(applied_averages(self, module))

    @cached_property
    def fates(self) -> Fates:
        """What becomes of ops."""
        return Fates(self)

    def is_read_elsewhere(self, module: ModuleFacts, name: str) -> bool:
        """Whether a file other than a module reads something of this name."""
        others = (file for file in self.programs.files if file.facts is not module)
        return any(file.mentions_name(name) for file in others) or self.far.mention(name)

    @cached_property
    def lost_ops(self) -> tuple[LostOp, ...]:
        """Ops that move averages of a batch and that nothing runs."""
        return tuple(lost_ops(self))

    def is_of_batch_norm(self, module: ModuleFacts, statistic: Statistic) -> bool:
        """Whether a variable of a module belongs to a batch normalisation, as its own file or another one shows."""
        return statistic.is_batch_norm or (module.filename, statistic.call.id) in self._fed_from_elsewhere

    @cached_property
    def _fed_from_elsewhere(self) -> frozenset[tuple[str, int]]:
        return frozenset(fed_from_elsewhere(self))

    def held_up_losses(self, module: ModuleFacts) -> list[HeldUpLoss]:
        """Losses of a module that wait for updates which the train op then does not run."""
        return [held for held in module.held_up_losses if waits_for_updates(self, module, held.control)]

    def dead_dependencies(self, module: ModuleFacts) -> list[ControlBlock]:
        """Blocks that wait for UPDATE_OPS, which nothing fills."""
        return list(dead_dependencies(self, module))

    def early_reads(self, module: ModuleFacts) -> list[EarlyRead]:
        """Readings of UPDATE_OPS before the layers exist."""
        return list(early_reads(self, module))

    @cached_property
    def fits(self) -> bool:
        """Whether some module trains a Keras model by ``fit`` or its like."""
        return any(module.fits for module in self.modules)

    @cached_property
    def has_tape(self) -> bool:
        """Whether some module trains by a loop of its own."""
        return any(module.has_tape for module in self.modules)

    @cached_property
    def may_have_tape(self) -> bool:
        """Whether some file may train by a loop of its own, one that was not parsed included."""
        text = "GradientTape"
        return self.has_tape or any(text in file.text for file in self.aside) or self.far.hold(text)

    def may_be_read(self, key: str) -> bool:
        """Whether a file that was not parsed seems to read a collection."""
        return any(file.may_read(key) for file in self.aside) or next(self.far.reading(key), None) is not None

    @cached_property
    def taking_steps_aside(self) -> frozenset[str]:
        """The files that take optimizer steps, of those that were not parsed and may run with one that was."""
        return frozenset(file.filename for file in self.aside if file.takes_steps)

    def era_of(self, module: ModuleFacts) -> Era:
        """The era of a module: the user's pin, its own evidence, what its project declares, what those near it are."""
        known = self._eras.get(module.filename)
        if known is None:
            known = self._eras[module.filename] = self._era(module)
        return known

    @cached_property
    def _eras(self) -> dict[str, Era]:
        return {}

    def _era(self, module: ModuleFacts) -> Era:
        sources = (
            self.pins,
            module.own_era,
            self.declared.get(module.filename, Era()),
            self.votes.era(module.filename),
        )
        tensorflow = next((era.tensorflow for era in sources if era.tensorflow is not None), None)
        keras = next((era.keras for era in sources if era.keras is not None), None)
        evidence: list[str] = []
        for era in sources:
            decides = era.tensorflow == tensorflow is not None or era.keras == keras is not None
            evidence += era.evidence if decides else ()
        return Era(tensorflow, keras, tuple(dict.fromkeys(evidence)))


def project_facts(
    modules: Sequence[ModuleFacts],
    guesses: Mapping[str, Era],
    declared: Mapping[str, Era],
    pins: Era,
    aside: Sequence[File] = (),
    root: Sequence[str] = (),
    imports: ImportGraph | None = None,
    far: Far | None = None,
) -> ProjectFacts:
    """The project view.

    guesses: by file name, what a file that was not parsed seems to be written for.
    aside, far: see `ProjectFacts`. root: the folder that file names start from, and those around it.
    declared: by file name, what the dependency files around it say; pins: what the user says, which beats all else.
    imports: which file imports which, if that is known already.
    """
    eras = [*guesses.items(), *((module.filename, module.own_era) for module in modules)]
    tensorflow = [(filename, era.tensorflow) for filename, era in eras]
    keras = [(filename, era.keras) for filename, era in eras]
    return ProjectFacts(
        tuple(modules), Votes(tensorflow, keras, root), pins, declared, tuple(aside), tuple(root), imports, far or Far()
    )
