import numpy as np
import tf_keras as keras


def build_model():
    return keras.Sequential([
        keras.Input((3,)),
        keras.layers.BatchNormalization(momentum=0.9),
        keras.layers.Dense(1),
    ])


def calibrate(bn, data):
    gamma, beta, _, _ = bn.get_weights()
    bn.set_weights([gamma, beta, data.mean(axis=0), data.var(axis=0)])


if __name__ == "__main__":
    model = build_model()
    bn = model.layers[0]
    calibrate(bn, np.random.normal(5.0, 2.0, [1280, 3]))
    print("moving mean:", bn.moving_mean.numpy())
    print("moving variance:", bn.moving_variance.numpy())
