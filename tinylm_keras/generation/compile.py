"""Compiles functions of tensors with the backend in use."""

import keras


def compiled(function, variables):
    """Compile `function` with XLA, with TensorFlow and JAX; with other backends return it unchanged.

    Args:
        function: Callable of tensors (and nested tuples of tensors), written with `keras.ops`.
        variables: list of `keras.Variable` that the function reads. Their values may change later.

    Returns:
        A callable with the same arguments and the same nesting. It compiles once for each combination of shapes.
    """
    backend = keras.config.backend()
    if backend == "tensorflow":
        return _ByShape(function)
    if backend == "jax":
        import jax

        def stateless(values, arguments):
            # Otherwise JAX would compile the present weights into the program as constants.
            with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
                return function(*arguments)

        program = jax.jit(stateless)
        return lambda *arguments: program([variable.value for variable in variables], arguments)
    return function


def always_compiles():
    """Return whether `fit` and `evaluate` have to be compiled even for a few steps, as with JAX.

    Without XLA, JAX runs operation by operation, and compiles each loop again whenever it reaches it: a step then takes
    seconds. (TensorFlow also has graphs without XLA.)
    """
    return keras.config.backend() == "jax"


class _ByShape:
    """A `tf.function` whose programs are looked up by shapes alone, in half the time of TensorFlow's lookup.

    The arguments are flat inside, because TensorFlow is slow to bind nested ones.
    """

    def __init__(self, function):
        self.function, self.programs = function, {}

    def __call__(self, *arguments):
        import tensorflow as tf

        tensors = [tf.convert_to_tensor(one) for one in tf.nest.flatten(arguments)]
        key = tuple([(one.dtype, *one.shape) for one in tensors])
        if key not in self.programs:
            structure = tf.nest.map_structure(
                lambda _: None, arguments
            )  # without the arrays, which would never be freed

            def flat(*tensors):
                return self.function(*tf.nest.pack_sequence_as(structure, tensors))

            program = tf.function(flat, jit_compile=True, autograph=False).get_concrete_function(*tensors)
            self.programs[key] = program
        return self.programs[key](*tensors)
