"""``bnlint verify``, and how code that runs is kept apart."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from bnlint.settings import ConfigError, load
from bnlint.verify import sandbox
from tests.cli.conftest import WRONG

Invoke = Callable[..., Result]
ASSIGNED = WRONG.replace(
    "self.mean = self.mean * m + mean * (1 - m)", "self.mean.assign(self.mean * m + mean * (1 - m))"
)
RIGHT = ASSIGNED.replace(
    "self.variance = self.variance * m + variance * (1 - m)",
    "self.variance.assign(self.variance * m + variance * (1 - m))",
)
GRAPH = """\
import tensorflow as tf


def net(x, is_training):
    x = tf.layers.batch_normalization(x, training=is_training, momentum=0.9)
    return tf.layers.dense(x, 4)


def always(x):
    return tf.layers.batch_normalization(x, training=True, momentum=0.9)


def plain(x):
    return tf.nn.relu(x)
"""


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "140")


@pytest.mark.tensorflow
def test_each_statistic_shows_its_law_in_each_mode(
    run: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("wrong.py").write_text(WRONG)
    Path("half.py").write_text(ASSIGNED)
    Path("right.py").write_text(RIGHT)
    wrong, half, right = (run("verify", f"{name}.py::Norm") for name in ("wrong", "half", "right"))
    assert [result.exit_code for result in (wrong, half, right)] == [1, 1, 0]
    assert wrong.stdout.count("keeps its value  keeps its value") == 2
    assert "tf.function: could not be run: at inference: " in wrong.stdout
    assert "self.mean, line 7" in half.stdout
    assert half.stdout.count("v ← 0.9·v + 0.1·batch mean") == 2
    rows = [line.split("  ")[0].strip() for line in right.stdout.splitlines()]
    assert rows[:2] == ["Norm", "statistic"]
    assert "v ← 0.9·v + 0.1·batch variance" in right.stdout
    assert right.stderr.startswith("Running right.py::Norm with ")


@pytest.mark.tensorflow
def test_what_is_left_to_the_caller_is_no_mistake(run: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("graph.py").write_text(GRAPH)
    result = run("verify", "graph.py::net")
    assert result.exit_code == 0
    assert "when UPDATE_OPS is run: v ← 0.9·v + 0.1·batch mean" in result.stdout
    data = json.loads(run("verify", "graph.py", "--output-format", "json").stdout)
    assert [each["symbol"] for each in data["symbols"]] == ["net", "always"]
    (mean, _) = data["symbols"][0]["statistics"]
    assert (mean["name"], mean["row"], mean["right"]) == ("moving_mean of x", 5, True)
    (mode,) = mean["modes"]
    assert (mode["mode"], mode["inference"]["kind"]) == ("graph", "unchanged")
    assert mode["left_to_the_caller"]["collection update_ops"]["text"] == "v ← 0.9·v + 0.1·batch mean"
    assert data["symbols"][0]["ran_with"]["isolation"]


KERAS = """\
import keras


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(4)
        self.norm = keras.layers.BatchNormalization(momentum=0.9)

    def call(self, x, training=None):
        return self.norm(self.dense(x){})
"""


@pytest.mark.tensorflow
@pytest.mark.parametrize(("package", "flag", "right"), [("keras", "", True), ("tf_keras", ", training=False", False)])
def test_a_keras_model_is_called_and_fitted(
    run: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, flag: str, right: bool
) -> None:
    """Each in both phases, and in no graph of TensorFlow 1, for which it was not written."""
    monkeypatch.chdir(tmp_path)
    Path("net.py").write_text(KERAS.format(flag).replace("import keras", f"import {package} as keras"))
    result = run("verify", "net.py::Net", "--output-format", "json")
    assert result.exit_code == (0 if right else 1)
    statistics = json.loads(result.stdout)["symbols"][0]["statistics"]
    assert [each["name"] for each in statistics] == [f"moving_{kind} of self.norm" for kind in ("mean", "variance")]
    for each in statistics:
        assert [mode["mode"] for mode in each["modes"]] == ["eager", "fit"]
        assert {mode["training"]["kind"] for mode in each["modes"]} == {"average" if right else "unchanged"}
        assert {mode["inference"]["kind"] for mode in each["modes"]} == {"unchanged"}


@pytest.mark.tensorflow
def test_what_cannot_be_run_says_why(run: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("broken.py").write_text("import tensorflow as tf\n\n\ndef f(x):\n    raise RuntimeError('no such day')\n")
    result = run("verify", "broken.py::f")
    assert result.exit_code == 2
    assert "could not be run: line 5: RuntimeError: no such day" in result.stdout


@pytest.mark.parametrize(
    ("target", "said"),
    [("nowhere.py", 'there is no file "nowhere.py"'), ("wrong.py::Norn", 'no function or class "Norn"; did you mean')],
)
def test_a_target_that_is_not_there_is_a_usage_error(
    run: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("wrong.py").write_text(WRONG)
    result = run("verify", target)
    assert result.exit_code == 2
    assert said in result.stderr


# How it is kept apart


@pytest.mark.tensorflow
def test_what_runs_is_said_before_it_does(run: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("wrong.py").write_text(WRONG)
    for isolation, said in (("none", "not isolated, as asked"), ("auto", "isolated")):
        result = run("check", "--verify", "--isolation", isolation, "--output-format", "concise", "wrong.py")
        assert result.stderr.startswith("Running the code of 2 findings in wrong.py with ")
        assert f"; {said}" in result.stderr
        assert result.stdout.count("[confirmed]") == 2
    shown = run("demo", "wrong.py", "--isolation", "none")
    assert "not isolated, as asked" in shown.stderr
    assert "Running" not in run("check", "wrong.py").stderr


def test_isolation_is_told_in_words() -> None:
    everything = list(sandbox.ISOLATION)
    assert sandbox.in_words(everything, "auto") == f"isolated: {', '.join(sandbox.IN_SHORT.values())}"
    assert sandbox.in_words(["limits"], "auto").startswith("isolated in part: limits on memory and time; what")
    assert sandbox.in_words([], "auto").startswith("not isolated: this system offers no means")
    assert sandbox.IN_SHORT.keys() == sandbox.ISOLATION.keys()


def test_only_the_user_can_do_without_isolation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    project, own = tmp_path / "bnlint.toml", tmp_path / "own" / "bnlint.toml"
    own.parent.mkdir()
    monkeypatch.setattr("bnlint.settings.user_file", lambda: own)
    project.write_text('[verify]\nisolation = "none"\n')
    with pytest.raises(ConfigError, match=r"verify\.isolation must be"):
        load(["."])
    project.write_text("[verify]\ntimeout = 5\n")
    assert load(["."]).isolation == "auto"
    own.write_text('isolation = "none"\n')
    assert load(["."]).isolation == "none"
    project.write_text('[verify]\nisolation = "strict"\n')
    assert load(["."]).isolation == "strict"
