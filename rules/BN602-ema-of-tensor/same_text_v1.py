import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()


def batch_norm(x, training, decay=0.9, epsilon=1e-3):
    batch_mean, batch_variance = tf.nn.moments(x, axes=[0])
    ema = tf.train.ExponentialMovingAverage(decay)

    def batch_statistics():
        with tf.control_dependencies([ema.apply([batch_mean, batch_variance])]):
            return tf.identity(batch_mean), tf.identity(batch_variance)

    def moving_statistics():
        return ema.average(batch_mean), ema.average(batch_variance)

    mean, variance = tf.cond(training, batch_statistics, moving_statistics)
    return tf.nn.batch_normalization(x, mean, variance, None, None, epsilon)


if __name__ == "__main__":
    x = tf.placeholder(tf.float32, [None, 3])
    training = tf.placeholder_with_default(False, [])
    output = batch_norm(x, training)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(50):
            sess.run(output, {x: np.random.normal(5.0, 2.0, [64, 3]), training: True})
        for variable in tf.global_variables():
            print(variable.op.name, sess.run(variable))
        print("test output:", sess.run(output, {x: [[5.0, 5.0, 5.0]]}))
