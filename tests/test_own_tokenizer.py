"""The page about own tokenizers runs as it stands, and what a tokenizer lacks is named."""

import pathlib
import re

import pytest

from tinylm_keras._keras_nlp import keras_nlp
from tinylm_keras.data import concatenate, lines
from tinylm_keras.models import MiniLM
from tinylm_keras.tokenizers import Tokenizer, WhitespaceTokenizer

PAGE = pathlib.Path(__file__).parents[1] / "docs" / "own_tokenizer.md"


def test_the_python_of_the_page_runs_as_it_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), flags=re.M | re.S)
    names = {"__name__": "page"}
    exec("\n".join(code), names)
    assert (tmp_path / "pairs.keras").exists()
    streamed = "".join(names["loaded"].stream("to be ", max_new_tokens=5, seed=1, stop=["zz"]))
    assert streamed == names["loaded"].generate("to be ", max_new_tokens=5, seed=1, stop=["zz"])


class Unfinished(Tokenizer):
    def _encode(self, texts):
        return []

    def token_strings(self, text):
        return []

    def get_vocabulary(self):
        return ["a"]


class Duck:
    """Has what it is given, and nothing else."""

    def __init__(self, **attributes):
        self.__dict__.update(attributes)


@pytest.mark.parametrize(
    ("tokenizer", "lacking"),
    [
        (object(), "must have the method `tokenize`"),
        (Unfinished(), "must have the method `continuation`"),
        (Duck(tokenize=len, detokenize=len), "must have the method `tokenize_prompt`"),
        (keras_nlp.tokenizers.UnicodeCodepointTokenizer(), "must have the method `tokenize_prompt`"),
        (WhitespaceTokenizer, r"must be a tokenizer, not its class.*Try WhitespaceTokenizer\(\)"),
    ],
)
def test_a_tokenizer_that_lacks_a_method_is_refused_where_it_is_given(tokenizer, lacking):
    for use in (
        lambda: MiniLM(tokenizer=tokenizer),
        lambda: lines(["a a"], tokenizer, context_length=3),
        lambda: concatenate(["a a"], tokenizer),
    ):
        with pytest.raises(TypeError, match=f"^`tokenizer` {lacking}") as error:
            use()
        assert "\n" not in str(error.value)


def test_an_object_with_every_method_is_a_tokenizer(texts):
    real = WhitespaceTokenizer().adapt(texts)
    names = [name for name in dir(real) if not name.startswith("__")]
    duck = Duck(**{name: getattr(real, name) for name in names if name != "unk_id" and hasattr(real, name)})
    with pytest.raises(TypeError, match=r"^`tokenizer` must have the attribute `unk_id` \(None if"):
        lines(texts, duck, context_length=12)
    duck.unk_id = 1
    assert lines(texts, duck, context_length=12).batch(0)[0].shape[1] == 12
