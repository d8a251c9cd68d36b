"""What the lessons of BN5xx say was measured."""

from __future__ import annotations

import math

from tests.rules.claims.checks import (
    TRAINED,
    TRAINED_V1,
    WEIGHTS,
    Claim,
    between,
    both,
    differ,
    exactly,
    near,
    pair,
    same,
    says,
)
from tests.rules.programs import Printed


def _ratio(printed: Printed) -> bool:
    """The moving mean after one step, in units of what a single update gives."""
    seen, single = printed.numbers("moving mean after a step:"), printed.numbers("one update would give:")
    return all(math.isclose(a / b, 1.9, rel_tol=1e-3) for a, b in zip(seen, single, strict=True))


def _by_step(printed: Printed) -> Printed:
    """One label a line for what stands on one line: ``step 2000 moving mean: … variance: …``."""
    lines = [line.partition(" variance:") for line in printed.splitlines()]
    return Printed("".join(f"{mean}\n{mean.split(' moving')[0]} variance:{rest}\n" for mean, _, rest in lines))


CLAIMS = [
    Claim(
        "BN501",
        "the moving mean of `bad.py` lies within 0.05 of the mean of the last batch",
        {
            "bad.py": lambda printed: not differ("last batch:", "moving mean:", 0.05)(printed),
            "same_text_k3.py": pair(WEIGHTS, 5, 4),
        },
    ),
    Claim("BN501", "that of `good.py` is 4.6 to 5.4", {"good.py": between("moving mean:", 4.6, 5.4)}),
    Claim(
        "BN501",
        "whose weights are 0.9 and 1, the moving mean is near 50 instead of 5",
        {"bad_v1.py": near("moving_mean", 50, 5), "good_v1.py": TRAINED_V1},
    ),
    Claim(
        "BN501",
        "moving mean of `bad_k2.py` lies within 0.5 of the mean of the last batch, that of `good_k2.py` is 4.2 to 5.8",
        {
            "bad_k2.py": lambda printed: not differ("last batch:", "moving mean:", 0.5)(printed),
            "good_k2.py": between("moving mean:", 4.2, 5.8),
        },
    ),
    Claim(
        "BN502",
        "the moving variance of `bad.py` ends near 5, that of `bad_k3.py` near 2, those of the `good` twins near 4.",
        {
            "bad.py": near("moving variance:", 5, 0.5),
            "bad_k3.py": pair(WEIGHTS, 5, 2),
            "good.py": near("moving variance:", 4, 0.8),
            "good_k3.py": pair(WEIGHTS, 5, 4),
        },
    ),
    Claim(
        "BN503",
        "`bad.py` ends with a moving mean near 5 and a moving variance of exactly 1; `bad_k3.py` with a moving mean of "
        "exactly 0 and a moving variance near 4; the `good` twins near 5 and 4.",
        {
            "bad.py": both(near("moving mean:", 5), exactly("moving variance:", 1)),
            "bad_k3.py": both(pair(WEIGHTS, 0, 4)),
            "good.py": TRAINED,
            "good_k3.py": pair(WEIGHTS, 5, 4),
        },
    ),
    Claim(
        "BN504",
        "the input 1, 2, 3 becomes 31.6, 63.2, 94.9 with `bad.py` and `bad_k3.py`, and 1.0, 2.0, 3.0 with the `good` "
        "twins. After training all of them have a moving variance near 4",
        {
            "bad.py": both(says("[[31.622774 63.24555  94.868324]]"), near("after training:", 4)),
            "bad_k3.py": both(says("[[31.622774 63.24555  94.868324]]"), pair(WEIGHTS, 5, 4)),
            "good.py": both(says("[[0.9995004 1.9990008 2.9985013]]"), near("after training:", 4)),
            "good_k3.py": both(says("[[0.9995004 1.9990008 2.9985013]]"), pair(WEIGHTS, 5, 4)),
        },
    ),
    Claim(
        "BN505",
        "the moving mean of `bad.py` is 4.00 to 4.02 after 2000 steps and 4.00 to 4.05 after 8000; that of `good.py` "
        "is 4.30 to 4.35 and 4.97 to 5.03. The moving variance, whose goal is 3.94, is 3.2 to 3.7 after 8000 steps "
        "with `bad.py` and 3.85 to 4.03 with `good.py`.",
        {
            "bad.py": lambda printed: both(
                between("2000 moving mean:", 4.0, 4.02),
                between("8000 moving mean:", 4.0, 4.05),
                between("8000 variance:", 3.2, 3.7),
            )(_by_step(printed)),
            "good.py": lambda printed: both(
                between("2000 moving mean:", 4.30, 4.35),
                between("8000 moving mean:", 4.97, 5.03),
                between("8000 variance:", 3.85, 4.03),
            )(_by_step(printed)),
        },
    ),
    Claim(
        "BN506",
        "Its moving mean is near 5 for all three, and its moving variance near 20.5; with `good.py` "
        "they are near 0, 5, "
        "10 and near 4.",
        {
            "bad.py": both(
                near("moving mean:", 5, 0.4),
                near("moving variance:", 20.5, 1.5),
                lambda printed: len(set(printed.numbers("moving mean:"))) == 1,
            ),
            "good.py": both(
                lambda printed: all(
                    abs(a - b) < 0.4 for a, b in zip(printed.numbers("moving mean:"), (0, 5, 10), strict=True)
                ),
                near("moving variance:", 4),
            ),
            "good_k3.py": pair(WEIGHTS, 5, 4),
        },
    ),
    Claim(
        "BN506",
        "Dimensions must be equal, but are 3 and 32",
        {"bad_k3.py": says("Dimensions must be equal, but are 3 and 32")},
    ),
    Claim(
        "BN507",
        "`bad.py`, with 0.999, ends with a moving mean of 0.48 and a moving variance of 1.28; "
        "`good.py`, with 0.9, near "
        "5 and 4.",
        {"bad.py": both(near("moving_mean", 0.476, 0.015), near("moving_variance", 1.28, 0.03)), "good.py": TRAINED_V1},
    ),
    Claim(
        "BN508",
        "`bad.py` ends with a moving mean near -0.26, off 0 on the side of the last call, and a moving "
        "variance near 4. "
        "`good.py`, which normalizes both streams together, ends near 0 and 29",
        {
            "bad.py": both(near("moving mean:", -0.26, 0.2), near("moving variance:", 4)),
            "good.py": both(near("moving mean:", 0), near("moving variance:", 29, 1.5)),
        },
    ),
    Claim(
        "BN509",
        "the moving mean of `bad.py` is 1.9 times that of a single update, since 1 - 0.9² = 0.19 instead of 0.1; that "
        "of `good.py` is exactly that of one update.",
        {"bad.py": _ratio, "good.py": same("moving mean after a step:", "one update would give:")},
    ),
    Claim(
        "BN510",
        "the moving mean of `bad.py` is near 5, that of `good.py` near 55, the mean of all data. With the text of "
        "`bad.py` in Keras 2 it is near 55 too.",
        {
            "bad.py": near("moving mean:", 5),
            "good.py": near("moving mean:", 55, 2),
            "same_text_k2.py": near("moving mean:", 55, 2),
        },
    ),
]
