import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()


def build_model():
    return tf.keras.Sequential([
        tf.keras.layers.Dense(4, input_shape=(3,)),
        tf.keras.layers.BatchNormalization(momentum=0.9),
        tf.keras.layers.Activation("relu"),
        tf.keras.layers.Dense(1),
    ])


if __name__ == "__main__":
    x = np.random.normal(5.0, 2.0, [1280, 3]).astype("float32")
    model = build_model()
    model.compile(optimizer="sgd", loss="mse")
    model.fit(x, x.mean(axis=1) / 5.0, epochs=2, verbose=0)
    gamma, beta, moving_mean, moving_variance = model.layers[1].get_weights()
    print("moving mean:", moving_mean)
    print("moving variance:", moving_variance)
