"""What the lessons of BN1xx say was measured."""

from __future__ import annotations

from tests.rules.claims.checks import (
    CENTRED,
    INITIAL,
    INITIAL_V1,
    TRAINED,
    TRAINED_V1,
    UNTOUCHED,
    WEIGHTS,
    Claim,
    both,
    exactly,
    near,
    pair,
    same,
    says,
)

CLAIMS = [
    Claim(
        "BN101",
        "`bad.py` prints a moving mean of 0 and a moving variance of 1, the initial values; `good.py` prints values "
        "near 5 and 4.",
        {"bad.py": INITIAL, "good.py": TRAINED},
    ),
    Claim(
        "BN101",
        "becomes 4.9975 in `bad_v1.py` and a value near 0 in `good_v1.py`",
        {"bad_v1.py": both(INITIAL_V1, UNTOUCHED), "good_v1.py": both(TRAINED_V1, CENTRED)},
    ),
    Claim(
        "BN102",
        "measured here as 2 variables before the first training call and 0 after it",
        {"BN102.py": both(exactly("eager, before:", 2), exactly("eager, after:", 0))},
    ),
    Claim(
        "BN102",
        "`layer.weights` goes from 2 to 0",
        {"BN102.py": both(exactly("Keras 2, before:", 2), exactly("Keras 2, after:", 0))},
    ),
    Claim(
        "BN102",
        "Keras 3, `fit` on a model whose inputs are known, with SGD: silent.",
        {
            "bad_k3.py": pair("the variables:", 0, 1, exact=True),
            "BN102.py": says("bad_k3.py sgd 1 fit: none", "predict: TypeError", "is out of scope"),
        },
    ),
    Claim(
        "BN102",
        "the step is traced twice and the second time raises `InaccessibleTensorError`. Keras 2 raises "
        "under `fit` too.",
        {
            "BN102.py": says(
                "bad_k3.py sgd 0 fit: InaccessibleTensorError",
                "bad_k3.py adam 1 fit: InaccessibleTensorError",
                "bad_k2.py sgd 1 fit: TypeError",
            )
        },
    ),
    Claim(
        "BN102",
        "the variable prints 0, the attribute prints values near 5",
        {
            "bad.py": both(exactly("the variable:", 0), near("the attribute:", 5)),
            "bad_k2.py": both(exactly("the variable:", 0), near("the attribute:", 5)),
            "good.py": same("the variable:", "the attribute:"),
            "good_k2.py": same("the variable:", "the attribute:"),
            "good_k3.py": pair("the variables:", 5, 4),
        },
    ),
    Claim(
        "BN103",
        "an optimizer such as Adam, traces the step twice and raises `InaccessibleTensorError`; so does a later "
        '`predict` (`TypeError`, "out of scope")',
        {
            "BN103.py": says(
                "sgd 1 fit: none",
                "predict: TypeError",
                "is out of scope",
                "sgd 0 fit: InaccessibleTensorError",
                "adam 1 fit: InaccessibleTensorError",
            )
        },
    ),
    Claim(
        "BN103",
        "RuntimeError: `variable += value` with `tf.Variable`s is not supported. Use `variable.assign_add(value)` to "
        "modify the variable, or `out = variable + value`",
        {
            "bad_k2.py": says(
                "RuntimeError: `variable += value` with `tf.Variable`s is not supported. Use "
                "`variable.assign_add(value)` to modify the variable, or `out = variable + value`"
            )
        },
    ),
    Claim(
        "BN103",
        "moving mean 0 and moving variance 1 to the end. `good.py` prints values near 5 and 4.",
        {"bad.py": pair(WEIGHTS, 0, 1, exact=True), "good.py": pair(WEIGHTS, 5, 4), "good_k2.py": pair(WEIGHTS, 5, 4)},
    ),
    Claim("BN103", "silent, the variables never move", {"bad_v1.py": INITIAL_V1, "good_v1.py": TRAINED_V1}),
    Claim(
        "BN104",
        "Measured with `bad.py` and `bad_k2.py`, which set the statistics of a layer from data with "
        "mean 5 and standard "
        "deviation 2: they stay at exactly 0 and 1.",
        {"bad.py": INITIAL, "bad_k2.py": INITIAL, "good.py": TRAINED, "good_k2.py": TRAINED},
    ),
    Claim(
        "BN104",
        "the attribute shows the new values, the weights are 0 and 1.",
        {"bad_k3.py": both(near("the attribute:", 5), pair("the weights:", 0, 1, exact=True))},
    ),
    Claim(
        "BN104",
        'The next call with `training=True`, and a `fit` that is traced anew, raise `AttributeError`, "object has no '
        "attribute 'assign'\". A `fit` that was traced before goes on updating the old variable, silently.",
        {
            "BN104.py": both(
                near("inference on the mean:", 0),
                says("next call: AttributeError", "object has no attribute 'assign'", "fit: AttributeError"),
                says("fit again: none"),
                near("old variable moved by:", 100),
            )
        },
    ),
    Claim(
        "BN104",
        "With the `good` twins the statistics are near 5 and 4 at once.",
        {"good_k3.py": pair("the weights:", 5, 4)},
    ),
    Claim(
        "BN105",
        "the moving mean is near 5 after 50 steps and exactly 0 in the module restored from the checkpoint; with "
        "`good.py` it is restored bit for bit",
        {
            "bad.py": both(near("trained:", 5), exactly("restored:", 0)),
            "good.py": both(near("trained:", 5), same("trained:", "restored:")),
        },
    ),
    Claim(
        "BN105",
        'silent with SGD, and the layer has no weights; the next `predict` raises `TypeError`, "out of scope". With '
        'Adam, `fit` itself raises `InaccessibleTensorError`. * Keras 2 under `fit`: `TypeError`, "out of scope".',
        {
            "bad_k3.py": says("weights of the layer: []"),
            "good_k3.py": pair("weights of the layer:", 5, 4),
            "BN105.py": says(
                "keras sgd fit: none",
                "predict: TypeError",
                "keras adam fit: InaccessibleTensorError",
                "tf_keras sgd fit: TypeError",
                "is out of scope",
            ),
        },
    ),
    Claim(
        "BN106",
        "`bad.py` prints a moving mean of exactly 0 and a moving variance of exactly 1; `good.py` prints values near 5 "
        "and 4.",
        {"bad.py": INITIAL, "good.py": TRAINED},
    ),
]
