import keras
import numpy as np
import tensorflow as tf


def build_model():
    bn = keras.layers.BatchNormalization(momentum=0.5)  # bad: BN510
    return keras.Sequential([keras.Input((3,)), bn, keras.layers.Dense(1)])


if __name__ == "__main__":
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        model = build_model()
        model.compile(optimizer="sgd", loss="mse")
    x = np.random.normal(5.0, 2.0, [10, 2, 32, 3]) + [[[[0.0]], [[100.0]]]]
    x = x.reshape([640, 3]).astype("float32")
    model.fit(x, np.zeros([640, 1]), batch_size=64, shuffle=False, verbose=0)
    print("mean of the data:", x.mean(axis=0))
    print("moving mean:", model.layers[0].moving_mean.numpy())
