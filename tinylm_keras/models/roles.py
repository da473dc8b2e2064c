"""Which weights decay, and which ones Muon trains: decided by the class of the layer, never by a name.

Keras searches for patterns in the path of a variable, which begins with the name of the model. So a model named
"embedding_study" would have no weight decay, and in a model named "head" Muon would train nothing.
"""

import re

import keras

from tinylm_keras.models import frozen

# The pattern with which a recipe excludes the head from Muon. Here it means the layer `model.head`, whatever its name.
# Other patterns come from the user and are searched in the paths of layers and weights inside the model.
HEAD = r"(^|/)head/"


def assign(model, optimizer):
    """Tell an optimizer that is not built yet which weights decay, and Muon which weights it trains with Adam.

    Weight decay applies to the matrices of dense layers: not to embeddings, biases and the scales of norms, nor to
    variables that `exclude_from_weight_decay` already excludes.

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
    """Return the `id()` of the weights of all embedding layers, without those of layers inside them."""
    layers = [layer for layer in model._flatten_layers() if layer is not model and _is_embedding(layer)]
    return {id(variable) for layer in layers for variable in layer._trainable_variables}


def _is_embedding(layer):
    if isinstance(layer, keras.layers.Embedding):
        return True
    # Only the class of a custom layer tells what its weights are.
    other = isinstance(layer, (keras.Model, keras.layers.Dense, keras.layers.EinsumDense))
    return "embedding" in type(layer).__name__.lower() and not other


def _excluded(model, patterns):
    """Return the `id()` of the variables that match the patterns of Muon's `exclude_layers`."""
    head = getattr(model, "network", model).head  # a mixture has the head of its network
    found = {id(variable) for variable in head.weights} if HEAD in patterns else set()
    others = [pattern for pattern in patterns if pattern != HEAD]
    for place, part, _ in frozen.parts(model, models_too=False):
        if any(re.search(pattern, place) for pattern in others):
            found.add(id(part))
    return found
