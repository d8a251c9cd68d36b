import tensorflow as tf


class BatchNorm(tf.Module):
    def __init__(self, channels, momentum=0.999, epsilon=1e-3):
        super().__init__()
        self.momentum = momentum
        self.epsilon = epsilon
        self.moving_mean = tf.Variable(tf.zeros([channels], tf.float16), trainable=False)  # bad: BN505
        self.moving_variance = tf.Variable(tf.ones([channels], tf.float16), trainable=False)  # bad: BN505

    def __call__(self, x, training=False):
        m = self.momentum
        if training:
            mean, variance = tf.nn.moments(x, axes=[0])
            dtype = self.moving_mean.dtype
            self.moving_mean.assign(self.moving_mean * m + tf.cast(mean, dtype) * (1 - m))
            self.moving_variance.assign(self.moving_variance * m + tf.cast(variance, dtype) * (1 - m))
        else:
            mean, variance = tf.cast(self.moving_mean, x.dtype), tf.cast(self.moving_variance, x.dtype)
        return tf.nn.batch_normalization(x, mean, variance, None, None, self.epsilon)


if __name__ == "__main__":
    bn = BatchNorm(channels=3)
    for step in range(1, 8001):
        bn(tf.random.normal([64, 3], mean=5.0, stddev=2.0), training=True)
        if step % 2000 == 0:
            print("step", step, "moving mean:", bn.moving_mean.numpy(), "variance:", bn.moving_variance.numpy())
