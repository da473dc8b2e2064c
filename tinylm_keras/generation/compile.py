"""Compile a function of tensors with the backend that runs: the one place that asks which it is."""

import keras


def compiled(function, variables):
    """Compile `function` with XLA, on TensorFlow and JAX; elsewhere it runs as it is.

    Args:
        function: Callable of tensors (and nested tuples of tensors), written with `keras.ops`.
        variables: list of `keras.Variable` that the function reads. Later changes of their values are seen.

    Returns:
        A callable with the same arguments. It compiles once for each combination of shapes.
    """
    backend = keras.config.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.function(function, jit_compile=True, autograph=False)
    if backend == "jax":
        import jax

        def stateless(values, arguments):
            # Without this, JAX would bake today's weights into the program as constants.
            with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
                return function(*arguments)

        program = jax.jit(stateless)
        return lambda *arguments: program([variable.value for variable in variables], arguments)
    return function
