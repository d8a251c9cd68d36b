import keras
import tensorflow as tf


def build():
    inputs = keras.Input((3,))
    h = keras.layers.Dense(4)(inputs)
    h = keras.layers.BatchNormalization(momentum=0.9)(h)
    return keras.Model(inputs, keras.layers.Dense(1)(keras.ops.tanh(h)))


def train_step(model, optimizer, x, target):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x, training=True) - target))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


def predict(model, x):
    return model(x, training=True)  # bad: BN304


if __name__ == "__main__":
    model = build()
    optimizer = keras.optimizers.SGD(0.01)
    for step in range(100):
        x = tf.random.normal([64, 3], mean=5.0, stddev=2.0)
        train_step(model, optimizer, x, tf.reduce_mean(x, axis=1, keepdims=True))
    before = [variable.numpy() for variable in model.non_trainable_variables]
    print("first sample, alone:", predict(model, x[:1]).numpy()[0])
    print("first sample, in its batch:", predict(model, x).numpy()[0])
    after = [variable.numpy() for variable in model.non_trainable_variables]
    print("change of the moving mean:", after[0] - before[0])
