import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

sys.path.insert(0, str(Path(__file__).parent))
from _lesson import error, names

x = tf.constant(np.random.normal(5.0, 2.0, [64, 3]).astype("float32"))
program = names("BN401", "bad.py")
function = tf.function(next(each for name, each in program.items() if callable(each) and "norm" in name))
print("tf.function:", error(lambda: [function(x, training=True) for _ in range(2)]))
layer = names("BN401", "bad_k3.py")["BatchNorm"]
print("model:", error(lambda: keras.Sequential([keras.Input((3,)), layer(), keras.layers.Dense(1)])))


class Adds(keras.layers.Layer):
    def call(self, x, training=False):
        return x - self.add_weight(shape=(3,), trainable=False)


adds = Adds()
print("add_weight:", error(lambda: [adds(x, training=True) for _ in range(2)]))
