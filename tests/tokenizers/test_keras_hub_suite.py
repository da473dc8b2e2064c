"""keras-hub's own serialization test, for every tokenizer and the sampler (check 30)."""

import keras
import pytest

pytest.importorskip("grain", reason="keras-hub's test suite imports grain")
test_case = pytest.importorskip("keras_hub.src.tests.test_case", reason="keras-hub's test suite cannot be imported")

from tests.conftest import TOKENIZERS  # noqa: E402
from tinylm_keras import Sampler  # noqa: E402


class Suite(test_case.TestCase):
    """Lends its methods: it is no test of its own."""

    __test__ = False

    def runTest(self):
        raise NotImplementedError


@pytest.mark.parametrize("name", sorted(TOKENIZERS))
def test_check_30_a_tokenizer_passes_the_serialization_test_of_keras_hub(name):
    Suite().run_serialization_test(TOKENIZERS[name]())


def test_check_30_a_sampler_passes_the_serialization_test_of_keras_hub():
    sampler = Sampler(temperature=0.5, top_k=3, top_p=0.9, min_p=0.1, repetition_penalty=1.2)
    Suite().run_serialization_test(sampler)
    assert keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(sampler)) == sampler
