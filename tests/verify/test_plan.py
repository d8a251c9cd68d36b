"""What a plan reads in the source. No TensorFlow."""

from __future__ import annotations

import ast
import textwrap

import pytest

from bnlint.findings import Era
from bnlint.verify.plan import Plan, Trial
from bnlint.verify.predictions import AnyOf, Experiment, NewPerCall, Prediction, Raises, Unchanged, WrongLaw
from bnlint.verify.slicing import slice_for

SOURCE = textwrap.dedent(
    """
    from __future__ import annotations
    import tensorflow as tf
    import unrelated

    DECAY = 0.9
    tf.config.set_soft_device_placement(True)

    def helper(x):
        return x * DECAY

    @tf.function
    def normalize(x):
        return tf.nn.moments(
            helper(x), axes=[0, 1, 2]
        )

    for step in range(10 ** 9):
        normalize(unrelated.data())
    """
).lstrip()
TF2 = Era("2")


def first(experiment: Experiment, source: str = SOURCE, era: Era = TF2) -> Trial:
    return Plan(experiment, source, "program.py", era).first()


def test_a_slice_keeps_what_the_symbol_uses_at_its_rows() -> None:
    part = slice_for(SOURCE, ast.parse(SOURCE), "normalize")
    assert part is not None
    lines, whole = part.splitlines(), SOURCE.splitlines()
    assert len(lines) == len(whole)
    kept = [row for row, line in enumerate(lines, start=1) if line.strip()]
    assert kept == [1, 2, 5, 6, 8, 9, 11, 12, 13, 14, 15]
    assert all(lines[row - 1] == whole[row - 1] for row in kept)
    ast.parse(part)


def test_a_slice_of_a_name_that_is_not_there_is_none() -> None:
    assert slice_for(SOURCE, ast.parse(SOURCE), "missing") is None


@pytest.mark.parametrize(
    ("prediction", "era", "modes"),
    [
        (Unchanged("call"), Era("2"), ["eager", "function"]),
        (Unchanged("call"), Era(None), ["eager", "function"]),
        (Unchanged("call"), Era("1"), ["graph"]),
        (Unchanged("train-op"), Era(None), ["graph"]),
        (Unchanged("fit"), Era("2", "3"), ["fit"]),
        (NewPerCall(), Era("2"), ["eager", "function"]),
        (Raises(("AttributeError",)), Era("2"), ["eager"]),
        (WrongLaw(), Era("2"), ["eager"]),
        (AnyOf((Unchanged("call"), Raises(("RuntimeError",)))), Era("2"), ["eager", "function"]),
    ],
)
def test_the_modes_follow_from_the_prediction_and_the_era(prediction: Prediction, era: Era, modes: list[str]) -> None:
    assert first(Experiment(prediction, "normalize", (), 13), era=era).request["modes"] == modes


def test_a_module_is_run_as_a_program() -> None:
    assert first(Experiment(Unchanged(), None, (), 13)).request["modes"] == ["program"]


def test_the_row_of_a_finding_is_that_of_its_whole_statement() -> None:
    assert first(Experiment(Unchanged(), "normalize", (), 14)).request["row"] == [13, 15]
    assert first(Experiment(Unchanged(), "normalize", (), 12)).request["row"] == [11, 12]


@pytest.mark.parametrize(
    ("axes", "rank"), [("[0]", 2), ("[0, 1, 2]", 4), ("(0, 1)", 3), ("[0, 2, 3]", 4), ("-1", None), ("axes", None)]
)
def test_literal_axes_imply_the_rank(axes: str, rank: int | None) -> None:
    source = f"def f(x):\n    return tf.reduce_mean(x, axis={axes})\n"
    assert first(Experiment(Unchanged(), "f", (), 2), source).request["rank"] == rank


def test_a_parameter_that_the_finding_assigns_to_holds_the_statistic() -> None:
    source = "def f(x, average, m):\n    average = average * m + x\n"
    assert first(Experiment(Unchanged(), "f", (1,), 2), source).request["roles"] == {"average": "statistic"}


def test_what_the_code_does_with_a_parameter_says_what_it_is() -> None:
    source = """
    def step(net, opt, act, x):
        loss = act(net(x, training=True))
        opt.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables))
    """
    request = first(Experiment(Unchanged(), "step", (), 3), textwrap.dedent(source)).request
    assert request["roles"] == {"net": "model", "opt": "optimizer", "act": "function"}


def test_keras_2_is_asked_for_by_the_era_the_import_or_graph_code() -> None:
    def legacy(source: str, era: Era) -> bool:
        return first(Experiment(Unchanged(), "f", (), 1), source, era).legacy_keras

    assert legacy("def f(x): ...\n", Era("2", "2"))
    assert legacy("import tf_keras\ndef f(x): ...\n", Era("2"))
    assert legacy("def f(x): tf.layers.dense(x, 1)\n", Era("1"))
    assert not legacy("def f(x): tf.get_variable('v', [1])\n", Era("1"))
    assert not legacy("def f(x): tf.keras.layers.Dense(1)(x)\n", Era("2"))


def test_what_python_3_cannot_parse_is_still_a_plan() -> None:
    request = first(Experiment(Unchanged(), "f", (), 1), "def f(x):\n    print x\n").request
    assert [rung["name"] for rung in request["rungs"]] == ["module", "program"]


@pytest.mark.parametrize(("value", "modes"), [("data.mean(axis=0)", ["eager"]), ("data", ["eager", "function"])])
def test_what_wants_numpy_arrays_is_not_traced(value: str, modes: list[str]) -> None:
    source = f"def calibrate(norm, data):\n    norm.moving_mean = {value}\n"
    trial = first(Experiment(Unchanged(), "calibrate", (), 2), source)
    assert trial.request["modes"] == modes


def test_an_object_that_keeps_a_mean_is_no_array() -> None:
    source = "class Norm:\n    def __call__(self, x):\n        return x - self.mean\n"
    trial = first(Experiment(Unchanged(), "Norm.__call__", (), 3), source)
    assert trial.request["modes"] == ["eager", "function"]
