import tensorflow as tf


class BatchNorm(tf.Module):
    def __init__(self, channels, momentum=0.9, epsilon=1e-3):
        super().__init__()
        self.momentum = momentum
        self.epsilon = epsilon
        self.gamma = tf.Variable(tf.ones([channels]))
        self.beta = tf.Variable(tf.zeros([channels]))
        self.moving_mean = tf.Variable(tf.zeros([channels]), trainable=False)
        self.moving_variance = tf.Variable(tf.ones([channels]), trainable=False)

    def __call__(self, x, training=False):
        m = self.momentum
        if training:
            mean, variance = tf.nn.moments(x, axes=[0])
            self.moving_mean.assign(self.moving_mean * m + mean * (1 - m))
            self.moving_variance.assign(self.moving_variance * m + variance * (1 - m))
        else:
            mean, variance = self.moving_mean, self.moving_variance
        return tf.nn.batch_normalization(x, mean, variance, self.beta, self.gamma, self.epsilon)


if __name__ == "__main__":
    bn = BatchNorm(channels=3)
    for step in range(50):
        x = tf.random.normal([64, 3], mean=5.0, stddev=2.0)
        y = bn(x, training=True)
    print(f"mean in training: {tf.reduce_mean(y):.3f}")
    print(f"mean at inference: {tf.reduce_mean(bn(x, training=False)):.3f}")
