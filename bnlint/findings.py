"""What bnlint says: plain, picklable data that every room of the house may hold.

Rows and columns are 1-based and count code points; an end is exclusive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal

from bnlint.frozen import dataclass
from bnlint.span import Span

if TYPE_CHECKING:
    from bnlint.verify.predictions import Experiment


class Severity(str, Enum):
    """How bad it is if the finding is true."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Confidence(str, Enum):
    """How sure the static analysis is that the finding is true."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Applicability(str, Enum):
    """Safe: the training-mode output cannot change. Display: shown, never applied."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    DISPLAY = "display"


class Outcome(str, Enum):
    """What running the code said about a finding."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    DEFERRED = "deferred"
    UNDECIDED = "undecided"
    NOT_RUN = "not-run"


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that helps to understand a finding, e.g. where the variable is created."""

    message: str
    filename: str
    span: Span
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the text of ``span`` by ``content``; an empty span inserts.

    filename: the file to edit, None for the finding's own. cell: set when positions become those of a notebook's cell.
    """

    span: Span
    content: str
    filename: str | None = None
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that need each other and do not overlap: all of them are made, or none."""

    applicability: Applicability
    message: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Era:
    """The TensorFlow ("1" or "2") and Keras ("2" or "3") the code is written for.

    None means undecided; ``evidence`` says in words what decided.
    """

    tensorflow: str | None = None
    keras: str | None = None
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VariableRef:
    """The variable a finding is about, and where it is created."""

    name: str
    row: int
    column: int
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What running the code showed. ``reason`` is a fixed code; ``detail`` says it in words.

    ``evidence`` is JSON data, made by :mod:`bnlint.verify.verdicts`.
    """

    outcome: Outcome = Outcome.NOT_RUN
    reason: str | None = None
    detail: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why a finding is let pass: a "comment" in the file or an entry of the "baseline", with the reason given there."""

    kind: Literal["comment", "baseline"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One claim about one place: what is wrong, what running it will show, and what to do.

    statement: the code it stands in, on one line and without comments; with ``code``, ``symbol`` and the file it makes
    the ``fingerprint``. proof: what running the fixed code showed, if it was run.
    """

    code: str
    name: str
    severity: Severity
    confidence: Confidence
    message: str
    consequence: str
    remedy: str
    filename: str
    span: Span
    symbol: str | None
    era: Era
    experiment: Experiment
    variable: VariableRef | None = None
    related: tuple[Related, ...] = ()
    fix: Fix | None = None
    cell: int | None = None
    statement: str = ""
    fingerprint: str = ""
    suppression: Suppression | None = None
    verdict: Verdict = Verdict()
    proof: Verdict | None = None

    @property
    def suppressed(self) -> bool:
        """Whether it is let pass: kept in the report, and not counted."""
        return self.suppression is not None

    @property
    def stands(self) -> bool:
        """Whether it counts: not let pass, and not contradicted by running the code."""
        return self.suppression is None and self.verdict.outcome is not Outcome.REFUTED

    @property
    def order(self) -> tuple[str, int, Span, str]:
        """The one order in which findings are reported."""
        return (self.filename, self.cell or 0, self.span, self.code)


@dataclass(frozen=True, slots=True)
class FileError:
    """A file that could not be read, decoded, parsed or written: one message, the rest goes on."""

    filename: str
    message: str
    span: Span | None = None
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that someone should look at, such as an ignore comment that matches nothing. It fails no run."""

    filename: str
    message: str
    span: Span | None = None
    cell: int | None = None


@dataclass(frozen=True, slots=True, order=True)
class BaselineEntry:
    """A finding that was there before. ``path`` starts from the folder of the settings; ``scope`` is the symbol."""

    path: str
    rule: str
    scope: str
    statement: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Analysis:
    """What the rules find in some files, before comments, the baseline and the verifier have their say.

    analysed: the files that were parsed; translated: those of them that had to be read as Python 2.
    around: all files that were parsed, with those of the rest of the project; what their folders declare matters.
    saw_rest: whether the rest of the project was looked at.
    """

    findings: tuple[Finding, ...] = ()
    errors: tuple[FileError, ...] = ()
    analysed: tuple[str, ...] = ()
    translated: tuple[str, ...] = ()
    around: tuple[str, ...] = ()
    saw_rest: bool = False
