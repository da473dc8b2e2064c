"""Training: recipes and presets, callbacks, and `train`. Importing it, or the presets, imports no Keras."""

# Between the names of several sources in a run's records.
JOINED = " + "
