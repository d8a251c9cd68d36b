import os
import tempfile

import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()


def build(x, target, training):
    h = tf.layers.dense(x, 4)
    h = tf.layers.batch_normalization(h, momentum=0.9, training=training)
    prediction = tf.layers.dense(tf.nn.relu(h), 1)
    loss = tf.reduce_mean(tf.square(prediction - target))
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        train_op = tf.train.GradientDescentOptimizer(0.01).minimize(loss)
    return train_op, prediction


if __name__ == "__main__":
    x = tf.placeholder(tf.float32, [None, 3])
    target = tf.placeholder(tf.float32, [None, 1])
    training = tf.placeholder_with_default(False, [])
    train_op, prediction = build(x, target, training)
    statistics = tf.global_variables("batch_normalization/moving")
    saver = tf.train.Saver(tf.trainable_variables())  # bad: BN404
    path = os.path.join(tempfile.mkdtemp(), "model")
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(100):
            batch = np.random.normal(5.0, 2.0, [64, 3])
            sess.run(train_op, {x: batch, target: batch.mean(axis=1, keepdims=True), training: True})
        saver.save(sess, path)
        print("trained:", sess.run(statistics))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        saver.restore(sess, path)
        print("restored:", sess.run(statistics))
