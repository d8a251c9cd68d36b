# Fine-tuning in inference mode moves trainable statistics.
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

sys.path.insert(0, str(Path(__file__).parent))
from _lesson import names

x = tf.constant(np.random.normal(5.0, 2.0, [1280, 3]).astype("float32"))
bn = names("BN405", "bad_k3.py")["BatchNorm"]()
head = keras.layers.Dense(1)
bn(x, training=True)
head(x)
for step in range(1, 31):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(head(bn(x, training=False)) - tf.reduce_mean(x, axis=1, keepdims=True)))
    variables = [*bn.trainable_variables, *head.trainable_variables]
    for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
        variable.assign_sub(0.1 * gradient)
    print("step", step, "statistics:", [each.numpy().tolist() for each in bn.weights])
