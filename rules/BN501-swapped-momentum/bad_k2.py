import numpy as np
import tf_keras as keras


def build_model():
    bn = keras.layers.BatchNormalization(momentum=0.1)  # bad: BN501
    return keras.Sequential([keras.Input((3,)), bn, keras.layers.Dense(1)])


if __name__ == "__main__":
    x = np.random.normal(5.0, 2.0, [1280, 3]).astype("float32")
    model = build_model()
    model.compile(optimizer="sgd", loss="mse")
    model.fit(x, x.mean(axis=1) / 5.0, batch_size=8, epochs=2, shuffle=False, verbose=0)
    print("last batch:", x[-8:].mean(axis=0))
    print("moving mean:", model.layers[0].moving_mean.numpy())
