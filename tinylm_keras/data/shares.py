"""Which rows of a batch belong to this process, if Keras distributes training over several devices.

Keras holds the distribution: None, `DataParallel` or `ModelParallel`. With several processes, each passes its own rows
to `fit`, and Keras makes the global batch of them.
"""

import keras


def replicas():
    """Return the number of parts into which a batch is divided: one for each copy of the model.

    Example:

    >>> replicas()
    1
    """
    distribution = keras.distribution.distribution()
    return 1 if distribution is None else distribution.num_model_replicas


def whole(rows):
    """Return `rows` rounded up to a multiple of the number of replicas, because each gets equally many.

    Example:

    >>> whole(7)
    7
    """
    return -(-rows // replicas()) * replicas()


def own(batch):
    """Return the part of a batch, a tuple of arrays, that this process passes to Keras.

    The part goes by `data_shard_id`, not by the number of the process: processes that hold one copy of the model
    together pass the same rows.
    """
    distribution = keras.distribution.distribution()
    if distribution is None or distribution.num_processes == 1:
        return batch
    parts = min(distribution.num_processes, distribution.num_model_replicas)
    rows = len(batch[0]) // parts
    first = distribution.data_shard_id * rows
    return tuple(array[first : first + rows] for array in batch)
