import tensorflow as tf
import tf_keras as keras


class Classifier(tf.Module):
    def __init__(self, units):
        super().__init__()
        self.dense = keras.layers.Dense(units)
        self.bn = keras.layers.BatchNormalization(momentum=0.9)
        self.head = keras.layers.Dense(1)

    def __call__(self, x, training=False):
        h = self.bn(self.dense(x), training=training)
        return self.head(tf.nn.relu(h))


def train_step(model, optimizer, x, target):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x, training=True) - target))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


if __name__ == "__main__":
    model = Classifier(units=4)
    optimizer = keras.optimizers.SGD(0.01)
    for step in range(100):
        x = tf.random.normal([64, 3], mean=5.0, stddev=2.0)
        train_step(model, optimizer, x, tf.reduce_mean(x, axis=1, keepdims=True))
    print("moving mean:", model.bn.moving_mean.numpy())
    print("moving variance:", model.bn.moving_variance.numpy())
