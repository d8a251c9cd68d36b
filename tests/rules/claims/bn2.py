"""What the lessons of BN2xx say was measured."""

from __future__ import annotations

import math

from tests.rules.claims.checks import (
    AVERAGES,
    CENTRED,
    INITIAL,
    INITIAL_V1,
    MOVED_V1,
    TRAINED,
    TRAINED_V1,
    UNTOUCHED,
    Claim,
    between,
    both,
    exactly,
    near,
    pair,
    says,
)

CLAIMS = [
    Claim(
        "BN201",
        "`bad.py` ends with the initial values and turns the test input 5 into 4.9975; `good.py` ends near 5 and 4 and "
        "turns it into a value near 0.",
        {"bad.py": both(INITIAL_V1, UNTOUCHED), "good.py": both(TRAINED_V1, CENTRED), "same_text_tf2.py": TRAINED},
    ),
    Claim(
        "BN202",
        "`bad.py` ends at 0 and 1; `good.py`, which differs by one call, ends near 5 and 4.",
        {"bad.py": INITIAL_V1, "good.py": TRAINED_V1, "same_text_tf2.py": TRAINED},
    ),
    *(
        Claim(
            code,
            "with `bad.py` all four moving means are exactly 0 and the variances 1; with `good.py`",
            {"bad.py": INITIAL_V1, "good.py": MOVED_V1},
        )
        for code in ("BN203", "BN204", "BN205", "BN209")
    ),
    Claim("BN204", "a loop without any collection is right: `same_text_k3.py` shows it", {"same_text_k3.py": MOVED_V1}),
    Claim(
        "BN205",
        "with the last list the moving mean is 105, with the first 5, with both lists together 52 to 58",
        {
            "BN205_towers.py": both(
                near("last list:", 105, 1), near("first list:", 5, 1), between("both lists:", 52, 58)
            )
        },
    ),
    Claim(
        "BN206",
        "`bad.py` finds 0 update operations in the collection and ends with the initial statistics; `good.py` finds 2 "
        "and ends near 5 and 4. For the test input 5, the mean of the data, `bad.py` gives 3.58 and `good.py` a value "
        "near 0.",
        {
            "bad.py": both(exactly("in the collection:", 0), INITIAL_V1, near("test output:", 3.58, 0.005)),
            "good.py": both(exactly("in the collection:", 2), TRAINED_V1, CENTRED),
        },
    ),
    Claim(
        "BN207",
        "with `bad.py` both averages are exactly 0 and the test input 5, the mean of the data, becomes 158.1, which is "
        "5 / sqrt(0.001); with `good.py` the averages are near 5 and 4, and it becomes a value near 0",
        {
            "bad.py": both(
                exactly("Squeeze/ExponentialMovingAverage", 0),
                exactly("Squeeze_1/ExponentialMovingAverage", 0),
                near("test output:", 5 / math.sqrt(0.001), 0.05),
            ),
            "good.py": both(AVERAGES, CENTRED),
            "same_text_tf2.py": TRAINED,
        },
    ),
    Claim(
        "BN208",
        "`bad.py` ends with the initial statistics and turns the test input 5, the mean of the data, into 3.58; "
        "`good.py` ends near 5 and 4 and turns it into a value near 0.",
        {"bad.py": both(INITIAL, near("test output:", 3.58, 0.005)), "good.py": both(TRAINED, CENTRED)},
    ),
    Claim(
        "BN209",
        "added nothing to `UPDATE_OPS`, had no attribute `updates`, and its statistics did not move",
        {
            "BN209_k3.py": both(
                exactly("update ops:", 0), says("has updates: False"), pair("statistics:", 0, 1, exact=True)
            )
        },
    ),
    Claim(
        "BN210",
        "With the flag True both change the scale by -0.28. With the flag False, `bad.py` changes it by exactly 0 and "
        "`good.py` by about -0.2.",
        {
            "bad.py": both(near("True change of the scale:", -0.28, 0.01), exactly("False change of the scale:", 0)),
            "good.py": near("False change of the scale:", -0.2, 0.05),
        },
    ),
    Claim(
        "BN211",
        "`bad.py` ends with the initial statistics, and its test output has a mean near 5, like the input; `good.py` "
        "ends near 5 and 4, and its test output has a mean near 0.",
        {
            "bad.py": both(INITIAL, near("mean of the test output:", 5)),
            "good.py": both(TRAINED, near("mean of the test output:", 0)),
        },
    ),
]
