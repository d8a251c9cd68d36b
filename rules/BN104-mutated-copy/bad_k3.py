import keras
import numpy as np


def build_model():
    return keras.Sequential([
        keras.Input((3,)),
        keras.layers.BatchNormalization(momentum=0.9),
        keras.layers.Dense(1),
    ])


def calibrate(bn, data):
    bn.moving_mean = keras.ops.mean(data, axis=0)  # bad: BN104
    bn.moving_variance = keras.ops.var(data, axis=0)  # bad: BN104


if __name__ == "__main__":
    model = build_model()
    bn = model.layers[0]
    calibrate(bn, np.random.normal(5.0, 2.0, [1280, 3]).astype("float32"))
    print("the attribute:", bn.moving_mean)
    print("the weights:", [weight.numpy() for weight in bn.non_trainable_weights])
