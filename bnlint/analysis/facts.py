"""What rules may ask about one module, and about the project around it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from bnlint.analysis import era, prefilter
from bnlint.analysis.code.dataflow import Dataflow
from bnlint.analysis.code.module import lower_module
from bnlint.analysis.code.names import canonical
from bnlint.analysis.code.scopes import Scope, Statement
from bnlint.analysis.code.values import Call, Global, Value
from bnlint.analysis.module_facts.branch_updates import BranchEntry, branch_entries
from bnlint.analysis.module_facts.branches import Branches
from bnlint.analysis.module_facts.collections import Collections
from bnlint.analysis.module_facts.compile_order import LateChange, late_changes
from bnlint.analysis.module_facts.control import ControlBlock, control_blocks
from bnlint.analysis.module_facts.copies import Copies
from bnlint.analysis.module_facts.creation import Creation, Creations, among_weights
from bnlint.analysis.module_facts.debias import starts_anywhere
from bnlint.analysis.module_facts.discarded import DiscardedLayer, discarded_layers
from bnlint.analysis.module_facts.fed_back import FeedBack
from bnlint.analysis.module_facts.fused import FusedCall, dropping_calls
from bnlint.analysis.module_facts.held_up import HeldUpLoss, held_up_losses
from bnlint.analysis.module_facts.layers import (
    KerasClass,
    Layer,
    LayerFunctionCall,
    Layers,
    keras_classes,
    layer_function_calls,
)
from bnlint.analysis.module_facts.learning_phase import PinnedPhase, pinned_phases
from bnlint.analysis.module_facts.lifetime import Lifetimes
from bnlint.analysis.module_facts.pairs import Pairs
from bnlint.analysis.module_facts.phases import Phases
from bnlint.analysis.module_facts.removed import RemovedCall, removed_calls
from bnlint.analysis.module_facts.schedule import SlowAverage, slow_averages
from bnlint.analysis.module_facts.state import PlainState, plain_states
from bnlint.analysis.module_facts.statistics import Statistic, Statistics
from bnlint.analysis.module_facts.train_steps import TrainSteps
from bnlint.analysis.module_facts.updates import Rebinding, Update, Updates
from bnlint.analysis.module_facts.uses import Uses
from bnlint.findings import Era
from bnlint.span import Span

# Methods of a Keras model that train it.
_FITS = frozenset({"fit", "fit_generator", "train_on_batch"})


@dataclass
class ModuleFacts:
    """Everything known about one file. ``module`` is its dotted name inside the project.

    statistics: those that the file makes; inherited: those that its classes get from base classes in other files.
    """

    filename: str
    module: str
    flow: Dataflow
    own_era: Era
    statistics: list[Statistic] = field(default_factory=list)
    inherited: list[Statistic] = field(default_factory=list)
    updates: list[Update] = field(default_factory=list)
    rebindings: list[Rebinding] = field(default_factory=list)
    control_blocks: list[ControlBlock] = field(default_factory=list)
    layers: list[Layer] = field(default_factory=list)
    keras_classes: list[KerasClass] = field(default_factory=list)
    layer_functions: list[LayerFunctionCall] = field(default_factory=list)

    @property
    def package(self) -> str:
        """The dotted name of the package that it belongs to, or is."""
        return self.module if self.filename.endswith("__init__.py") else self.module.rpartition(".")[0]

    @property
    def scopes(self) -> list[Scope]:
        """All scopes, the module's own first."""
        return self.flow.tree.scopes

    @property
    def _reachable(self) -> list[Statistic]:
        return [*self.statistics, *self.inherited]

    @cached_property
    def is_test(self) -> bool:
        """Whether the file holds unit tests, which use the layers in every way on purpose."""
        return prefilter.is_test(self.filename)

    @cached_property
    def phases(self) -> Phases:
        """What tells training from inference."""
        return Phases(self.flow)

    @cached_property
    def branches(self) -> Branches:
        """Updates that the choice of the phase does not keep from running."""
        return Branches(self.flow, self.phases, self.updates, self.control_blocks, self.layer_functions)

    @cached_property
    def late_changes(self) -> list[LateChange]:
        """Changes of ``trainable`` that come too late for the model that is trained."""
        return late_changes(self.flow)

    @cached_property
    def pinned_phases(self) -> list[PinnedPhase]:
        """Calls that pin Keras to inference before the training."""
        return list(pinned_phases(self.flow))

    @cached_property
    def _lifetimes(self) -> Lifetimes:
        return Lifetimes(self.flow, self.keras_classes)

    def is_per_call(self, statistic: Statistic) -> bool:
        """Whether the function that updates a statistic also creates it, anew at every call."""
        return self._lifetimes.statistic_per_call(statistic, self.updates, self.rebindings)

    def is_layer_per_call(self, layer: Layer) -> bool:
        """Whether a layer is made by a function that runs at every step."""
        return self._lifetimes.layer_per_call(layer)

    def runs_eagerly(self, scope: int) -> bool:
        """Whether code of a scope runs every assignment, although the file is written for graphs."""
        return self._lifetimes.runs_eagerly(scope)

    def runs_only_eagerly(self, call: Call) -> bool:
        """Whether a call stands in the branch for eager mode of code that serves both modes."""
        return self._lifetimes.runs_only_eagerly(call)

    def creation(self, statistic: Statistic) -> Creation:
        """What the constructor call of a statistic says."""
        return Creations(self.flow).of(statistic)

    @cached_property
    def among_weights(self) -> list[tuple[Value, int]]:
        """Options that put the statistics of slim layers among the trainable variables, with their scope."""
        return list(among_weights(self.flow))

    @cached_property
    def discarded_layers(self) -> list[DiscardedLayer]:
        """Batch-norm layers that are built, or called, and then dropped."""
        notebook = self.filename.endswith(".ipynb")
        return list(discarded_layers(self.flow, self.uses, self.layers, self.layer_functions, notebook))

    @cached_property
    def copies(self) -> Copies:
        """What is written into copies of statistics, or over the attributes that hold them."""
        return Copies(self.flow, self._reachable, self.layers)

    @cached_property
    def plain_states(self) -> list[PlainState]:
        """Statistics that objects keep as plain values."""
        return list(plain_states(self.flow, self._reachable))

    @cached_property
    def slow_averages(self) -> list[SlowAverage]:
        """Layers with a momentum that is written out, and the steps that the module trains."""
        return list(slow_averages(self.flow, self.layers, self.layer_functions))

    def is_debiased(self, statistic: Statistic) -> bool:
        """Whether the initial value of a statistic does not matter."""
        return starts_anywhere(self.flow, statistic, self.updates)

    def is_fed_back(self, statistic: Statistic, runs_once: bool) -> bool:
        """Whether a function that updates a statistic also normalises by it whenever it does; see `fed_back`."""
        feedback = FeedBack(self.flow, self.phases, self.statistics, self.updates, self.rebindings)
        return feedback.holds(statistic, runs_once)

    @cached_property
    def pairs(self) -> Pairs:
        """Moving means and variances that belong together."""
        return Pairs(self.flow, self._reachable, self.updates, self.rebindings)

    @cached_property
    def uses(self) -> Uses:
        """Where values end up."""
        return Uses(self.flow)

    @cached_property
    def collections(self) -> Collections:
        """Who fills and who reads the collections of a graph."""
        return Collections(self.flow, self.uses, self.layer_functions, self.layers)

    @cached_property
    def train_steps(self) -> TrainSteps:
        """Optimizer steps and what runs them."""
        return TrainSteps(self.flow)

    @cached_property
    def held_up_losses(self) -> list[HeldUpLoss]:
        """Losses that wait for ops which the train op then does not run."""
        return list(held_up_losses(self.flow, self.uses, self.control_blocks, self.train_steps.runs))

    @cached_property
    def branch_entries(self) -> list[BranchEntry]:
        """Entries of UPDATE_OPS that are made inside a branch."""
        return list(branch_entries(self.flow, self.collections, self.train_steps))

    @cached_property
    def dropping_calls(self) -> list[FusedCall]:
        """Calls of ``fused_batch_norm`` whose new statistics are dropped."""
        return list(dropping_calls(self.flow, self.uses, self._reachable, self.updates))

    @cached_property
    def fits(self) -> bool:
        """Whether the module trains a Keras model by ``fit`` or its like."""
        return not _FITS.isdisjoint(self.flow.index.methods)

    @cached_property
    def has_tape(self) -> bool:
        """Whether the module has a training loop of its own."""
        return bool(self.flow.index.named("tf.GradientTape"))

    def removed_calls(self, era: Era) -> list[RemovedCall]:
        """Calls around batch norm that no longer exist in the TensorFlow or Keras of an era."""
        return list(removed_calls(self.flow, self.updates, era))

    def name_in_code(self, name: str) -> str | None:
        """How the module writes a canonical name such as ``tf.identity``; None if it does not import the package."""
        package, _, member = name.partition(".")
        for binding in self.flow.tree.bindings:
            value = binding.value
            if binding.kind == "import" and isinstance(value, Global) and canonical(value.name) == package:
                return f"{binding.path}.{member}"
        return None

    def text(self, span: Span) -> str:
        """The source text of a span."""
        return self.flow.tree.lines.slice(span)

    def line(self, row: int) -> str:
        """The text of a 1-based row, without its line break."""
        return self.flow.tree.lines.line(row)

    def last_statement(self, scope: int) -> Statement | None:
        """The statement that a function's body ends with, None if that is a compound one."""
        own = self.scopes[scope]
        statements = [self.flow.tree.statements[index] for index in own.statements]
        last = max(statements, key=lambda statement: statement.span, default=None)
        return last if last is not None and last.span.end_row >= own.span.end_row - 1 else None

    def symbol(self, scope: int) -> str | None:
        """The dotted name of the innermost function or class around a scope; None at module level."""
        for around in self.flow.enclosing(scope):
            if around.kind in ("function", "class"):
                return around.symbol
        return None


def analyse(text: str, filename: str, module: str = "", package: str = "") -> ModuleFacts:
    """The facts of one module's text.

    Raises what `lower_module` raises.
    """
    return facts_of_flow(Dataflow(lower_module(text, package)), filename, module)


def facts_of_flow(flow: Dataflow, filename: str, module: str, own: frozenset[int] | None = None) -> ModuleFacts:
    """The facts of a lowered module. own: the ids of the calls that stand in it, None if all of them do."""
    facts = ModuleFacts(filename, module, flow, era.detect(flow))
    statistics = Statistics(flow)
    updates = Updates(flow, statistics)
    facts.inherited = [each for each in statistics.all if own is not None and each.call.id not in own]
    facts.statistics = [each for each in statistics.all if each not in facts.inherited]
    facts.updates = list(updates.calls())
    facts.rebindings = list(updates.rebindings())
    facts.control_blocks = list(control_blocks(flow, facts.updates))
    layers = Layers(flow)
    facts.layers = layers.all
    facts.keras_classes = list(keras_classes(flow, layers))
    facts.layer_functions = list(layer_function_calls(flow))
    return facts
