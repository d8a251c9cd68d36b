"""What rules may ask about one module, and about the project around it."""

from __future__ import annotations

from dataclasses import dataclass, field

from bnlint.analysis import era
from bnlint.analysis.dataflow import Dataflow
from bnlint.analysis.module import lower_module
from bnlint.analysis.scopes import Scope
from bnlint.analysis.statistics import Statistic, Statistics
from bnlint.analysis.updates import Rebinding, Update, Updates
from bnlint.findings import Era, Span


@dataclass(slots=True, weakref_slot=True)
class ModuleFacts:
    """Everything known about one file. ``module`` is its dotted name inside the project."""

    filename: str
    module: str
    flow: Dataflow
    own_era: Era
    statistics: list[Statistic] = field(default_factory=list)
    updates: list[Update] = field(default_factory=list)
    rebindings: list[Rebinding] = field(default_factory=list)

    @property
    def scopes(self) -> list[Scope]:
        """All scopes, the module's own first."""
        return self.flow.tree.scopes

    def text(self, span: Span) -> str:
        """The source text of a span."""
        return self.flow.tree.lines.slice(span)

    def symbol(self, scope: int) -> str | None:
        """The dotted name of the innermost function or class around a scope; None at module level."""
        for around in self.flow.enclosing(scope):
            if around.kind in ("function", "class"):
                return around.symbol
        return None


def analyse(text: str, filename: str, module: str = "", package: str = "") -> ModuleFacts:
    """The facts of one module's text.

    Raises libcst.ParserSyntaxError for text that is no Python 3, RecursionError for text nested too deep.
    """
    flow = Dataflow(lower_module(text, package))
    facts = ModuleFacts(filename, module, flow, era.detect(flow))
    statistics = Statistics(flow)
    updates = Updates(flow, statistics)
    facts.statistics = statistics.all
    facts.updates = list(updates.calls())
    facts.rebindings = list(updates.rebindings())
    return facts


