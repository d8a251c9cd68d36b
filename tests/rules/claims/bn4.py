"""What the lessons of BN4xx say was measured."""

from __future__ import annotations

from tests.rules.claims.checks import (
    AVERAGES,
    CENTRED,
    MOVED_V1,
    TRAINED,
    WEIGHTS,
    Claim,
    both,
    exactly,
    moved,
    near,
    pair,
    same,
    says,
)

CLAIMS = [
    Claim(
        "BN401",
        "the mean of the output at inference is near 5, almost that of the input; with `good.py` it is near 0.",
        {
            "bad.py": near("mean of the test output:", 5),
            "good.py": near("mean of the test output:", 0),
            "bad_k3.py": both(says("weights of the layer: []"), near("tf.Tensor(", 5)),
            "good_k3.py": both(pair("weights of the layer:", 5, 4), near("tf.Tensor(", 0)),
            "same_text_v1.py": both(pair("variables:", 5, 4), CENTRED),
        },
    ),
    Claim(
        "BN401",
        "`ValueError: tf.function only supports singleton tf.Variables created on the first call`",
        {
            "BN401.py": says(
                "tf.function: ValueError",
                "tf.function only supports singleton tf.Variables created on the first call",
                "model: ValueError",
                "add_weight: ValueError",
            )
        },
    ),
    Claim(
        "BN402",
        "the mean of the output at inference is near 5; with `good.py` it is near 0. With `bad_k2.py` the test runs on "
        "a layer whose moving mean is exactly 0.",
        {
            "bad.py": near("mean of the test output:", 5, 2),
            "good.py": near("mean of the test output:", 0),
            "bad_k2.py": both(moved("after training:"), exactly("that the test used:", 0)),
            "good_k2.py": same("after training:", "that the test used:"),
            "same_text_k3.py": moved("moving mean:"),
        },
    ),
    Claim(
        "BN402",
        'Keras 2 silently replaces the layer at every call; Keras 3 raises `ValueError`, "You cannot '
        "add new elements of "
        'state".',
        {
            "BN402.py": says(
                "tf.function only supports singleton tf.Variables created on the first call",
                "Keras 2: none replaced: True",
                "Keras 3: ValueError",
                "You cannot add new elements of state",
            )
        },
    ),
    Claim(
        "BN403",
        "the moving mean of `bad.py` is near 5 before and exactly 0 after; that of `good.py` is the same, bit for bit.",
        {
            "bad.py": both(near("trained:", 5), exactly("restored:", 0)),
            "good.py": same("trained:", "restored:"),
            "same_text_k2.py": same("trained:", "restored:"),
        },
    ),
    Claim(
        "BN404",
        "`bad.py` has moving means of exactly 0 and variances of exactly 1; `good.py` has the trained values, bit for "
        "bit.",
        {
            "bad.py": pair("restored:", 0, 1, exact=True),
            "good.py": both(moved("trained:"), same("trained:", "restored:")),
        },
    ),
    Claim(
        "BN404",
        'Without initialization: `FailedPreconditionError`, "Attempting to use uninitialized value"',
        {"BN404.py": says("FailedPreconditionError", "Attempting to use uninitialized value")},
    ),
    Claim(
        "BN405",
        "the moving mean settles near 2.4 and the variance near 1.9; with `good.py` near 5 and 4.",
        {
            "bad.py": both(near("moving mean:", 2.4, 0.25), near("moving variance:", 1.9, 0.5)),
            "bad_k3.py": exactly("trainable weights of the layer:", 2),
            "good.py": TRAINED,
            "good_k3.py": pair(WEIGHTS, 5, 4),
        },
    ),
    Claim(
        "BN405",
        "at a rate of 0.1 the variance grows beyond all bounds within 30 steps, and both statistics are "
        "NaN from then on",
        {"BN405.py": says("step 30 statistics: [[nan, nan, nan], [nan, nan, nan]]")},
    ),
    Claim(
        "BN406",
        "the models of `bad.py` and `bad_k2.py` have no batch normalization layer and no non-trainable variables at "
        "all; those of the `good` twins have the layer, and after two epochs its statistics have moved.",
        {
            "bad.py": says("moving statistics: []"),
            "bad_k2.py": says("moving statistics: []"),
            "good.py": both(says("'batch_normalization'"), moved("moving statistics:")),
            "good_k2.py": both(says("'batch_normalization'"), moved("moving statistics:")),
        },
    ),
    Claim(
        "BN407",
        "`bad.py` ends with two sets, `batch_normalization`, which has moved, and "
        "`batch_normalization_1`, at exactly 0 "
        "and 1; `good.py` has one set, which has moved.",
        {
            "bad.py": both(
                moved("batch_normalization/moving_mean"),
                exactly("batch_normalization_1/moving_mean", 0),
                exactly("batch_normalization_1/moving_variance", 1),
            ),
            "good.py": both(MOVED_V1, lambda printed: printed.count("moving_mean") == 1),
        },
    ),
    Claim(
        "BN408",
        "TypeError: unsupported operand type(s) for +: 'NoneType' and 'float'",
        {
            "bad.py": says("ValueError: None values not supported."),
            "bad_tf2.py": says("TypeError: unsupported operand type(s) for +: 'NoneType' and 'float'"),
        },
    ),
    Claim(
        "BN408",
        "With the `good` twins the averages are near 5 and 4 after 50 steps",
        {"good.py": both(AVERAGES, CENTRED), "good_tf2.py": both(near("numpy=array(", 5), near("tf.Tensor(", 0))},
    ),
]
