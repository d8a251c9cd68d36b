"""The update laws, fitted to values whose law is known. No TensorFlow, no NumPy."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from bnlint.verify.worker.laws import Law, fit, fit_constant

STEPS, CHANNELS = 5, 3


def batches(seed: int, spread: float = 1.0) -> list[list[float]]:
    source = random.Random(seed)
    return [[3 + channel + spread * source.random() for channel in range(CHANNELS)] for _ in range(STEPS)]


def follow(step: Callable[[float, float], float], source: list[list[float]], start: float = 0.0) -> list[list[float]]:
    values = [[start] * CHANNELS]
    for batch in source:
        values.append([step(old, new) for old, new in zip(values[-1], batch, strict=True)])
    return values


@pytest.mark.parametrize("momentum", [0.01, 0.1, 0.5, 0.9, 0.99, 0.999])
def test_the_weights_of_an_average_are_found(momentum: float) -> None:
    mean = batches(1)
    law = fit(follow(lambda v, s: momentum * v + (1 - momentum) * s, mean), {"batch mean": mean, "noise": batches(2)})
    assert law.kind == "average"
    assert law.source == "batch mean"
    assert law.old == pytest.approx(momentum, abs=1e-6)
    assert law.new == pytest.approx(1 - momentum, abs=1e-6)


def test_the_words_of_a_swapped_momentum() -> None:
    mean = batches(1)
    assert (
        fit(follow(lambda v, s: 0.01 * v + 0.99 * s, mean), {"batch mean": mean}).text == "v ← 0.01·v + 0.99·batch mean"
    )


def test_weights_that_do_not_sum_to_one_are_reported_as_they_are() -> None:
    mean = batches(3)
    law = fit(follow(lambda v, s: 0.9 * v + s, mean), {"batch mean": mean})
    assert (law.old, law.new) == (pytest.approx(0.9), pytest.approx(1.0))


def test_of_two_proportional_sources_the_one_whose_weights_sum_to_one_wins() -> None:
    biased = batches(4)
    unbiased = [[number * 8 / 7 for number in batch] for batch in biased]
    sources = {"batch variance": biased, "batch variance (unbiased)": unbiased}
    assert fit(follow(lambda v, s: 0.9 * v + 0.1 * s, unbiased), sources).source == "batch variance (unbiased)"
    assert fit(follow(lambda v, s: 0.9 * v + 0.1 * s, biased), sources).source == "batch variance"


def test_the_first_of_equal_sources_wins_when_no_weights_sum_to_one() -> None:
    mean = batches(5)
    double = [[2 * number for number in batch] for batch in mean]
    assert fit(follow(lambda v, s: 0.9 * v + s, mean), {"batch mean": mean, "double": double}).source == "batch mean"


def test_zero_debiasing_is_known() -> None:
    mean, decay = batches(6), 0.9
    hidden, values = [0.0] * CHANNELS, [[0.0] * CHANNELS]
    for step, batch in enumerate(mean, start=1):
        hidden = [decay * h + (1 - decay) * s for h, s in zip(hidden, batch, strict=True)]
        values.append([h / (1 - decay**step) for h in hidden])
    law = fit(values, {"batch mean": mean})
    assert law.kind == "zero-debiased"
    assert law.old == pytest.approx(decay)
    assert "zero-debiased average of the batch mean, decay 0.9" in law.text


def test_values_that_stay_are_unchanged_whatever_went_in() -> None:
    assert fit([[1.0] * CHANNELS] * 4, {"batch mean": batches(7)[:3]}) == Law("unchanged")


def test_values_that_follow_something_else_are_not_explained() -> None:
    assert fit(follow(lambda v, s: 0.9 * v + 0.1 * s, batches(8)), {"batch mean": batches(9)}).kind == "unexplained"


def test_no_source_and_no_number_explain_nothing() -> None:
    assert fit([[0.0], [1.0], [2.0]], {}).kind == "unexplained"
    assert fit([[0.0], [float("nan")], [2.0]], {"batch mean": [[1.0], [1.0]]}).kind == "unexplained"


def test_the_old_weight_shows_on_a_repeated_batch_without_any_source() -> None:
    constant = [[4.0, 5.0, 6.0]] * 4
    law = fit_constant(follow(lambda v, s: 0.25 * v + 0.75 * s, constant))
    assert (law.kind, law.new) == ("constant-batch", None)
    assert law.old == pytest.approx(0.25)
    assert fit_constant([[0.0], [1.0], [7.0], [2.0]]).kind == "unexplained"


def test_float32_rounding_is_no_obstacle() -> None:
    mean = batches(10)
    values = follow(lambda v, s: float("%.7g" % (0.99 * v + 0.01 * s)), mean)
    assert fit(values, {"batch mean": mean}).text == "v ← 0.99·v + 0.01·batch mean"
