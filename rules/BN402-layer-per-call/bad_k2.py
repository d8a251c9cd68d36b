import tensorflow as tf
import tf_keras as keras


class Block(keras.layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.dense = keras.layers.Dense(units)

    def call(self, x, training=None):
        self.bn = keras.layers.BatchNormalization(momentum=0.9)  # bad: BN402
        return self.bn(self.dense(x), training=training)


if __name__ == "__main__":
    block = Block(units=4)
    for step in range(50):
        block(tf.random.normal([64, 3], mean=5.0, stddev=2.0), training=True)
    first = block.bn.moving_mean.numpy()
    block(tf.random.normal([64, 3], mean=5.0, stddev=2.0))
    print("moving mean after training:", first)
    print("moving mean of the layer that the test used:", block.bn.moving_mean.numpy())
