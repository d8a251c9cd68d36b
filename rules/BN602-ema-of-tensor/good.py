import tensorflow as tf


class BatchNorm(tf.Module):
    def __init__(self, channels, momentum=0.9, epsilon=1e-3):
        super().__init__()
        self.epsilon = epsilon
        self.mean = tf.Variable(tf.zeros([channels]), trainable=False)
        self.variance = tf.Variable(tf.ones([channels]), trainable=False)
        self.ema = tf.train.ExponentialMovingAverage(momentum)
        self.ema.apply([self.mean, self.variance])

    def __call__(self, x, training=False):
        if training:
            mean, variance = tf.nn.moments(x, axes=[0])
            self.mean.assign(mean)
            self.variance.assign(variance)
            self.ema.apply([self.mean, self.variance])
        else:
            mean, variance = self.ema.average(self.mean), self.ema.average(self.variance)
        return tf.nn.batch_normalization(x, mean, variance, None, None, self.epsilon)


if __name__ == "__main__":
    bn = BatchNorm(channels=3)
    for step in range(50):
        bn(tf.random.normal([64, 3], mean=5.0, stddev=2.0), training=True)
    print("moving mean:", bn.ema.average(bn.mean).numpy())
    print("moving variance:", bn.ema.average(bn.variance).numpy())
