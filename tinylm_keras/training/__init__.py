"""Training: recipes and presets, callbacks, and `train`. Importing it, or the presets, imports no Keras."""
