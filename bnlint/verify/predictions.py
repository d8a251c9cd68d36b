"""What a rule may predict about a run of the code. Pure data; :mod:`verdicts` holds it against what was seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from bnlint.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The watched statistics keep their initial value, bit for bit.

    after: "call", the code was called in training mode; "train-op", what a v1 training step
    runs (the returned tensors and the optimizer step) was run; "fit", a Keras model was fitted.
    though_frozen: that a layer is told to keep its statistics is the mistake, not the excuse.
    """

    after: Literal["call", "train-op", "fit"] = "call"
    though_frozen: bool = False


@dataclass(frozen=True, slots=True)
class NewPerCall:
    """Each call creates the watched variables anew, or ``tf.function`` refuses to create them."""


@dataclass(frozen=True, slots=True)
class Raises:
    """Running the finding's line raises one of these exceptions (class names)."""

    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Leaks:
    """The tensor that the finding's line keeps is used outside of the graph that it belongs to, which raises.

    A branch of ``tf.cond`` and a function that is being traced are such graphs.
    """


@dataclass(frozen=True, slots=True)
class WrongLaw:
    """The measured law v <- a*v + b*batch has a < 1/2 ("swapped") or a + b != 1 ("sum")."""

    fault: Literal["swapped", "sum"] = "swapped"


@dataclass(frozen=True, slots=True)
class MixedLaw:
    """The watched statistics follow an average of this statistic of the batch, which is not their own."""

    source: Literal["mean", "variance", "deviation"]


@dataclass(frozen=True, slots=True)
class OneSided:
    """Training moves the watched statistics, but those created on ``resting`` rows keep their value, bit for bit."""

    resting: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class InitialValue:
    """Every element of the watched statistics holds this value when they are created."""

    value: float


@dataclass(frozen=True, slots=True)
class Trainable:
    """The watched statistics are among the trainable variables: of the object, or of the v1 graph's collection."""


@dataclass(frozen=True, slots=True)
class LostOnReload:
    """Trained, saved and loaded into a new object or session, the watched statistics hold their initial values.

    by: "keras", ``save_weights`` and ``load_weights``; "checkpoint", ``tf.train.Checkpoint``; "saver", the
    ``tf.train.Saver`` that the finding's row makes.
    """

    by: Literal["keras", "checkpoint", "saver"]


@dataclass(frozen=True, slots=True)
class NoVariable:
    """After training in the way the code trains, these attributes of the object hold no variable of any kind."""

    attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotInModel:
    """The model that is returned, or that the module builds, owns no variable of the watched layers."""


@dataclass(frozen=True, slots=True)
class SeparateSets:
    """The program, run as it stands, makes several sets of the watched statistics, and training moves only some."""


@dataclass(frozen=True, slots=True)
class IsNone:
    """The call that starts on the finding's row returns None."""


@dataclass(frozen=True, slots=True)
class Stalls:
    """Fed with the same batch again and again, the watched statistics stop before they reach its statistics:

    bit for bit the same from one step to the next, and off by more than 1 %.
    """


@dataclass(frozen=True, slots=True)
class SameInAllChannels:
    """After training on batches whose channels differ, all elements of each watched statistic are the same."""


@dataclass(frozen=True, slots=True)
class InitialShare:
    """After ``steps`` training steps the watched statistics still hold this share of their initial value."""

    steps: int
    share: float


@dataclass(frozen=True, slots=True)
class SeveralUpdates:
    """One training step, its gradients included, assigns to each watched statistic more than once."""


@dataclass(frozen=True, slots=True)
class FirstReplica:
    """Trained on two replicas with different data, the watched statistics are those of the first replica's data."""


@dataclass(frozen=True, slots=True)
class Changed:
    """The watched statistics change where they must not.

    after: "inference", the code was run with its flag off (or, if it has none, as it stands); "predict", a Keras model
    predicted; "fit", a Keras model was fitted although the code means to freeze these statistics.
    """

    after: Literal["inference", "predict", "fit"]


@dataclass(frozen=True, slots=True)
class DependsOnBatch:
    """With the flag off, the output for a sample differs, far beyond rounding, if the rest of its batch does."""


