import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
import tf_keras

sys.path.insert(0, str(Path(__file__).parent))
from _lesson import error, names

x = np.random.normal(5.0, 2.0, [1280, 3]).astype("float32")
y = x.mean(axis=1)

module = names("BN102", "bad.py")["BatchNorm"](3)
print("eager, before:", len(module.variables))
module(tf.constant(x), training=True)
print("eager, after:", len(module.variables))

layer = names("BN102", "bad_k2.py")["BatchNorm"]()
layer.build((None, 3))
print("Keras 2, before:", len(layer.weights))
layer(tf.constant(x), training=True)
print("Keras 2, after:", len(layer.weights))


def fitted(library, program, optimizer, inputs):
    bn = names("BN102", program)["BatchNorm"]()
    model = library.Sequential([*inputs, bn, library.layers.Dense(1)])
    model.compile(optimizer=optimizer, loss="mse")
    print(program, optimizer, len(inputs), "fit:", error(lambda: model.fit(x, y, verbose=0)))
    return model


model = fitted(keras, "bad_k3.py", "sgd", [keras.Input((3,))])
print("predict:", error(lambda: model.predict(x, verbose=0)))
fitted(keras, "bad_k3.py", "sgd", [])
fitted(keras, "bad_k3.py", "adam", [keras.Input((3,))])
fitted(tf_keras, "bad_k2.py", "sgd", [tf_keras.Input((3,))])
