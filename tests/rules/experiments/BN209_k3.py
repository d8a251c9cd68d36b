# Keras 3 in a graph of TensorFlow 1.
import keras
import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
v1.disable_v2_behavior()
x = v1.placeholder(tf.float32, [None, 3])
bn = keras.layers.BatchNormalization(momentum=0.9)
y = bn(x, training=True)
print("update ops:", len(v1.get_collection(v1.GraphKeys.UPDATE_OPS)))
print("has updates:", hasattr(bn, "updates"))
with v1.Session() as sess:
    sess.run(v1.global_variables_initializer())
    statistics = [variable.value for variable in bn.non_trainable_weights]
    for _ in range(5):
        sess.run(y, {x: np.random.normal(5.0, 2.0, [64, 3])})
    print("statistics:", [each.tolist() for each in sess.run(statistics)])
