"""keras-nlp if it is installed, otherwise keras-hub, its new name; the classes are the same objects.

The package requires only keras-hub. Each keras-nlp release requires one keras-hub release and so one Keras release;
requiring keras-nlp would replace the Keras that a notebook has loaded.
"""

try:
    import keras_nlp
except ImportError:
    import keras_hub as keras_nlp

__all__ = ["keras_nlp"]
