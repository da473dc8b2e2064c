"""On JAX, with and without TensorFlow: files load, tokenizers work, and what needs TensorFlow says so."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest

from tests.conftest import needs_no_tensorflow
from tinylm_keras.models import MiniLM

CHILD = """
import json, sys
without_tensorflow = sys.argv[1] == "without"
if without_tensorflow:
    sys.modules.update(tensorflow=None, tensorflow_text=None)
import numpy as np
import tinylm_keras as tlm
results = {}
for path in sys.argv[3:]:
    model = tlm.load_model(path)
    tokenizer = model.tokenizer
    ids = tokenizer.tokenize(sys.argv[2])
    result = {"ids": ids.tolist(), "text": tokenizer.detokenize(ids), "fingerprint": tokenizer.fingerprint()}
    result["generated"] = model.generate("the cat", max_new_tokens=5, temperature=0)
    result["streamed"] = "".join(model.stream("the cat", max_new_tokens=5, temperature=0))
    calls = {"call": lambda: np.array(tokenizer(["the cat", "a"])).tolist()}
    calls["adapt"] = lambda: type(tokenizer)().adapt(["the cat", "the dog"]).get_vocabulary()
    if not without_tensorflow:
        import tensorflow as tf
        dataset = tf.data.Dataset.from_tensor_slices(["the cat", "a"]).batch(2)
        result["mapped"] = next(iter(dataset.map(tokenizer))).numpy().tolist()
    for name, call in calls.items():
        try:
            result[name] = call()
        except ImportError as error:
            result[name] = str(error)
    results[path] = result
import keras
assert keras.backend.backend() == "jax"
assert bool(sys.modules.get("tensorflow")) != without_tensorflow
print(json.dumps(results))
"""


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed: pip install jax")
@pytest.mark.parametrize("tensorflow", ["with", pytest.param("without", marks=needs_no_tensorflow)])
def test_on_jax_tokenizers_work_with_and_without_tensorflow(tensorflow, one_of_each_tokenizer, tmp_path):
    text, models = "the cat sat on the mat", {}
    for name, tokenizer in one_of_each_tokenizer.items():
        path = str(tmp_path / f"{name}.keras")
        models[path] = MiniLM(tokenizer=tokenizer, context_length=8, embed_dim=8, num_blocks=1)
        models[path].save(path)
    arguments = ["-c", CHILD, tensorflow, text, *models]
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    child = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=environment)
    assert child.returncode == 0, child.stderr[-2000:]
    for path, result in json.loads(child.stdout.splitlines()[-1]).items():
        tokenizer = models[path].tokenizer
        assert result["ids"] == tokenizer.tokenize(text).tolist()
        assert result["text"] == text
        assert result["fingerprint"] == tokenizer.fingerprint()
        assert result["generated"] == result["streamed"]
        assert result["generated"].startswith("the cat")
        padded = tokenizer(["the cat", "a"]).numpy().tolist()
        vocabulary = type(tokenizer)().adapt(["the cat", "the dog"]).get_vocabulary()
        if tensorflow == "with":
            assert (result["call"], result["adapt"], result["mapped"]) == (padded, vocabulary, padded)
            continue
        assert result["adapt"] == vocabulary
        if "byte_pair" in path:
            assert result["call"] == padded
        else:
            assert "needs TensorFlow to be called; `adapt`, `tokenize` and `detokenize` do not." in result["call"]
