import sys
from pathlib import Path

import keras
import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from _lesson import error, names

x = np.random.normal(5.0, 2.0, [1280, 3]).astype("float32")
y = x.mean(axis=1)


def fitted(optimizer, inputs):
    bn = names("BN103", "bad.py")["BatchNorm"]()
    model = keras.Sequential([*inputs, bn, keras.layers.Dense(1)])
    model.compile(optimizer=optimizer, loss="mse")
    print(optimizer, len(inputs), "fit:", error(lambda: model.fit(x, y, verbose=0)))
    return model


model = fitted("sgd", [keras.Input((3,))])
print("predict:", error(lambda: model.predict(x, verbose=0)))
fitted("sgd", [])
fitted("adam", [keras.Input((3,))])
