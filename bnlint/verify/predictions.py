"""What a rule may predict about a run of the code. Pure data; :mod:`verdicts` holds it against what was seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The watched statistics keep their initial value, bit for bit.

    after: "call", the code was called in training mode; "train-op", what a v1 training step
    runs (the returned tensors and the optimizer step) was run; "fit", a Keras model was fitted.
    """

    after: Literal["call", "train-op", "fit"] = "call"


@dataclass(frozen=True, slots=True)
class NewPerCall:
    """Each call creates the watched variables anew, or ``tf.function`` refuses to create them."""


@dataclass(frozen=True, slots=True)
class Raises:
    """Running the finding's line raises one of these exceptions (class names)."""

    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WrongLaw:
    """The measured law v <- a*v + b*batch has a < 1/2 ("swapped") or a + b != 1 ("sum")."""

    fault: Literal["swapped", "sum"] = "swapped"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of these comes true: what happens depends on the kind of variable."""

    predictions: tuple[Prediction, ...]


Prediction = Unchanged | NewPerCall | Raises | WrongLaw | AnyOf


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
class Experiment:
    """What must run to test a prediction.

    symbol: dotted name, inside the module, of the function, method or class to drive;
    None drives the module itself, as a program.
    statistics: rows on which the watched variables or layers are created; empty watches all.
    row: the row of the finding, where a predicted exception must come from.
    """

    prediction: Prediction
    symbol: str | None
    statistics: tuple[int, ...]
    row: int
