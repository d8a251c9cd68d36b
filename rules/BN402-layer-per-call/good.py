import keras
import numpy as np

bn = keras.layers.BatchNormalization(momentum=0.9)


def normalize(x, training=False):
    return bn(x, training=training)


if __name__ == "__main__":
    for step in range(50):
        normalize(np.random.normal(5.0, 2.0, [64, 3]).astype("float32"), training=True)
    output = normalize(np.random.normal(5.0, 2.0, [64, 3]).astype("float32"))
    print("moving mean:", bn.moving_mean.numpy())
    print("mean of the test output:", keras.ops.mean(output).numpy())
