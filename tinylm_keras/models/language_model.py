"""What all models share: loss, perplexity, generation and saving."""

import keras
import numpy as np
from keras import ops

from tinylm_keras import _checks, _files, archive, generation
from tinylm_keras.metrics import Perplexity, token_nats


class LanguageModel(keras.Model):
    """A causal model: `call(token_ids [B, T]) -> logits [B, T, V]`; changing id j never moves the logits before j.

    A subclass builds its layers in `__init__`, ends it with `self.build((None, None))`, and gives

    - `hidden(token_ids, training=None)`: all before the last layer, `[B, T, D]`,
    - `head`: the last layer, from hidden vectors to logits,
    - `build(input_shape)`, which builds every layer (an unbuilt model would save without weights),
    - and, to generate faster, `step` and `empty_cache`.

    Past `context_length` a model goes on in one of two ways. By default it is fed the last `context_length` tokens, as
    positions from 0. With `rolling_cache = True`, `step` may go on with the same cache for ever, also several tokens at
    a time (at most `context_length`), and the result must equal `head(hidden(token_ids))` of the whole text, which then
    takes any length; `reach` says how far back that looks.

    Args:
        vocabulary_size: int or None. Number of ids; None: the tokenizer's.
        context_length: int. Largest T.
        pad_id: int or None. Id that is no token; None: the tokenizer's.
        tokenizer: `Tokenizer` or None. Kept in the model's file, outside Keras's tracking: a `TextVectorization`
            among the layers would silently turn XLA off.
    """

    rolling_cache = False

    def __init__(self, vocabulary_size=None, context_length=20, pad_id=None, tokenizer=None, **kwargs):
        kept = {name: kwargs.pop(name, None) for name in ("generation_defaults", "first_tokens")}
        super().__init__(**kwargs)
        if vocabulary_size is None:
            if tokenizer is None:
                raise _checks.refuse("vocabulary_size", "is needed without a tokenizer", None, "Pass one of the two.")
            vocabulary_size = tokenizer.vocabulary_size()
        self.vocabulary_size = _checks.whole_number("vocabulary_size", vocabulary_size, 1)
        if tokenizer is not None and tokenizer.vocabulary_size() > vocabulary_size:
            raise ValueError(
                f"`vocabulary_size` must cover the tokenizer. Received: vocabulary_size={vocabulary_size}, a tokenizer "
                f"with {tokenizer.vocabulary_size()} ids. Leave vocabulary_size out to take the tokenizer's."
            )
        self.context_length = _checks.whole_number("context_length", context_length, 1)
        self.pad_id = tokenizer.pad_id if pad_id is None and tokenizer is not None else pad_id
        self.__dict__["tokenizer"] = tokenizer
        self.generation_defaults = kept["generation_defaults"] or {}
        self.__dict__["first_tokens"] = [tuple(map(int, pair)) for pair in kept["first_tokens"] or ()]
        self.perplexity = Perplexity(pad_id=self.pad_id)

    # The forward pass

    def call(self, token_ids, training=None):
        """Logits `[B, T, vocabulary_size]` in float32 for `token_ids` `[B, T]`, T at most `context_length`."""
        _checks.within_context(tuple(token_ids.shape), self.context_length)
        return self.head(self.hidden(token_ids, training=training))

    def hidden(self, token_ids, training=None):
        """Vectors `[B, T, D]` that the head turns into logits."""
        raise NotImplementedError

    def step(self, token_ids, cache, start):
        """Hidden vectors of the positions `start`, `start + 1`, … and the new cache.

        This default suits every model and gains nothing: its cache is the ids themselves, read again each time.
        """
        cache = ops.slice_update(cache, (0, start), token_ids)
        hidden = self.hidden(cache, training=False)
        return ops.take(hidden, ops.arange(token_ids.shape[1]) + start, axis=1), cache

    def empty_cache(self, batch_size):
        """The cache of `batch_size` texts before their first token."""
        return ops.zeros((batch_size, self.context_length), "int32")

    @property
    def reach(self):
        """How many of the last tokens the next one depends on; what lies before them changes nothing."""
        return self.context_length

    def compute_output_shape(self, input_shape):
        return (*input_shape, self.vocabulary_size)

    # Training

    def compile(self, optimizer=None, loss=None, loss_weights=None, metrics=None, **kwargs):
        """As `keras.Model.compile`, with defaults for a language model.

        Args:
            optimizer: Default: AdamW with learning rate 1e-3, beta_2 0.99, weight decay 0.1, clipped to norm 1.
            loss: Default: cross-entropy of the real tokens in nats; padding weighs nothing.
            loss_weights: As in Keras.
            metrics: Added to `perplexity`, which is always there and costs nothing (the loss has its sum).
            **kwargs: As in Keras; `jit_compile` is True unless said otherwise (Keras's "auto" means no XLA on a CPU).

        Biases, norms and embeddings are left out of the optimizer's weight decay, also after loading.
        """
        if optimizer is None:
            optimizer = keras.optimizers.AdamW(1e-3, weight_decay=0.1, beta_2=0.99, global_clipnorm=1.0)
        optimizer = keras.optimizers.get(optimizer)
        kwargs.setdefault("jit_compile", not kwargs.get("run_eagerly", False))
        super().compile(optimizer, loss, loss_weights, metrics, **kwargs)
        if getattr(optimizer, "weight_decay", None) is not None and not optimizer.built:
            undecayed = [variable for variable in self.trainable_variables if not _decays(variable)]
            if undecayed:
                optimizer.exclude_from_weight_decay(var_list=undecayed)
        if self.optimizer is not None and not self.optimizer.built:
            # A file saved before the first step then has the same optimizer variables as the loaded model.
            self.optimizer.build(self.trainable_variables)

    def compile_from_config(self, config):
        """Called when a file is loaded: compile as it was compiled, so that `fit` goes on."""
        self.compile(**keras.saving.deserialize_keras_object(config))

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Mean nats per real token, plus what layers added with `add_loss`."""
        if self._compile_loss is not None:
            return super().compute_loss(x, y, y_pred, sample_weight, training)
        nats, weights = token_nats(y, y_pred, self.pad_id, sample_weight)
        total, count = ops.sum(nats * weights), ops.sum(weights)
        self.perplexity.add(total, count)
        return sum((ops.sum(loss) for loss in self.losses), ops.divide_no_nan(total, count))

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        if self._compile_loss is not None:  # else compute_loss has handed over the sums
            self.perplexity.update_state(y, y_pred, sample_weight)
        return super().compute_metrics(x, y, y_pred, sample_weight)

    def get_metrics_result(self):
        """As Keras's, with `loss` averaged over tokens as perplexity is (Keras averages batches by examples)."""
        results = super().get_metrics_result()
        if self._compile_loss is None:
            results["loss"] = self.perplexity.mean_nats()
        return results

    def fit(self, x=None, *args, validation_data=None, **kwargs):
        """As `keras.Model.fit`; `x` and `validation_data` may also be what `tlm.data.lines` or `windows` return."""
        if hasattr(x, "for_fit"):
            if x.first_tokens:
                self.__dict__["first_tokens"] = x.first_tokens
            kwargs.setdefault("steps_per_epoch", x.steps_per_epoch)
            kwargs["shuffle"] = False  # the order is in the data
            self._check_batches(x)
            x = x.for_fit(endless=True, first=kwargs.get("initial_epoch", 0) * kwargs["steps_per_epoch"])
        return super().fit(x, *args, validation_data=self._for_keras(validation_data), **kwargs)

    def evaluate(self, x=None, *args, **kwargs):
        """As `keras.Model.evaluate`; `x` may also be what `tlm.data.lines` or `windows` return."""
        return super().evaluate(self._for_keras(x), *args, **kwargs)

    def _for_keras(self, data):
        if not hasattr(data, "for_fit"):
            return data
        self._check_batches(data)
        return data.for_fit(endless=False)

    def _check_batches(self, data):
        """XLA clamps an id that is out of range and says nothing, so batches are checked before they are fed."""
        _checks.within_context((data.batch_size, data.length), self.context_length)
        largest = data.largest_id(self.pad_id)
        if largest >= self.vocabulary_size:
            raise _checks.refuse("ids", f"must be in [0, {self.vocabulary_size}), the model's vocabulary", largest)

    # Generation

    @property
    def generation_defaults(self):
        """dict of what `generate` and `stream` use for arguments that are None; saved in the model's file."""
        return self.__dict__.get("_generation_defaults")

    @generation_defaults.setter
    def generation_defaults(self, settings):
        self.__dict__["_generation_defaults"] = generation.check_defaults(settings)

    @property
    def end_id(self):
        """Id of the tokenizer's end token, or None."""
        return None if self.tokenizer is None else self.tokenizer.end_id

    def prompt_ids(self, text):
        """Ids of a text as training saw its beginning: with the end token in front, where the tokenizer has one."""
        ids = self.tokenizer.tokenize(text)
        return ids if self.end_id is None else np.concatenate([np.array([self.end_id], "int32"), ids])

    def generate(
        self,
        prompts,
        max_new_tokens=None,
        temperature=None,
        top_k=None,
        top_p=None,
        min_p=None,
        repetition_penalty=None,
        stop=None,
        seed=None,
        sampler=None,
        allow_unknown=False,
    ):
        """Continue one prompt or several.

        The first call compiles the loop (a few seconds); later calls with other prompts, seeds or settings do not.
        Past `context_length` the model is fed the last `context_length` tokens; one with a rolling cache (`RotaryLM`)
        goes on, each position seeing the last `context_length` positions in every layer.

        Args:
            prompts: str; list of str; ids `[n]`; ids `[B, n]` or a list of arrays of ids. An empty prompt starts from
                the end token, or without one from a first token of the training texts. A prompt counts with its last
                `reach` tokens: `context_length`, or more with a rolling cache.
            max_new_tokens: int from 0 to 1,000,000. None: `generation_defaults`, else 64.
            temperature, top_k, top_p, min_p, repetition_penalty: see `Sampler`. None: `generation_defaults`, else off.
            stop: str or list of str. Ends a text before the first of these strings that it writes.
            seed: int of at least 0. Row i draws from (seed, i). None: fresh numbers each time.
            sampler: `Sampler`, or one of `keras_nlp.samplers` that chooses a token at a time (greedy, random, top-k,
                top-p or a subclass with `get_next_token`; it brings its own seed).
            allow_unknown: bool. Whether "[UNK]" may be written.

        Returns:
            str for str, list for list, int32 ids for ids (a list of arrays for several), the prompt in front. The end
            token and the stop string are not part of it.

        Raises:
            ValueError: if an argument is outside its range, or the logits are not finite.

        Example:

        >>> from tinylm_keras.models import MiniLM
        >>> from tinylm_keras.tokenizers import WhitespaceTokenizer
        >>> model = MiniLM(tokenizer=WhitespaceTokenizer(vocabulary=["a", "b"]), context_length=8)
        >>> model.generate("a b", max_new_tokens=0)
        'a b'
        """
        settings = {name: value for name, value in locals().items() if name not in ("self", "prompts")}
        return generation.generate(self, prompts, **settings)

    def stream(self, prompt, **settings):
        """Iterate over the text of `generate(prompt, **settings)` as it is written; the pieces join to the same text.

        Args:
            prompt: str.
            **settings: The arguments of `generate`.

        Returns:
            An iterator of str. The first piece is the prompt, when it is not empty.
        """
        return generation.stream(self, prompt, **settings)

    def score(self, text):
        """log p(token i | tokens before) in nats, for every token but the first: float32 `[n - 1]`.

        Args:
            text: str, or ids `[n]`. Longer than the context, each token is scored after the `context_length` before it,
                and by a model with a rolling cache as `generate` goes on.

        Returns:
            float32 numpy array; empty for fewer than two tokens.
        """
        return generation.score(self, text)

    # Saving

    def save(self, filepath, overwrite=True, **kwargs):
        """Write the model to one `.keras` file: weights, optimizer, tokenizer and generation defaults.

        The file is replaced whole or not at all, so a crash never leaves a broken one.

        Args:
            filepath: str or path that ends in ".keras".
            overwrite: bool. False: refuse when the file exists.
            **kwargs: As `keras.Model.save`.

        Raises:
            ValueError: if the name does not end in ".keras".
            FileExistsError: if the file exists and `overwrite` is False.
            OSError: if the file cannot be written; an old file is still there, whole.
        """
        path = _files.check_keras_path(filepath)
        if path.exists() and not overwrite:
            raise FileExistsError(f"{path} exists. Choose another name, or save with overwrite=True.")
        with _files.atomic_path(path) as temporary:
            super().save(temporary, **kwargs)

    def get_config(self):
        """Everything needed to build the model again, as JSON-ready values."""
        tokenizer = self.tokenizer
        training = self.__dict__.get("_training_state")  # text, while a checkpoint is written
        return ({} if training is None else {"training": training}) | {
            "name": self.name,
            "format_version": archive.FORMAT_VERSION,
            "dtype": keras.saving.serialize_keras_object(self.dtype_policy),
            "vocabulary_size": self.vocabulary_size,
            "context_length": self.context_length,
            "pad_id": self.pad_id,
            "tokenizer": None if tokenizer is None else keras.saving.serialize_keras_object(tokenizer),
            "generation_defaults": dict(self.generation_defaults),
            "first_tokens": [list(pair) for pair in self.first_tokens],
        }

    @classmethod
    def from_config(cls, config):
        """The inverse of `get_config`."""
        config = dict(config)
        config.pop("training", None)  # for a run that goes on, which reads it from the file
        try:
            archive.check_version(config.pop("format_version", 1))
        except archive.Refused as refused:
            raise ValueError(f"The model {refused}") from None
        for name in ("tokenizer", "dtype"):
            if isinstance(config.get(name), dict):
                config[name] = keras.saving.deserialize_keras_object(config[name])
        return cls(**config)


def _decays(variable):
    """Weight decay is for the matrices of dense layers: not for embeddings, biases and the scales of norms."""
    return len(variable.shape) > 1 and "embedding" not in variable.path
