"""How a language model trains: loss, perplexity, and a `fit` that takes what `tlm.data` returns."""

from __future__ import annotations

import inspect
import math
from typing import Any

import keras
from keras import ops

from tinylm_keras import _checks
from tinylm_keras.generation.compile import always_compiles
from tinylm_keras.metrics import token_nats, weigh
from tinylm_keras.models import after_run, chunked_loss, frozen, given_ids, own_losses, roles, strategies


class TrainingMixin:
    """The training half of `LanguageModel`; it stands before `keras.Model` in the list of base classes.

    It reads `vocabulary_size`, `context_length`, `pad_id`, `head` and the metric `perplexity`, and sets `first_tokens`.
    """

    def compile(
        self, optimizer: Any = None, loss: Any = None, loss_weights: Any = None, metrics: Any = None, **kwargs: Any
    ) -> None:
        """As `keras.Model.compile`, with defaults for a language model.

        Args:
            optimizer: Default: AdamW with learning rate 1e-3, beta_2 0.99, weight decay 0.1, clipped to norm 1.
            loss: Default: cross-entropy of the real tokens in nats; padding has weight 0.
            loss_weights: As in Keras.
            metrics: Added to `perplexity`, which is always reported at no cost (it uses the sums of the loss).
            **kwargs: As in Keras, but `jit_compile` defaults to True (Keras's "auto" means no XLA on a CPU).

        The optimizer's weight decay skips biases, norms and embeddings, also after loading, and Muon trains embeddings
        with Adam. The class of a layer decides this, not its name.

        Raises:
            ValueError: if a loss or metric of Keras would take the model's logits for probabilities.
        """
        if optimizer is None:
            optimizer = keras.optimizers.AdamW(1e-3, weight_decay=0.1, beta_2=0.99, global_clipnorm=1.0)
        kwargs.setdefault("jit_compile", not kwargs.get("run_eagerly", False))
        arguments = {"loss": loss, "loss_weights": loss_weights, "metrics": metrics, **kwargs}
        if not self.__dict__.get("_is_loading"):
            own_losses.check(self, arguments)
        current = getattr(self, "optimizer", None)
        if optimizer is current or optimizer is getattr(current, "inner_optimizer", current):
            after_run.settle(self)  # or the schedule of a run would count as the user's
            optimizer = self.optimizer
        self.__dict__["_compiled_with"] = arguments
        self.compile_again(keras.optimizers.get(optimizer))

    def compile_again(self, optimizer: keras.optimizers.Optimizer, **changes: Any) -> None:
        """Compile with another optimizer and these changes, and otherwise with the arguments of the last `compile`."""
        arguments = {**self.__dict__["_compiled_with"], **changes}
        self._compile_loss = self._compile_metrics = None  # Keras would keep those of the last `compile`
        super().compile(optimizer, **arguments)
        self.__dict__["_compiled_with"] = arguments
        after_run.unmark(self)
        frozen.note_compiled(self)
        roles.assign(self, optimizer)
        if self.optimizer is not None and not self.optimizer.built:
            # Then a file saved before the first step has the same optimizer variables as the loaded model.
            self.optimizer.build(self.trainable_variables)

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile a loaded model as the saved one was, so that `fit` continues. Keras calls this.

        `steps_per_execution` is 1 again, so that callbacks see every batch. A model that TensorFlow trained without XLA
        is compiled on JAX.
        """
        arguments = own_losses.repair(self, keras.saving.deserialize_keras_object(config))
        if always_compiles() and not arguments.get("run_eagerly"):
            arguments["jit_compile"] = True
        by = self.__dict__.pop("_loaded_from", after_run.FILE)
        with frozen.as_when_compiled(self):
            self.__dict__["_is_loading"] = True
            try:
                self.compile(**{**arguments, "steps_per_execution": 1})
            finally:
                del self.__dict__["_is_loading"]
        after_run.mark(self, by)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Mean nats per real token, plus the losses that layers added with `add_loss`.

        A loss or metrics passed to `compile` skip padding too.
        """
        if self._compile_loss is not None or self._compile_metrics is not None:
            own_losses.leave_out_padding(self, y, y_pred)
        if self._compile_loss is not None:
            return super().compute_loss(x, y, y_pred, sample_weight, training)
        kept = chunked_loss.kept(y_pred) if self._compile_metrics is None else None
        if kept is not None:
            token_ids, weights = weigh(y, self.pad_id, sample_weight)
            total = chunked_loss.total_nats(*kept, token_ids, weights, training)
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
        if self._compile_loss is not None:  # otherwise compute_loss has added the sums
            self.perplexity.update_state(y, y_pred, sample_weight)
        return super().compute_metrics(x, y, y_pred, sample_weight)

    def get_metrics_result(self) -> dict[str, Any]:
        """As in Keras, but `loss` is averaged over tokens like perplexity (Keras averages over examples)."""
        results = super().get_metrics_result()
        if self._compile_loss is None:
            results["loss"] = self.perplexity.mean_nats()
        return results

    def fit(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> keras.callbacks.History:
        """As `keras.Model.fit`; `x` and `validation_data` may also be what `tlm.data.lines` or `windows` return.

        After a run of `train`, also when loaded from its file, a model trains at a constant rate, a tenth of the
        run's peak learning rate, and keeps the optimizer's moments. `model.optimizer.learning_rate = x` sets another
        rate. A model that you compiled, saved and loaded keeps its schedule, unless the schedule has ended; then it
        also trains at a tenth of the peak.

        An epoch has exactly `steps_per_epoch` batches. If that is not a multiple of the `steps_per_execution` of
        `compile`, the largest common divisor takes its place.

        If `x` and `y` are arrays, `x` holds ids `[B, T]` and `y` the id that follows each of them: for rows of ids,
        `ids[:, :-1]` and `ids[:, 1:]`.

        Raises:
            ValueError: if an array holds anything but ids of the model and its `pad_id`, or `y` is missing.
        """
        arguments = _named(keras.Model.fit, self, x, y, *args, **kwargs)
        _counts(arguments, "steps_per_epoch", "validation_steps")
        after_run.settle(self)
        _infer_modes(arguments.get("callbacks"), self.perplexity.name)
        if arguments.get("steps_per_epoch") or hasattr(x, "for_fit"):
            self._execute_within(arguments.get("steps_per_epoch") or x.steps_per_epoch)
        return self.fit_in_run(**arguments)

    def fit_in_run(self, x: Any, *, validation_data: Any = None, **kwargs: Any) -> keras.callbacks.History:
        """As `fit`, for a training run: it keeps the learning rate and `steps_per_execution` of `compile`."""
        strategies.refuse_replicas(self)
        if hasattr(x, "for_fit"):
            if x.first_tokens:
                self.__dict__["first_tokens"] = x.first_tokens
            kwargs["steps_per_epoch"] = kwargs.get("steps_per_epoch") or x.steps_per_epoch
            kwargs["shuffle"] = False  # the order is in the data
            self._check_batches(x)
            x = x.for_fit(endless=True, first=kwargs.get("initial_epoch", 0) * kwargs["steps_per_epoch"])
        else:
            x, kwargs["y"] = given_ids.check(self, x, kwargs.get("y"))
        if hasattr(validation_data, "for_fit"):
            validation_data = self._for_keras(validation_data)
        else:
            validation_data = given_ids.check_pair(self, "validation_data", validation_data)
        return super().fit(x, validation_data=validation_data, **kwargs)

    def evaluate(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """As `keras.Model.evaluate`; `x` may also be what `tlm.data.lines` or `windows` return."""
        arguments = _named(keras.Model.evaluate, self, x, y, *args, **kwargs)
        _counts(arguments, "steps")
        if not arguments.get("_use_cached_eval_dataset"):  # otherwise `fit` has checked it
            self._prepare(arguments)
        # Keras before 3.15 returns tensors for metrics whose result is a tensor.
        return keras.tree.map_structure(_plain, super().evaluate(**arguments))

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """As `keras.Model.predict`; `x` may also be what `tlm.data.lines` or `windows` return.

        The rows are then those of `batch(0)`, `batch(1)` and so on, including the padding rows of the last batch.
        """
        arguments = _named(keras.Model.predict, self, x, *args, **kwargs)
        _counts(arguments, "steps")
        self._prepare(arguments, needs_targets=False)
        return super().predict(**arguments)

    def train_on_batch(self, x: Any, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """As `keras.Model.train_on_batch`, at the learning rate of `fit`."""
        strategies.refuse_replicas(self)
        x, y = given_ids.check(self, x, y)
        after_run.settle(self)
        return super().train_on_batch(x, y, *args, **kwargs)

    def test_on_batch(self, x: Any, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """As `keras.Model.test_on_batch`."""
        x, y = given_ids.check(self, x, y)
        return super().test_on_batch(x, y, *args, **kwargs)

    def predict_on_batch(self, x: Any) -> Any:
        """As `keras.Model.predict_on_batch`."""
        return super().predict_on_batch(given_ids.check(self, x, None, needs_targets=False)[0])

    def get_compile_config(self) -> dict[str, Any] | None:
        """Compile settings for a file; after a run, those that `fit` continues with (but not in a checkpoint)."""
        if self.training_state is None:
            after_run.settle(self)
        return super().get_compile_config()

    def _execute_within(self, steps):
        """Make `steps_per_execution` divide the epoch; Keras would run past its end to finish a call."""
        together = math.gcd(self.steps_per_execution, steps)
        if together != self.steps_per_execution:
            self.steps_per_execution = together
            self.train_function = self.test_function = self.predict_function = None

    def _prepare(self, arguments, needs_targets=True):
        """Turn `x` and `y` of the arguments into what Keras takes."""
        if hasattr(arguments["x"], "for_fit"):
            arguments["x"] = self._for_keras(arguments["x"])
            return
        x, y = given_ids.check(self, arguments["x"], arguments.get("y"), needs_targets=needs_targets)
        arguments["x"] = x
        if y is not None:
            arguments["y"] = y

    def _for_keras(self, data):
        self._check_batches(data)
        return data.for_fit(endless=False)

    def _check_batches(self, data):
        """Refuse ids out of range: XLA would clamp them silently."""
        _checks.within_context((data.batch_size, data.length), self.context_length)
        largest = data.largest_id(self.pad_id)
        if largest >= self.vocabulary_size:
            raise _checks.refuse("ids", f"must be in [0, {self.vocabulary_size}), the model's vocabulary", largest)


def _plain(value):
    """Return a scalar tensor as a float, anything else unchanged."""
    return float(value) if ops.is_tensor(value) and len(value.shape) == 0 else value


def _named(method, *args, **kwargs):
    """Return the arguments of a call of a Keras method by name, without `self`."""
    arguments = inspect.signature(method).bind(*args, **kwargs).arguments
    others = arguments.pop("kwargs", {})
    return {**dict(list(arguments.items())[1:]), **others}


def _counts(arguments, *names):
    """Refuse a number of steps below 1, with which an epoch would be empty or never end."""
    for name in names:
        if arguments.get(name) is not None:
            _checks.whole_number(name, arguments[name], 1, advice="Leave it out for all of the data.")


def _infer_modes(callbacks, name):
    """Tell callbacks that lower perplexity is better; Keras knows this only for metrics passed to `compile`."""
    for callback in keras.tree.flatten(getattr(callbacks, "callbacks", callbacks)):
        monitor = getattr(callback, "monitor", None)
        if getattr(callback, "mode", None) == "auto" and monitor in (name, f"val_{name}"):
            callback.mode = "min"
