"""What a weight is for, as far as optimizers treat weights differently: decided by its layer, never by a name.

Keras decides by searching patterns in the path of a variable, and that begins with the name of the model: a model
named "embedding_study" would have no weight decay, and one named "head" nothing for Muon to train.
"""

import re

import keras

from tinylm_keras.models import frozen

# The pattern by which a recipe keeps Muon away from the head. Here it means the model's `head`, whatever layers are
# called; other patterns are the user's own, and are searched in the names of layers and weights below the model.
HEAD = r"(^|/)head/"


def assign(model, optimizer):
    """Tell an optimizer that is not built yet which weights decay, and a Muon which ones it leaves to Adam.

    Weight decay is for the matrices of dense layers: not for embeddings, biases and the scales of norms, nor for what
    `exclude_from_weight_decay` was told before.

    Args:
        model: `LanguageModel`.
        optimizer: Optimizer of Keras, perhaps in a `LossScaleOptimizer`.
    """
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    if optimizer.built:
        return
    variables = model.trainable_variables
    embeddings = _ids_of_embeddings(model)
    undecayed = [
        variable
        for variable in variables
        if len(variable.shape) < 2 or id(variable) in embeddings or not optimizer._use_weight_decay(variable)
    ]
    if undecayed:
        optimizer.exclude_from_weight_decay(var_list=undecayed)
    if isinstance(optimizer, keras.optimizers.Muon):
        by_adam = {id(variable) for variable in variables if len(variable.shape) != 2}
        by_adam |= embeddings if optimizer.exclude_embeddings else set()
        by_adam |= _excluded(model, optimizer.exclude_layers)
        optimizer._should_use_adamw = lambda variable: id(variable) in by_adam


def _ids_of_embeddings(model):
    """The ids of the weights of all layers that are embeddings; what is in a layer has a class of its own."""
    layers = [layer for layer in model._flatten_layers() if layer is not model and _is_embedding(layer)]
    return {id(variable) for layer in layers for variable in layer._trainable_variables}


def _is_embedding(layer):
    if isinstance(layer, keras.layers.Embedding):
        return True
    # Nothing but its class tells what a weight is that a layer has made itself.
    other = isinstance(layer, (keras.Model, keras.layers.Dense, keras.layers.EinsumDense))
    return "embedding" in type(layer).__name__.lower() and not other


def _excluded(model, patterns):
    """The ids of the variables that patterns of Muon's `exclude_layers` mean."""
    head = getattr(model, "network", model).head  # of a mixture, that of its network
    found = {id(variable) for variable in head.weights} if HEAD in patterns else set()
    others = [pattern for pattern in patterns if pattern != HEAD]
    for place, part, _ in frozen.parts(model, models_too=False):
        if any(re.search(pattern, place) for pattern in others):
            found.add(id(part))
    return found
