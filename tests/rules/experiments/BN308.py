# The order of bad_k2.py, compile before freezing, in Keras 3.
import keras
import numpy as np

x = np.random.normal(5.0, 2.0, [1280, 3]).astype("float32")
bn = keras.layers.BatchNormalization(momentum=0.9)
model = keras.Sequential([keras.Input((3,)), bn, keras.layers.Dense(1)])
model.compile(optimizer="sgd", loss="mse")
bn.trainable = False
model.fit(x, x.mean(axis=1), epochs=2, verbose=0)
print("moving mean:", bn.moving_mean.numpy())
