"""Token ids on disk, for text that does not fit in memory: `train.bin`, `validation.bin` and their index."""
