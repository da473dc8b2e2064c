"""Tokenizers on `keras.layers.TextVectorization`."""

import collections
import re

import keras
import numpy as np

from tinylm_keras import _checks
from tinylm_keras.tokenizers.base import Tokenizer

PAD, UNKNOWN = "", "[UNK]"
BATCH = 4096


class VectorizedTokenizer(Tokenizer):
    """A vocabulary of strings, looked up by a `TextVectorization` layer. Subclasses say how a text is split.

    Id 0 pads, id 1 is every unknown word, then the words from the most to the least frequent; the end token, when
    there is one, has the last id. The vocabulary lives in the config (JSON) and nowhere else: Keras's own asset file
    has one token a line and loses or shifts tokens that hold a line break of any alphabet.
    """

    pad_id = 0
    unk_id = 1

    def __init__(self, max_tokens=None, sequence_length=None, end_token=None, vocabulary=None, **kwargs):
        character_counts = kwargs.pop("character_counts", None)
        super().__init__(end_token=end_token, **kwargs)
        least = 3 + (end_token is not None)
        if max_tokens is not None:
            max_tokens = _checks.whole_number(
                "max_tokens", max_tokens, least, advice="Padding, [UNK] and the end token count too."
            )
        if sequence_length is not None:
            sequence_length = _checks.whole_number("sequence_length", sequence_length, 1)
        if end_token in (PAD, UNKNOWN):
            raise _checks.refuse("end_token", f"must differ from {UNKNOWN!r}", end_token)
        self.max_tokens = max_tokens
        self.sequence_length = sequence_length
        self._forget()
        if vocabulary is not None:
            self._set_words(self._checked_words(vocabulary))
        if character_counts:
            self.__dict__["character_counts"] = dict(character_counts)

    # The vocabulary

    def adapt(self, texts):
        """Learn the vocabulary: the most frequent tokens, up to `max_tokens` with the special ones.

        Args:
            texts: str, list of str, any iterable of str, or a `tf.data.Dataset` of strings (batched or not).

        Returns:
            The tokenizer itself.

        Raises:
            ValueError: if the texts hold no token at all.
        """
        scratch = self._layer(max_tokens=self.max_tokens and self.max_tokens + 2)
        characters = collections.Counter()

        for batch in _string_batches(texts):
            for text in batch:
                characters.update(text)
            scratch.update_state(batch)
        scratch.finalize_state()
        # The strings of the control tokens are ordinary unknown words when a text holds them.
        # Keras drops NUL at the end of a token, which can make two tokens equal: the second is an unknown word.
        words = dict.fromkeys(str(word) for word in scratch.get_vocabulary()[2:])
        words = [word for word in words if word not in (PAD, UNKNOWN, self.end_token)]
        if not words:
            raise ValueError("`texts` must hold at least one token to adapt to. Received: only blank text.")
        self._set_words(words[: self._most_words()])
        self.__dict__["character_counts"] = dict(sorted(characters.items()))
        return self

    def get_vocabulary(self):
        """All tokens in the order of their ids, as a list of str: "" (padding), "[UNK]", the words, the end token."""
        end = [] if self.end_token is None else [self.end_token]
        return [PAD, UNKNOWN, *self._known_words(), *end]

    def vocabulary_size(self):
        """Number of ids, the special ones included."""
        return 2 + len(self._known_words()) + (self.end_token is not None)

    @property
    def end_id(self):
        """Id of the end token, the last of the vocabulary; None without one."""
        return None if self.end_token is None else self.vocabulary_size() - 1

    def id_to_token(self, id):
        """The token with this id."""
        return self.get_vocabulary()[_checks.whole_number("id", id, 0, self.vocabulary_size() - 1)]

    def token_to_id(self, token):
        """The id of this token; `unk_id` for one that the vocabulary lacks."""
        if self.__dict__["_ids"] is None:
            self.__dict__["_ids"] = {word: index for index, word in enumerate(self.get_vocabulary())}
        return self.__dict__["_ids"].get(_checks.text("token", token), self.unk_id)

    # Text to ids

    def call(self, inputs):
        """Ids padded on the right: int32 `[batch, sequence_length]`, or as long as the longest text without one.

        Longer texts are cut to `sequence_length`. Strings and string tensors are accepted; one str gives `[length]`.
        """
        import tensorflow as tf

        ids = self.vectorization(inputs)  # int64; a TensorFlow tensor inside tf.data on every backend
        return tf.cast(ids, "int32") if tf.is_tensor(ids) else keras.ops.cast(ids, "int32")

    @property
    def vectorization(self):
        """The `TextVectorization` layer behind a call: it splits, looks up, pads and cuts."""
        return self._built_layer("_padded", output_sequence_length=self.sequence_length)

    def _encode(self, texts):
        layer = self._built_layer("_ragged", ragged=True)
        arrays = []
        for first in range(0, len(texts), BATCH):
            ragged = layer(texts[first : first + BATCH])
            ids = ragged.flat_values.numpy().astype("int32")
            arrays.extend(np.split(ids, ragged.row_splits.numpy()[1:-1]))
        return arrays

    def _layer(self, **arguments):
        # Built on first use: TensorFlow is not needed to load a model and to generate from ids. The first use may be
        # inside tf.data.Dataset.map, whose graph must not own the table.
        import tensorflow as tf

        with tf.init_scope(), tf.device("cpu"):
            return keras.layers.TextVectorization(standardize=None, split=self._split, **arguments)

    def _built_layer(self, name, **arguments):
        if self.__dict__[name] is None:
            self.__dict__[name] = self._layer(vocabulary=list(self._known_words()), **arguments)
        return self.__dict__[name]

    # State: held outside Keras's tracking, so that no sublayer and no asset file comes of it

    def _forget(self):
        self.__dict__.update(_words=None, _ids=None, _padded=None, _ragged=None)

    def _set_words(self, words):
        self._forget()
        self.__dict__["_words"] = tuple(words)

    def _known_words(self):
        words = self.__dict__["_words"]
        if words is None:
            raise ValueError(
                f"This {type(self).__name__} has no vocabulary yet. Call adapt(texts) first, or pass `vocabulary`."
            )
        return words

    def _most_words(self):
        return None if self.max_tokens is None else self.max_tokens - 2 - (self.end_token is not None)

    def _checked_words(self, vocabulary):
        """The words of a `vocabulary` argument: a list of strings, with or without the special tokens."""
        if isinstance(vocabulary, str) or not isinstance(vocabulary, (list, tuple)):
            raise _checks.refuse(
                "vocabulary",
                "must be a list of strings",
                vocabulary,
                "A path is not read: read the file and pass its words.",
            )
        words = list(vocabulary)
        if words[:2] == [PAD, UNKNOWN]:
            words = words[2:]
        if self.end_token is not None and words and words[-1] == self.end_token:
            words = words[:-1]
        if not words:
            raise _checks.refuse("vocabulary", "must hold at least one word", vocabulary)
        for word in words:
            if not isinstance(word, str) or word in (PAD, UNKNOWN, self.end_token) or word.endswith("\0"):
                rule = "must hold non-empty strings that are not special tokens and do not end in NUL"
                raise _checks.refuse("vocabulary", rule, word)
        if len(set(words)) < len(words):
            twice = collections.Counter(words).most_common(1)[0][0]
            raise _checks.refuse("vocabulary", "must not hold a word twice", twice)
        size = len(words) + 2 + (self.end_token is not None)
        if self.max_tokens is not None and size > self.max_tokens:
            raise ValueError(
                f"`vocabulary` must not be longer than `max_tokens`, the special tokens included. Received: "
                f"{size} tokens, max_tokens={self.max_tokens}. Raise max_tokens or shorten the list."
            )
        return words

    def get_config(self):
        state = {"character_counts": self.character_counts} if self.character_counts else {}
        words = self.__dict__["_words"]
        return {
            **super().get_config(),
            "max_tokens": self.max_tokens,
            "sequence_length": self.sequence_length,
            "vocabulary": None if words is None else list(words),
            **state,
        }


