"""What the lessons of BN6xx say was measured."""

from __future__ import annotations

from tests.rules.claims.checks import (
    AVERAGES,
    CENTRED,
    TRAINED,
    TRAINED_V1,
    WEIGHTS,
    Claim,
    both,
    exactly,
    moved,
    pair,
    says,
)

CLAIMS = [
    Claim(
        "BN601",
        "AttributeError: module 'tensorflow' has no attribute 'assign'.",
        {
            "bad.py": says("AttributeError: module 'tensorflow' has no attribute 'assign'"),
            "good.py": TRAINED,
            "same_text_v1.py": both(TRAINED_V1, CENTRED),
        },
    ),
    Claim(
        "BN601",
        "AttributeError: `BatchNormalization` is not available with Keras 3.",
        {
            "bad_k3.py": says("AttributeError: `BatchNormalization` is not available with Keras 3."),
            "good_k3.py": both(moved("moving mean:"), moved("moving variance:")),
            "same_text_k2.py": both(moved("moving mean:"), moved("moving variance:")),
        },
    ),
    Claim(
        "BN602",
        "TypeError: tf.train.ExponentialMovingAverage does not support non-Variable tensors when eager execution is "
        "enabled.",
        {
            "bad.py": says(
                "TypeError: tf.train.ExponentialMovingAverage does not support non-Variable tensors when eager "
                "execution is enabled."
            ),
            "good.py": TRAINED,
            "same_text_v1.py": AVERAGES,
        },
    ),
    Claim(
        "BN603",
        "AttributeError: 'BatchNorm' object has no attribute 'add_update'",
        {"bad.py": says("AttributeError", "'BatchNorm' object has no attribute 'add_update'")},
    ),
    Claim(
        "BN603",
        "the moving mean is exactly 0 and the moving variance exactly 1. The `good` twins end near 5 and 4.",
        {
            "bad_k2.py": pair(WEIGHTS, 0, 1, exact=True),
            "good.py": pair(WEIGHTS, 5, 4),
            "good_k2.py": pair(WEIGHTS, 5, 4),
            "same_text_k2.py": pair(WEIGHTS, 5, 4),
        },
    ),
    Claim(
        "BN604",
        "`UPDATE_OPS` is empty in both, and both end near 5 and 4.",
        {
            name: both(exactly("in the collection:", 0), pair("variables:", 5, 4, part=slice(3, None)))
            for name in ("bad.py", "good.py")
        },
    ),
]
