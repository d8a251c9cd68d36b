import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()


def trained(choose):
    """The moving mean of a layer that two towers share, fed with the means 5 and 105."""
    tf.reset_default_graph()
    towers, lists = [tf.placeholder(tf.float32, [None, 3]) for _ in range(2)], []
    total = 0.0
    with tf.variable_scope("model", reuse=tf.AUTO_REUSE):
        for number, x in enumerate(towers):
            with tf.name_scope(f"tower_{number}") as scope:
                h = tf.layers.batch_normalization(x, momentum=0.9, training=True, name="bn")
                total += tf.reduce_mean(tf.square(tf.layers.dense(h, 1, name="dense")))
                lists.append(tf.get_collection(tf.GraphKeys.UPDATE_OPS, scope))
    with tf.control_dependencies(choose(lists)):
        train_op = tf.train.GradientDescentOptimizer(0.01).minimize(total)
    (mean,) = tf.global_variables(".*/moving_mean")
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(100):
            feed = {x: np.random.normal(5.0 + 100.0 * number, 2.0, [64, 3]) for number, x in enumerate(towers)}
            sess.run(train_op, feed)
        return sess.run(mean)


print("last list:", trained(lambda lists: lists[-1]))
print("first list:", trained(lambda lists: lists[0]))
print("both lists:", trained(lambda lists: lists[0] + lists[1]))
