import tensorflow as tf


class BatchNorm(tf.Module):
    def __init__(self, channels, epsilon=1e-3):
        super().__init__()
        self.epsilon = epsilon
        self.gamma = tf.Variable(tf.ones([channels]))
        self.beta = tf.Variable(tf.zeros([channels]))

    def __call__(self, x, training=False):  # bad: BN310
        mean, variance = tf.nn.moments(x, axes=[0])
        return tf.nn.batch_normalization(x, mean, variance, self.beta, self.gamma, self.epsilon)


if __name__ == "__main__":
    bn = BatchNorm(channels=3)
    for step in range(50):
        x = tf.random.normal([64, 3], mean=5.0, stddev=2.0)
        bn(x, training=True)
    print("variables:", [variable.numpy() for variable in bn.variables])
    print("first sample, in its batch:", bn(x, training=False).numpy()[0])
    print("first sample, alone:", bn(x[:1], training=False).numpy()[0])
