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
        y, new_mean, new_variance = tf.compat.v1.nn.fused_batch_norm(
            x,
            self.gamma,
            self.beta,
            self.moving_mean,
            self.moving_variance,
            self.epsilon,
            is_training=training,
            exponential_avg_factor=1 - self.momentum if training else 1.0,
        )
        if training:
            self.moving_mean.assign(new_mean)
            self.moving_variance.assign(new_variance)
        return y


if __name__ == "__main__":
    bn = BatchNorm(channels=3)
    for step in range(50):
        bn(tf.random.normal([16, 4, 4, 3], mean=5.0, stddev=2.0), training=True)
    print("moving mean:", bn.moving_mean.numpy())
    print("moving variance:", bn.moving_variance.numpy())
    print("mean of the test output:", tf.reduce_mean(bn(tf.random.normal([16, 4, 4, 3], 5.0, 2.0))).numpy())
