import tensorflow as tf


class BatchNorm(tf.Module):
    def __init__(self, channels, momentum=0.9, epsilon=1e-3):
        super().__init__()
        self.momentum = momentum
        self.epsilon = epsilon
        self.gamma = tf.Variable(tf.ones([channels]))
        self.moving_mean = tf.Variable(tf.zeros([channels]))  # bad: BN405
        self.moving_variance = tf.Variable(tf.ones([channels]))  # bad: BN405

    def __call__(self, x, training=False):
        m = self.momentum
        if training:
            mean, variance = tf.nn.moments(x, axes=[0])
            self.moving_mean.assign(self.moving_mean * m + mean * (1 - m))
            self.moving_variance.assign(self.moving_variance * m + variance * (1 - m))
        else:
            mean, variance = self.moving_mean, self.moving_variance
        return tf.nn.batch_normalization(x, mean, variance, None, self.gamma, self.epsilon)


def train_step(bn, x, rate=0.1, weight_decay=1.0):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(bn(x, training=True) - 1.0))
        loss += weight_decay * tf.add_n([tf.nn.l2_loss(v) for v in bn.trainable_variables])
    for variable, gradient in zip(bn.trainable_variables, tape.gradient(loss, bn.trainable_variables)):
        variable.assign_sub(rate * gradient)


if __name__ == "__main__":
    bn = BatchNorm(channels=3)
    for step in range(200):
        train_step(bn, tf.random.normal([64, 3], mean=5.0, stddev=2.0))
    print("trainable variables:", len(bn.trainable_variables))
    print("moving mean:", bn.moving_mean.numpy())
    print("moving variance:", bn.moving_variance.numpy())
