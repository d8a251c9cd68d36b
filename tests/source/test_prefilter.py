"""A file that no rule needs is never parsed; one that some rule needs always is."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from bnlint.analysis.prefilter import LAYERS, STATISTICS, Sieve, names_framework
from bnlint.registry import load_rules
from bnlint.sifting import sifted
from bnlint.source import Source

NEEDS = [rule.needs for rule in load_rules()]
WORDS = sorted({word for need in NEEDS for group in need for word in group})
ROOT = Path(__file__).parents[2]


def matters(data: bytes) -> bool:
    """What `Sieve.keeps` is to say, said need by need."""
    return any(all(any(word in data for word in group) for group in need) for need in NEEDS)


@pytest.mark.parametrize("seed", range(200))
def test_any_words(seed: int) -> None:
    chosen = random.Random(seed).sample(WORDS, seed % 4)
    data = b"\n".join([b"import tensorflow as tf", *chosen])
    assert Sieve(NEEDS).keeps(data) == matters(data)
    assert sifted(Source("a.py", None, data), Sieve(NEEDS)).relevant == matters(data)
    alone = b"\n".join(word for word in chosen if not names_framework(word))
    assert not sifted(Source("a.py", None, alone), Sieve(NEEDS)).relevant


def test_each_single_word_and_each_pair() -> None:
    sieve = Sieve(NEEDS)
    both = {True: 0, False: 0}
    for one in WORDS:
        for other in WORDS:
            data = b"import tensorflow as tf\n" + one + b"\n" + other
            assert sieve.keeps(data) == matters(data)
            both[sieve.keeps(data)] += 1
    assert min(both.values()) > 50


def test_every_wrong_program_of_the_lessons_matters() -> None:
    sieve = Sieve(NEEDS)
    assert all(sieve.keeps(path.read_bytes()) for path in ROOT.glob("rules/*/bad*.py"))


def test_who_names_a_layer_names_its_statistics() -> None:
    assert all(any(word in layer for word in STATISTICS) for layer in LAYERS)
