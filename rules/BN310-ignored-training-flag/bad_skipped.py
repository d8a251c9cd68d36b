import tensorflow as tf


class BatchNorm(tf.Module):
    def __init__(self, channels, epsilon=1e-3):
        super().__init__()
        self.epsilon = epsilon
        self.gamma = tf.Variable(tf.ones([channels]))
        self.beta = tf.Variable(tf.zeros([channels]))

    def __call__(self, x, training=False):
        if not training:
            return x
        mean, variance = tf.nn.moments(x, axes=[0])
        return tf.nn.batch_normalization(x, mean, variance, self.beta, self.gamma, self.epsilon)  # bad: BN310


if __name__ == "__main__":
    bn = BatchNorm(channels=3)
    for step in range(50):
        x = tf.random.normal([64, 3], mean=5.0, stddev=2.0)
        y = bn(x, training=True)
    print(f"mean in training: {tf.reduce_mean(y):.3f}")
    print(f"mean at inference: {tf.reduce_mean(bn(x, training=False)):.3f}")
