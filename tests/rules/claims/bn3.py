"""What the lessons of BN3xx say was measured."""

from __future__ import annotations

from tests.rules.claims.checks import (
    CENTRED,
    INITIAL,
    INITIAL_V1,
    MOVED_V1,
    TRAINED,
    UNTOUCHED,
    Claim,
    both,
    differ,
    exactly,
    moved,
    near,
    pair,
    same,
    says,
)

CLAIMS = [
    Claim(
        "BN301",
        "with `bad.py`, `bad_k2.py` and `bad_k3.py` every moving mean is exactly 0 and every moving variance 1; with "
        "the `good` twins all have moved.",
        {
            "bad.py": INITIAL_V1,
            "bad_k2.py": INITIAL,
            "bad_k3.py": INITIAL_V1,
            "good.py": MOVED_V1,
            "good_k2.py": both(moved("moving mean:"), moved("moving variance:")),
            "good_k3.py": MOVED_V1,
            "same_text_k3.py": both(moved("moving mean:"), moved("moving variance:")),
        },
    ),
    Claim(
        "BN302",
        "the moving mean is 0 and the moving variance 1 in all 8 channels. With `good.py`, which differs by one "
        "parameter, both have moved in every channel.",
        {
            "bad.py": both(INITIAL, lambda printed: len(printed.numbers("moving mean:")) == 8),
            "good.py": both(moved("moving mean:"), moved("moving variance:")),
            "same_text_k2.py": both(moved("moving mean:"), moved("moving variance:")),
        },
    ),
    Claim(
        "BN302",
        "all means are 0 and all variances 1; with the `good` twins, which differ in that name alone, all have moved.",
        {
            "bad_misnamed.py": INITIAL,
            "bad_misnamed_k2.py": INITIAL,
            "good_misnamed.py": both(moved("moving mean:"), moved("moving variance:")),
            "good_misnamed_k2.py": both(moved("moving mean:"), moved("moving variance:")),
        },
    ),
    Claim(
        "BN303",
        "the moving mean of `bad.py` and `bad_tf2.py` is above 99; that of the `good` twins is what it was after "
        "training, bit for bit.",
        {
            "bad.py": says("after the test: [99."),
            "bad_tf2.py": says("after the test: [99."),
            "good.py": same("after training:", "after the test:"),
            "good_tf2.py": same("after training:", "after the test:"),
        },
    ),
    Claim(
        "BN304",
        "`good.py` and `good_v1.py` predict the same twice. With `bad_k2.py` the call of `predict` moves the moving "
        "mean, with `good_k2.py` it does not.",
        {
            "bad.py": differ("first sample, alone:", "first sample, in its batch:", by=1e-4),
            "bad_v1.py": differ("first sample, alone:", "first sample, in its batch:", by=1e-4),
            "good.py": same("first sample, alone:", "first sample, in its batch:"),
            "good_v1.py": same("first sample, alone:", "first sample, in its batch:"),
            "bad_k2.py": differ("after training:", "after predict:"),
            "good_k2.py": same("after training:", "after predict:"),
        },
    ),
    Claim(
        "BN305",
        'with `bad.py` the moving means of the "frozen" layer have all moved, with `good.py` they are exactly 0. Keras '
        "2, `training=True`: with `bad_k2.py` a call of `predict` on data with mean 105 moves them, with `good_k2.py` "
        "it does not.",
        {
            "bad.py": moved("frozen layer:"),
            "good.py": exactly("frozen layer:", 0),
            "same_text_k2.py": exactly("frozen layer:", 0),
            "bad_k2.py": differ("after fit:", "after predict:"),
            "good_k2.py": same("after fit:", "after predict:"),
            "same_text_k3.py": same("after fit:", "after predict:"),
        },
    ),
    Claim("BN306", "`bad.py` ends at 0 and 1, `good.py` near 5 and 4.", {"bad.py": INITIAL, "good.py": TRAINED}),
    Claim(
        "BN307",
        "with `bad.py` every moving mean is exactly 0 and every variance 1; with `good.py` all have moved.",
        {
            "bad.py": INITIAL,
            "good.py": both(moved("moving mean:"), moved("moving variance:")),
            "same_text_k2.py": both(moved("moving mean:"), moved("moving variance:")),
        },
    ),
    Claim(
        "BN308",
        'The "frozen" moving mean goes from 5 to 105; with `good.py` it stays, bit for bit.',
        {
            "bad.py": both(near("when it is frozen:", 5), near("after more training:", 105, 2)),
            "good.py": same("when it is frozen:", "after more training:"),
        },
    ),
    Claim(
        "BN308",
        "The moving mean moves to 5; with `good_k2.py` it stays at 0. In Keras 3 this order did freeze the layer.",
        {
            "bad_k2.py": near("frozen layer:", 5),
            "good_k2.py": exactly("frozen layer:", 0),
            "BN308.py": exactly("moving mean:", 0),
        },
    ),
    Claim(
        "BN308",
        "after 50 rounds the kernel of the discriminator has changed by exactly 0 and its moving mean is 0; with "
        "`good_k3.py` both have moved.",
        {
            "bad_k3.py": both(exactly("discriminator's kernel:", 0), exactly("moving mean:", 0)),
            "good_k3.py": both(moved("discriminator's kernel:"), moved("moving mean:")),
            "same_text_k2.py": both(moved("discriminator's kernel:"), moved("moving mean:")),
        },
    ),
    Claim(
        "BN309",
        "OperatorNotAllowedInGraphError: Using a symbolic `tf.Tensor` as a Python `bool` is not allowed.",
        {"bad.py": says("OperatorNotAllowedInGraphError: ", "as a Python `bool` is not allowed")},
    ),
    Claim(
        "BN309",
        "the statistics are near 5 and 4, and the test input 5 becomes a value near 0",
        {"good.py": both(pair("", 5, 4, part=slice(6)), CENTRED)},
    ),
    Claim(
        "BN309",
        "the statistics stay at 0 and 1, and the test input 5 becomes 4.9975.",
        {
            "bad_compared.py": both(pair("", 0, 1, exact=True, part=slice(6)), UNTOUCHED),
            "good_compared.py": both(pair("", 5, 4, part=slice(6)), CENTRED),
        },
    ),
    Claim(
        "BN309",
        "from near 5 to near 15 by one test batch with mean 105.",
        {"BN309.py": both(near("after training:", 5), near("after the test:", 15, 2))},
    ),
    Claim(
        "BN310",
        "in a batch of 64 gives 0, 0 and 0 alone. With `good.py` it gives the same values in both "
        "cases, and the moving "
        "statistics are near 5 and 4, those of the data.",
        {
            "bad.py": both(exactly("first sample, alone:", 0), moved("in its batch:")),
            "good.py": both(
                same("in its batch:", "first sample, alone:"),
                pair("variables:", 5, 4, part=slice(6, None)),
            ),
        },
    ),
    Claim(
        "BN310",
        "the mean of the output is 0 in training and near 5 at inference; with `good_skipped.py` it is near 0 in both.",
        {
            "bad_skipped.py": both(near("mean in training:", 0, 0.01), near("mean at inference:", 5)),
            "good_skipped.py": both(near("mean in training:", 0, 0.01), near("mean at inference:", 0)),
        },
    ),
]
