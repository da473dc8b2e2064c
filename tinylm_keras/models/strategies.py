"""Refuses to train under TensorFlow's strategies with several replicas, because the result would be another model."""

from tinylm_keras import _checks


def refuse_replicas(model):
    """Raise a ValueError if `model` belongs to a `tf.distribute` strategy with more than one replica.

    Keras clips the gradient of each replica before it adds them up, every replica drops the same places, and a loss
    that a model computes itself is divided by the rows of one replica alone. Nothing of this is an error.
    """
    strategy = getattr(model, "distribute_strategy", None)  # of the TensorFlow backend
    count = 1 if strategy is None else strategy.num_replicas_in_sync
    if count > 1:
        raise _checks.refusal(
            f"`fit` must not run under a tf.distribute strategy with several replicas: Keras would train something "
            f"else than on one device. Received: {count} replicas. For several devices, set KERAS_BACKEND=jax and use ",
            _checks.Argument("distribute", "data"),
            " of tlm.train.",
        )
