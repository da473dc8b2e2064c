"""Laws of `data.read("tfds:…")`, on a data set made up here; the network is off."""

import re
import socket

import pytest

from tinylm_keras.text.sources import read


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A small data set prepared on disk, known to TensorFlow Datasets by its name."""
    import numpy as np
    import tensorflow_datasets as tfds

    def entries(count):
        texts = [
            {
                "text": f"One\n\ncafé {number}",
                "title": f"Title {number}",
                "label": number,
                "talk": {"turns": [f"Hi {number}", "Bye"], "in": {"en": f"good {number}", "fr": f"bon {number}"}},
            }
            for number in range(count)
        ]
        return list(enumerate(texts))

    folder = tmp_path_factory.mktemp("tfds")
    features = {
        "text": tfds.features.Text(),
        "title": tfds.features.Text(),
        "label": np.int32,
        "talk": {"turns": tfds.features.Sequence(tfds.features.Text()), "in": tfds.features.Translation(["en", "fr"])},
    }
    tfds.disable_progress_bar()
    tfds.dataset_builders.store_as_tfds_dataset(
        name="made_up_texts",
        version="1.0.0",
        features=tfds.features.FeaturesDict(features),
        split_datasets={"train": entries(4), "test": entries(2)},
        data_dir=folder,
    )
    translations = [{"en": f"good {number}", "fr": f"bon {number}"} for number in range(2)]
    tfds.dataset_builders.store_as_tfds_dataset(
        name="made_up_translations",
        version="1.0.0",
        features=tfds.features.Translation(["en", "fr"]),
        split_datasets={"train": list(enumerate(translations))},
        data_dir=folder,
    )
    tfds.core.add_data_dir(folder)


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*arguments):
        raise OSError("the network is off in this test")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def test_a_data_set_is_read_by_name(prepared):
    assert sorted(read("tfds:made_up_texts")) == [f"One\n\ncafé {number}" for number in range(4)]
    assert read("tfds:made_up_texts") == read("tfds:made_up_texts:1.0.0")


def test_split_and_key_are_chosen(prepared):
    assert sorted(read("tfds:made_up_texts:test#title")) == ["Title 0", "Title 1"]
    assert len(read("tfds:made_up_texts:train[:50%]")) == 2
    assert sorted(read("tfds:made_up_texts:test", separator="\n\n")) == ["One", "One", "café 0", "café 1"]


def test_what_does_not_exist_is_refused_with_what_does(prepared):
    for name, message in {
        "tfds:made_up_texts#no": "`source` must have the key 'no'. Received: source='tfds:made_up_texts#no'. "
        "There are: 'label', 'talk/in/en', 'talk/in/fr', 'talk/turns', 'text', 'title'. Write tfds:made_up_texts#KEY.",
        "tfds:made_up_texts:no": "`source` must have the split 'no'. Received: source='tfds:made_up_texts:no'. "
        "There are: 'train', 'test'.",
        "tfds:made_up_texts#label": "`source` must hold text under the key 'label'. Received: source=",
        "tfds:made_up_texts#talk": "`source` must hold text under the key 'talk'. Received: source=",
        "tfds:made_up_texts#talk/on": "`source` must have the key 'talk/on'. Received: source='tfds:made_up",
        "tfds:": "`source` must look like tfds:NAME[/config][:split][#key]. Received: source='tfds:'. "
        "Try 'tfds:tiny_shakespeare'.",
        "tfds:surely_no_such_texts": "`source` must name a data set that TensorFlow Datasets knows. Received: "
        "source='tfds:surely_no_such_texts'.",
    }.items():
        with pytest.raises(ValueError, match=re.escape(message)):
            read(name)


def test_nested_texts_are_read_by_their_path_and_lists_give_each_string(prepared):
    assert sorted(read("tfds:made_up_texts:test#talk/in/fr")) == ["bon 0", "bon 1"]
    assert sorted(read("tfds:made_up_translations#fr")) == ["bon 0", "bon 1"]
    assert sorted(read("tfds:made_up_texts:test#talk/turns")) == ["Bye", "Bye", "Hi 0", "Hi 1"]


def test_a_data_set_streams_into_token_files(prepared, tmp_path):
    from tinylm_keras.data import prepare
    from tinylm_keras.tokenizers import CharacterTokenizer

    token_files = prepare("tfds:made_up_texts", CharacterTokenizer(), tmp_path / "token_files", validation=0.25)
    assert (token_files.train.documents, token_files.validation.documents) == (3, 1)
    assert token_files.sources == ["tfds:made_up_texts"]
