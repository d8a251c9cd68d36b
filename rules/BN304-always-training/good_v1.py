import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()


def build(x, target, training):
    h = tf.layers.dense(x, 4)
    h = tf.layers.batch_normalization(h, momentum=0.9, training=training)
    h = tf.layers.dropout(tf.nn.tanh(h), 0.1, training=training)
    prediction = tf.layers.dense(h, 1)
    loss = tf.reduce_mean(tf.square(prediction - target))
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        train_op = tf.train.GradientDescentOptimizer(0.01).minimize(loss)
    return train_op, prediction


if __name__ == "__main__":
    x = tf.placeholder(tf.float32, [None, 3])
    target = tf.placeholder(tf.float32, [None, 1])
    training = tf.placeholder_with_default(False, [])
    train_op, prediction = build(x, target, training)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(100):
            batch = np.random.normal(5.0, 2.0, [64, 3])
            sess.run(train_op, {x: batch, target: batch.mean(axis=1, keepdims=True), training: True})
        print("first sample, alone:", sess.run(prediction, {x: batch[:1]})[0])
        print("first sample, in its batch:", sess.run(prediction, {x: batch})[0])
