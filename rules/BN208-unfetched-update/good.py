import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()


class BatchNorm:
    def __init__(self, channels, m=0.9, epsilon=1e-3):
        self.m = m
        self.epsilon = epsilon
        self.moving_mean = tf.Variable(tf.zeros([channels]), trainable=False)
        self.moving_variance = tf.Variable(tf.ones([channels]), trainable=False)

    def normalize_batch(self, x):
        mean, variance = tf.nn.moments(x, axes=[0])
        self.update_mean = self.moving_mean.assign(self.moving_mean * self.m + mean * (1 - self.m))
        self.update_variance = self.moving_variance.assign(
            self.moving_variance * self.m + variance * (1 - self.m)
        )
        with tf.control_dependencies([self.update_mean, self.update_variance]):
            return tf.nn.batch_normalization(x, mean, variance, None, None, self.epsilon)

    def normalize(self, x):
        return tf.nn.batch_normalization(x, self.moving_mean, self.moving_variance, None, None, self.epsilon)


if __name__ == "__main__":
    x = tf.placeholder(tf.float32, [None, 3])
    bn = BatchNorm(channels=3)
    scale = tf.Variable(tf.ones([3]))
    loss = tf.reduce_mean(tf.square(scale * bn.normalize_batch(x) - 1.0))
    test_output = scale * bn.normalize(x)
    train_op = tf.train.GradientDescentOptimizer(0.01).minimize(loss)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(50):
            sess.run(train_op, {x: np.random.normal(5.0, 2.0, [64, 3])})
        print("moving mean:", sess.run(bn.moving_mean))
        print("moving variance:", sess.run(bn.moving_variance))
        print("test output:", sess.run(test_output, {x: [[5.0, 5.0, 5.0]]}))
