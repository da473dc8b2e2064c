"""The settings of a training run, presets, and the names that they may use. No Keras, no text."""
