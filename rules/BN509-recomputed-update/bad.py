import keras
import tensorflow as tf


class Block(tf.Module):
    def __init__(self, units):
        super().__init__()
        self.dense = keras.layers.Dense(units)
        self.bn = keras.layers.BatchNormalization(momentum=0.9)

    def __call__(self, x, training=False):
        def normalized(x):
            return self.bn(self.dense(x), training=training)

        return tf.nn.relu(tf.recompute_grad(normalized)(x))  # bad: BN509


if __name__ == "__main__":
    block = Block(units=4)
    block(tf.zeros([1, 3]))
    x = tf.random.normal([64, 3], mean=5.0, stddev=2.0)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(block(x, training=True))
    gradients = tape.gradient(loss, block.dense.trainable_weights + block.bn.trainable_weights)
    print("gradients:", len(gradients), "moving mean after a step:", block.bn.moving_mean.numpy())
    print("one update would give:", 0.1 * tf.reduce_mean(block.dense(x), axis=0).numpy())