@dataclass(frozen=True, slots=True)
class StaleFlag:
    """The traced function does not follow this attribute of its object.

    Called first with the attribute at one truth, then at the other, with inputs of the same shapes, it updates the
    watched statistics in both states or in neither.
    """

    attribute: str


@dataclass(frozen=True, slots=True)
class OnePhase:
    """Run with the flag on and with the flag off, the code gives the same output for the same batch."""


@dataclass(frozen=True, slots=True)
class NoStatistics:
    """In training mode the code normalises by the batch, and no variable keeps anything of the batch's statistics:

    without an optimizer step, every variable holds its value, bit for bit.
    """


@dataclass(frozen=True, slots=True)
class SkippedStep:
    """With the flag off, a v1 training step runs without an error and leaves the trainable weights as they are.

    Bit for bit; with the flag on, the same step changes them.
    """


@dataclass(frozen=True, slots=True)
class NotReached:
    """In the graph, nothing that the code returns reaches the ops that the block on the finding's row waits for."""


@dataclass(frozen=True, slots=True)
class EmptyCollection:
    """The collection UPDATE_OPS is empty when the graph is built, and the watched statistics move with the train op:

    the ``control_dependencies`` block on the finding's row waits for nothing.
    """


@dataclass(frozen=True, slots=True)
class NormalisesOnly:
    """The network trains through the finding's line, which normalises with the watched statistics and updates none.

    Where another line updates the same statistics they move, and this call still normalises as at inference.
    """


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of these comes true: what happens depends on the kind of variable."""

    predictions: tuple[Prediction, ...]


Prediction = (
    Unchanged
    | NewPerCall
    | Raises
    | Leaks
    | WrongLaw
    | MixedLaw
    | OneSided
    | InitialValue
    | Trainable
    | LostOnReload
    | NoVariable
    | NotInModel
    | SeparateSets
    | IsNone
    | Stalls
    | SameInAllChannels
    | InitialShare
    | SeveralUpdates
    | FirstReplica
    | Changed
    | DependsOnBatch
    | StaleFlag
    | OnePhase
    | NoStatistics
    | SkippedStep
    | EmptyCollection
    | NotReached
    | NormalisesOnly
    | AnyOf
)


def simple(prediction: Prediction) -> Iterator[Prediction]:
    """The predictions inside an AnyOf; any other is its own."""
    if isinstance(prediction, AnyOf):
        for one in prediction.predictions:
            yield from simple(one)
    else:
        yield prediction


def predicted_errors(prediction: Prediction) -> set[str]:
    """The class names of all exceptions it speaks of."""
    return {name for one in simple(prediction) if isinstance(one, Raises) for name in one.errors}


@dataclass(frozen=True, slots=True)
class Caller:
    """A place in the project that calls something. symbol: the function or class around it; None at the top level."""

    filename: str
    row: int
    symbol: str | None = None

    def __str__(self) -> str:
        # A row of a notebook says nothing without its cell.
        return self.filename if self.filename.endswith(".ipynb") else f"{self.filename}:{self.row}"


@dataclass(frozen=True, slots=True)
class Experiment:
    """What must run to test a prediction.

    symbol: dotted name, inside the module, of the function, method or class to drive;
    None drives the module itself, as a program.
    statistics: rows on which the watched variables or layers are created; empty watches all.
    names: of several variables that are watched, such as those of a layer, only those of these names, if any.
    row: the row of the finding, where a predicted exception must come from.
    steps: how many training steps to take.
    callers: where in the project it is called. trainers: code that takes training steps and, maybe through others,
    calls it. made_by: the file of a caller that creates the variables, and the rows there; such rows are negative, to
    tell them from those of the finding's file.
    """

    prediction: Prediction
    symbol: str | None
    statistics: tuple[int, ...]
    row: int
    steps: int = 4
    callers: tuple[Caller, ...] = ()
    names: tuple[str, ...] = ()
    trainers: tuple[Caller, ...] = ()
    made_by: tuple[str, tuple[int, ...]] | None = None
