"""Sources of text: files, folders, tables and data sets, as `str`. Characters only: no ids, no Keras."""
