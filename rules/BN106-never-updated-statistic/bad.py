import tensorflow as tf


class BatchNorm(tf.Module):
    def __init__(self, channels, epsilon=1e-3):
        super().__init__()
        self.epsilon = epsilon
        self.moving_mean = tf.Variable(tf.zeros([channels]), trainable=False)  # bad: BN106
        self.moving_variance = tf.Variable(tf.ones([channels]), trainable=False)

    def __call__(self, x, training=False):
        if training:
            mean, variance = tf.nn.moments(x, axes=[0])
        else:
            mean, variance = self.moving_mean, self.moving_variance
        return tf.nn.batch_normalization(x, mean, variance, None, None, self.epsilon)


if __name__ == "__main__":
    bn = BatchNorm(channels=3)
    for step in range(50):
        bn(tf.random.normal([64, 3], mean=5.0, stddev=2.0), training=True)
    print("moving mean:", bn.moving_mean.numpy())
    print("moving variance:", bn.moving_variance.numpy())
