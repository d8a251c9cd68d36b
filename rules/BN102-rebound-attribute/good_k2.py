import tensorflow as tf
import tf_keras as keras


class BatchNorm(keras.layers.Layer):
    def __init__(self, momentum=0.9, epsilon=1e-3):
        super().__init__()
        self.momentum = momentum
        self.epsilon = epsilon

    def build(self, input_shape):
        shape = (input_shape[-1],)
        self.moving_mean = self.add_weight(shape=shape, initializer="zeros", trainable=False)
        self.moving_variance = self.add_weight(shape=shape, initializer="ones", trainable=False)

    def call(self, x, training=False):
        m = self.momentum
        if training:
            mean, variance = tf.nn.moments(x, axes=[0])
            self.moving_mean.assign(self.moving_mean * m + mean * (1 - m))
            self.moving_variance.assign(self.moving_variance * m + variance * (1 - m))
        else:
            mean, variance = self.moving_mean, self.moving_variance
        return (x - mean) / tf.sqrt(variance + self.epsilon)


if __name__ == "__main__":
    bn = BatchNorm()
    bn(tf.zeros([1, 3]))
    variable = bn.moving_mean
    for step in range(50):
        bn(tf.random.normal([64, 3], mean=5.0, stddev=2.0), training=True)
    print("the variable:", variable.numpy())
    print("the attribute:", type(bn.moving_mean).__name__, bn.moving_mean.numpy())
    print("weights that the model will save:", len(bn.weights))
