import keras
import tensorflow as tf


def build_discriminator():
    return keras.Sequential([
        keras.Input((3,)),
        keras.layers.BatchNormalization(momentum=0.9),
        keras.layers.Dense(1),
    ])


def train_step(discriminator, optimizer, real, fake):
    with tf.GradientTape() as tape:
        real_score = discriminator(real, training=True)
        fake_score = discriminator(fake, training=True)  # bad: BN508
        loss = tf.reduce_mean(tf.square(real_score - 1.0)) + tf.reduce_mean(tf.square(fake_score))
    gradients = tape.gradient(loss, discriminator.trainable_variables)
    optimizer.apply_gradients(zip(gradients, discriminator.trainable_variables))


if __name__ == "__main__":
    discriminator = build_discriminator()
    optimizer = keras.optimizers.SGD(0.01)
    for step in range(200):
        real = tf.random.normal([64, 3], mean=5.0, stddev=2.0)
        fake = tf.random.normal([64, 3], mean=-5.0, stddev=2.0)
        train_step(discriminator, optimizer, real, fake)
    print("moving mean:", discriminator.layers[0].moving_mean.numpy())
    print("moving variance:", discriminator.layers[0].moving_variance.numpy())
