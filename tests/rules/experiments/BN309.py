# `is not None` around a placeholder is always true: the run that should use the statistics moves them.
from pathlib import Path

import numpy as np
import tensorflow.compat.v1 as tf

source = next((Path(__file__).parents[3] / "rules").glob("BN309-*")) / "bad.py"
names = {"__name__": "lesson"}
exec(source.read_text(encoding="utf-8").replace("if training:", "if training is not None:"), names)
x = tf.placeholder(tf.float32, [None, 3])
training = tf.placeholder_with_default(False, [])
output = names["batch_norm"](x, training)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for _ in range(50):
        sess.run(output, {x: np.random.normal(5.0, 2.0, [64, 3]), training: True})
    print("after training:", sess.run(tf.global_variables()[0]))
    sess.run(output, {x: np.random.normal(105.0, 2.0, [64, 3])})
    print("after the test:", sess.run(tf.global_variables()[0]))
