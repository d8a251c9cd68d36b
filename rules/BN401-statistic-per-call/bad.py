import tensorflow as tf


def batch_norm(x, training=False, m=0.9, epsilon=1e-3):
    channels = x.shape[-1]
    moving_mean = tf.Variable(tf.zeros([channels]), trainable=False)  # bad: BN401
    moving_variance = tf.Variable(tf.ones([channels]), trainable=False)  # bad: BN401
    if training:
        mean, variance = tf.nn.moments(x, axes=[0])
        moving_mean.assign(moving_mean * m + mean * (1 - m))
        moving_variance.assign(moving_variance * m + variance * (1 - m))
    else:
        mean, variance = moving_mean, moving_variance
    return tf.nn.batch_normalization(x, mean, variance, None, None, epsilon)


if __name__ == "__main__":
    for step in range(50):
        batch_norm(tf.random.normal([64, 3], mean=5.0, stddev=2.0), training=True)
    output = batch_norm(tf.random.normal([64, 3], mean=5.0, stddev=2.0))
    print("mean of the test output:", tf.reduce_mean(output).numpy())