@keras.saving.register_keras_serializable(package="tinylm_keras")
class WhitespaceTokenizer(VectorizedTokenizer):
    r"""Words are what stands between white space; "ball" and "ball." are two words.

    Lossy: every run of blanks, tabs and line breaks becomes one blank, and unknown words become "[UNK]". Split at
    ASCII white space, as TensorFlow does; other Unicode spaces are part of a word.

    Args:
        max_tokens: int or None. Largest vocabulary, the special tokens included.
        sequence_length: int or None. Length that a call pads and cuts to; None: as long as the longest text.
        end_token: str or None. Control token that closes each text in training and stops generation.
        vocabulary: list of str or None. Words in the order of their ids, instead of `adapt`.

    Raises:
        ValueError: if a size is below its minimum, or `vocabulary` is no list of different strings that fits.

    Example:

    >>> tokenizer = WhitespaceTokenizer(sequence_length=4).adapt(["the cat sat", "the dog"])
    >>> tokenizer.tokenize("the cat ran")
    array([2, 5, 1], dtype=int32)
    >>> tokenizer(["the cat", "dog"]).numpy()
    array([[2, 5, 0, 0], [4, 0, 0, 0]], dtype=int32)
    >>> tokenizer.detokenize([2, 4, 0])
    'the dog'
    """

    _split = "whitespace"

    def continuation(self, text, ids):
        vocabulary = (PAD, UNKNOWN, *self._known_words(), PAD)
        words = " ".join(vocabulary[i] for i in ids if i not in (self.pad_id, self.end_id))
        return f" {words}" if words and text and not text[-1].isspace() else words

    def pieces(self, text):
        return [piece for piece in re.split(r"[ \t\n\v\f\r]+", text) if piece]


def _string_batches(texts):
    """Lists of at most BATCH strings, from everything that `adapt` accepts."""
    if isinstance(texts, str):
        texts = [texts]
    batch = []
    for text in texts:
        if not isinstance(text, str):  # an element of a tf.data.Dataset: a scalar or a vector of bytes
            decoded = [item.decode("utf-8") for item in np.asarray(text, dtype=object).reshape(-1)]
        else:
            decoded = [_checks.text("texts", text)]
        batch.extend(decoded)
        if len(batch) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
