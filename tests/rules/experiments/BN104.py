import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from _lesson import error, names

x = np.random.normal(5.0, 2.0, [1280, 3]).astype("float32")
y = x.mean(axis=1)
program = names("BN104", "bad_k3.py")

model = program["build_model"]()
program["calibrate"](model.layers[0], x)
print("inference on the mean:", model.layers[0](np.full([1, 3], 5.0, "float32"), training=False).numpy())
print("next call:", error(lambda: model(x, training=True)))
model.compile(optimizer="sgd", loss="mse")
print("fit:", error(lambda: model.fit(x, y, verbose=0)))

model = program["build_model"]()
old = model.layers[0].moving_mean
model.compile(optimizer="sgd", loss="mse")
model.fit(x, y, verbose=0)
program["calibrate"](model.layers[0], x)
before = old.numpy()
print("fit again:", error(lambda: model.fit(x + 100, y, verbose=0)))
print("old variable moved by:", old.numpy() - before)
