import tensorflow as tf


class BatchNorm(tf.Module):
    def __init__(self, channels, momentum=0.99, epsilon=1e-3):
        super().__init__()
        self.momentum = momentum
        self.epsilon = epsilon
        self.moving_mean = tf.Variable(tf.zeros([channels]), trainable=False)
        self.moving_variance = tf.Variable(tf.ones([channels]), trainable=False)

    def __call__(self, x, training=False):
        if training:
            mean, variance = tf.nn.moments(x, axes=[0])
            self.moving_mean.assign(self.moving_mean * (1 - self.momentum) + mean * self.momentum)  # bad: BN501
            self.moving_variance.assign(self.moving_variance * (1 - self.momentum) + variance * self.momentum)  # bad: BN501
        else:
            mean, variance = self.moving_mean, self.moving_variance
        return tf.nn.batch_normalization(x, mean, variance, None, None, self.epsilon)


if __name__ == "__main__":
    bn = BatchNorm(channels=3)
    for step in range(1000):
        x = tf.random.normal([8, 3], mean=5.0, stddev=2.0)
        bn(x, training=True)
    print("mean of the last batch:", tf.reduce_mean(x, axis=0).numpy())
    print("moving mean:", bn.moving_mean.numpy())
    print("moving variance:", bn.moving_variance.numpy())
