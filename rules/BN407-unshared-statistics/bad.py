import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()


def network(x, training):
    h = tf.layers.dense(x, 4, name="hidden", reuse=tf.AUTO_REUSE)
    h = tf.layers.batch_normalization(h, momentum=0.9, training=training)  # bad: BN407
    return tf.layers.dense(tf.nn.relu(h), 1, name="head", reuse=tf.AUTO_REUSE)


if __name__ == "__main__":
    x = tf.placeholder(tf.float32, [None, 3])
    target = tf.placeholder(tf.float32, [None, 1])
    loss = tf.reduce_mean(tf.square(network(x, training=True) - target))
    prediction = network(x, training=False)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        train_op = tf.train.GradientDescentOptimizer(0.01).minimize(loss)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(100):
            batch = np.random.normal(5.0, 2.0, [64, 3])
            sess.run(train_op, {x: batch, target: batch.mean(axis=1, keepdims=True)})
        for variable in tf.global_variables(".*moving"):
            print(variable.op.name, sess.run(variable))
        print("test output:", sess.run(prediction, {x: batch[:1]}))
