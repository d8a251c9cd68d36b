"""What other ways to test say of the same programs. Run by accuracy.verdicts with the paths of programs as arguments.

Prints a line of JSON for each class that a program defines: its "path", the "class", "harness" and "attribute", true if
that way raises an alarm, false if not, null if it cannot be used. Each program gets a process of its own.
"""

import inspect
import json
import os
import runpy
import sys
import tempfile

import keras
import numpy as np
import tensorflow as tf
from keras.src import testing

STEPS = 3
CHANNELS = 3
MODULE = "program"


def harness(cls, arguments):
    """Keras's own harness, which layers of Keras are tested with: whether it fails."""
    if not issubclass(cls, keras.layers.Layer) or issubclass(cls, keras.Model):
        return None
    test = testing.TestCase()
    test.setUp()
    keras.saving.register_keras_serializable()(cls)
    cls.get_config = lambda _: arguments
    try:
        test.run_layer_test(
            cls,
            init_kwargs=arguments,
            input_shape=(8, CHANNELS),
            run_mixed_precision_check=False,
            expected_output_shape=None,
        )
    except Exception:
        return True
    return False


def attribute(cls, arguments):
    """Read through its attribute, a variable that is not trained is close to what it was, three steps in a row."""
    if not callable(getattr(cls, "__call__", None)):  # noqa: B004 (of the class, not of its instances)
        return None
    instance = cls(**arguments)
    if isinstance(instance, keras.layers.Layer):
        instance.build((None, CHANNELS))
    names = [name for name, value in vars(instance).items() if _is_statistic(value)]
    if not names:
        return None
    called = instance.call if hasattr(instance, "call") else instance.__call__
    flag = {"training": True} if "training" in inspect.signature(called).parameters else {}
    random = np.random.default_rng(0)
    before, still = _read(instance, names), dict.fromkeys(names, 0)
    for _ in range(STEPS):
        instance(tf.constant(random.normal(3.0, 2.0, (64, CHANNELS)), tf.float32), **flag)
        after = _read(instance, names)
        for name in names:
            still[name] += np.allclose(before[name], after[name], rtol=1e-5, atol=1e-8)
        before = after
    return STEPS in still.values()


def _is_statistic(value):
    return isinstance(value, (tf.Variable, keras.Variable)) and not value.trainable and len(value.shape) == 1


def _read(instance, names):
    return {name: np.array(getattr(instance, name)) for name in names}


def look_at(path):
    """All the classes of a program that could be a layer."""
    program = runpy.run_path(path, run_name=MODULE)
    for cls in program.values():
        if inspect.isclass(cls) and cls.__module__ == MODULE:
            given = inspect.signature(cls.__init__).parameters.values()
            needed = [
                each.name for each in given if each.default is each.empty and each.kind is each.POSITIONAL_OR_KEYWORD
            ]
            arguments = dict.fromkeys(needed[1:], CHANNELS)
            seen = {name: _asked(ask, cls, arguments) for name, ask in (("harness", harness), ("attribute", attribute))}
            yield {"path": path, "class": cls.__name__, **seen}


def _asked(ask, cls, arguments):
    try:
        return ask(cls, arguments)
    except Exception as error:
        print(f"{cls.__name__}: {type(error).__name__}: {error}", file=sys.stderr)
        return None


def main(paths):
    """Look at each program in a fork."""
    for path in paths:
        with tempfile.TemporaryFile("w+", encoding="utf-8") as file:
            child = os.fork()
            if child == 0:
                try:
                    for seen in look_at(path):
                        file.write(json.dumps(seen) + "\n")
                    file.flush()
                finally:
                    os._exit(0)
            os.waitpid(child, 0)
            file.seek(0)
            print(file.read(), end="")


if __name__ == "__main__":
    main(sys.argv[1:])
