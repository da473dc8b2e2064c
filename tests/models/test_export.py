"""A model leaves Keras as a SavedModel: int32 ids of any number and length in, the same logits out."""

import numpy as np
import pytest
import tensorflow as tf

from tinylm_keras import load_model

IDS = np.random.default_rng(0).integers(2, 20, (3, 7)).astype("int32")


@pytest.mark.parametrize("loaded", [False, True])
def test_an_exported_model_gives_the_logits_of_a_call(make_model, tmp_path, loaded):
    model = make_model(vocabulary_size=20)
    if loaded:
        model.save(tmp_path / "model.keras")
        model = load_model(tmp_path / "model.keras")
    model.export(tmp_path / "exported", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "exported"))
    [signature] = served.signatures["serving_default"].structured_input_signature[1].values()
    assert (signature.shape.as_list(), signature.dtype) == ([None, None], tf.int32)
    for ids in (IDS, IDS[:1, :2], IDS[:2, :1]):
        np.testing.assert_allclose(served.serve(ids), model(ids), atol=1e-5)
