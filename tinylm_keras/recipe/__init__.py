"""What a training run is told: settings, presets, and the names that they may use. No Keras, no text."""
