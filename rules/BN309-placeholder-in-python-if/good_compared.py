import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()


def batch_norm(x, training, m=0.9, epsilon=1e-3):
    channels = x.shape[-1]
    moving_mean = tf.Variable(tf.zeros([channels]), trainable=False)
    moving_variance = tf.Variable(tf.ones([channels]), trainable=False)

    def normalize_batch():
        mean, variance = tf.nn.moments(x, axes=[0])
        update_mean = moving_mean.assign(moving_mean * m + mean * (1 - m))
        update_variance = moving_variance.assign(moving_variance * m + variance * (1 - m))
        with tf.control_dependencies([update_mean, update_variance]):
            return tf.nn.batch_normalization(x, mean, variance, None, None, epsilon)

    def normalize_population():
        return tf.nn.batch_normalization(x, moving_mean, moving_variance, None, None, epsilon)

    return tf.cond(training, normalize_batch, normalize_population)


if __name__ == "__main__":
    x = tf.placeholder(tf.float32, [None, 3])
    training = tf.placeholder_with_default(False, [])
    output = batch_norm(x, training)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(50):
            sess.run(output, {x: np.random.normal(5.0, 2.0, [64, 3]), training: True})
        for variable in tf.global_variables():
            print(sess.run(variable))
        print("test output:", sess.run(output, {x: [[5.0, 5.0, 5.0]]}))
