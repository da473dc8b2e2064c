"""How a language model trains: loss, perplexity, and a `fit` that takes what `tlm.data` returns."""

import keras
from keras import ops

from tinylm_keras import _checks
from tinylm_keras.metrics import token_nats, weigh
from tinylm_keras.models import chunked_loss


class TrainingMixin:
    """The training half of `LanguageModel`, in front of `keras.Model` in the order of bases.

    It reads `vocabulary_size`, `context_length`, `pad_id`, `head` and the metric `perplexity`, asks `_in_chunks`
    whether `call` stopped before the head, and sets `first_tokens`.
    """

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
        if self._in_chunks(x):
            token_ids, weights = weigh(y, self.pad_id, sample_weight)
            total = chunked_loss.total_nats(self.head, y_pred, token_ids, weights, training)
        else:
            nats, weights = token_nats(y, y_pred, self.pad_id, sample_weight)
            total = ops.sum(nats * weights)
        count = ops.sum(weights)
        self.perplexity.add(total, count)
        return sum((ops.sum(loss) for loss in self.losses), ops.divide_no_nan(total, count))

    def train_step(self, *args, **kwargs):
        with chunked_loss.step_of(self):
            return super().train_step(*args, **kwargs)

    def test_step(self, *args, **kwargs):
        with chunked_loss.step_of(self):
            return super().test_step(*args, **kwargs)

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
        _infer_modes(args[4] if len(args) > 4 else kwargs.get("callbacks"), self.perplexity.name)
        if hasattr(x, "for_fit"):
            if x.first_tokens:
                self.__dict__["first_tokens"] = x.first_tokens
            kwargs.setdefault("steps_per_epoch", x.steps_per_epoch)
            kwargs["shuffle"] = False  # the order is in the data
            self._check_batches(x)
            x = x.for_fit(endless=True, first=kwargs.get("initial_epoch", 0) * kwargs["steps_per_epoch"])
        validation_data = self._for_keras(validation_data, "validation_data")
        return super().fit(_not_text("x", x), *args, validation_data=validation_data, **kwargs)

    def evaluate(self, x=None, *args, **kwargs):
        """As `keras.Model.evaluate`; `x` may also be what `tlm.data.lines` or `windows` return."""
        # Keras before 3.15 returns tensors where a metric's result is one.
        return keras.tree.map_structure(_plain, super().evaluate(self._for_keras(x), *args, **kwargs))

    def _for_keras(self, data, argument="x"):
        if not hasattr(data, "for_fit"):
            return _not_text(argument, data)
        self._check_batches(data)
        return data.for_fit(endless=False)

    def _check_batches(self, data):
        """XLA clamps an id that is out of range and says nothing, so batches are checked before they are fed."""
        _checks.within_context((data.batch_size, data.length), self.context_length)
        largest = data.largest_id(self.pad_id)
        if largest >= self.vocabulary_size:
            raise _checks.refuse("ids", f"must be in [0, {self.vocabulary_size}), the model's vocabulary", largest)


def _plain(value):
    """A tensor of one number as a float; anything else as it is."""
    return float(value) if ops.is_tensor(value) and len(value.shape) == 0 else value


def _decays(variable):
    """Weight decay is for the matrices of dense layers: not for embeddings, biases and the scales of norms."""
    return len(variable.shape) > 1 and "embedding" not in variable.path


def _not_text(argument, data):
    if _checks.holds_text(data):
        advice = "Make batches with data.lines(texts, tokenizer, …), or windows of data.concatenate(texts, tokenizer)."
        raise _checks.refuse(argument, "must be token ids, not text", data, advice)
    return data


def _infer_modes(callbacks, name):
    """Tell callbacks that less perplexity is better: Keras looks for that in the metrics of `compile` alone."""
    for callback in keras.tree.flatten(getattr(callbacks, "callbacks", callbacks)):
        monitor = getattr(callback, "monitor", None)
        if getattr(callback, "mode", None) == "auto" and monitor in (name, f"val_{name}"):
            callback.mode = "min"
