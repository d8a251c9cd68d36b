"""Can a file matter at all? Decided from its bytes, before anything is parsed.

Plain substring tests: on a large tree they cost a hundredth of a parse, and a regular expression ten
times as much. A file that no rule needs is parsed only if it has a say in what becomes of one that some rule does.
"""

from __future__ import annotations

from collections.abc import Sequence

# A file that names none of these holds no TensorFlow or Keras code.
FRAMEWORKS = (b"tensorflow", b"keras", b"tf_slim", b"import tf")

# Words that rules put into their needs. Code that touches the statistics of a batch names one of STATISTICS; a layer
# does too, as each of LAYERS holds one of them.
STATISTICS = (
    b"moments", b"atch_norm", b"atchNorm", b"moving_", b"running_", b"pop_", b"ema_", b"_ema", b"MovingAverage",
    b"rsqrt", b".var(", b"_variance", b"variance(", b"variance)", b"variance,", b"variance =",
)  # fmt: skip
CONSTRUCTORS = (b"Variable", b"get_variable", b"add_weight", b"add_variable", b"variable(")
# A normalisation that is written by hand; one whose variables have names of its own takes a mean.
HAND_MADE = (CONSTRUCTORS, (*STATISTICS, b"mean("))
ASSIGNS = (b"assign", b"moving_average")
LAYERS = (b"BatchNorm", b"batch_norm")
COLLECTION = (b"UPDATE_OPS", b"'update_ops'", b'"update_ops"')
_NORMS = (*LAYERS, b"moments", b"moving_mean", b"moving_var", b"running_mean", b"running_var", b"pop_mean")
# Code that trains, or is a Keras model, has a say in what becomes of the layers that run with it.
_TRAINING = (
    b"minimize", b"apply_gradients", b"create_train_op", b"GradientTape",
    b".Model)", b"(Model)", b".Model,", b"(Model,",
)  # fmt: skip

Needs = tuple[tuple[bytes, ...], ...]


def names_framework(data: bytes) -> bool:
    """Whether a file may hold TensorFlow or Keras code."""
    return any(word in data for word in FRAMEWORKS)


def normalises(data: bytes) -> bool:
    """Whether a file of TensorFlow code may hold a batch norm, a layer or one made by hand."""
    return any(word in data for word in _NORMS)


def trains(data: bytes) -> bool:
    """Whether a file of TensorFlow code may train what others make, or be the model that does."""
    return any(word in data for word in _TRAINING)


def is_test(filename: str) -> bool:
    """Whether a file holds unit tests, as its name says."""
    folders, _, name = filename.rpartition("/")
    stem = name.partition(".")[0]
    in_folder = any(folder in ("test", "tests", "testing") for folder in folders.split("/"))
    return in_folder or stem.startswith("test_") or stem.endswith(("_test", "_tests"))


class Sieve:
    """Whether a file may hold anything that a rule with one of some needs could find."""

    def __init__(self, needs: Sequence[Needs]) -> None:
        needs = [tuple(map(_shortest, need)) for need in needs]
        # Most rules are content with one of a few words, and many others ask for one of the same words and for more.
        self._enough = _shortest([word for need in needs if len(need) == 1 for word in need[0]])
        # Of a file without any of these, other words have to decide; where there are none, the need is not met.
        left = [[tuple(w for w in group if not self._settles(w)) for group in need] for need in needs]
        others = [tuple(sorted(need, key=len)) for need in left]
        asked = dict.fromkeys(need for need in others if all(need))
        self._others = tuple(need for need in asked if not any(set(other) < set(need) for other in asked))

    def _settles(self, word: bytes) -> bool:
        return any(each in word for each in self._enough)

    def keeps(self, data: bytes) -> bool:
        """Whether a file of TensorFlow code with these bytes matters."""
        for word in self._enough:
            if word in data:
                return True
        return any(all(any(word in data for word in group) for group in need) for need in self._others)


def _shortest(words: Sequence[bytes]) -> tuple[bytes, ...]:
    """The words that are no longer forms of others: a file that holds ``BatchNorm`` holds ``atchNorm``."""
    return tuple(word for word in dict.fromkeys(words) if not any(o != word and o in word for o in words))
