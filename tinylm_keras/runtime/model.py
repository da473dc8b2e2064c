"""A model that generates text without Keras."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np

from tinylm_keras import _checks, archive, hub, id_rules
from tinylm_keras.archive.refusal import Refused
from tinylm_keras.runtime import scoring
from tinylm_keras.runtime.baselines import MLPLM, AverageLM, BigramLM
from tinylm_keras.runtime.counts import MixtureLM, NGramLM
from tinylm_keras.runtime.file import read
from tinylm_keras.runtime.mini import MiniLM
from tinylm_keras.runtime.network_session import NetworkSession
from tinylm_keras.runtime.rotary import RotaryLM
from tinylm_keras.writing import texts
from tinylm_keras.writing.arguments import Arguments, check_defaults
from tinylm_keras.writing.prompts import check_ids
from tinylm_keras.writing.sampling import Sampler

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Unpack

    from tinylm_keras._types import AnyIds, GenerationSettings, Ids, Path, SeveralIds
    from tinylm_keras.id_rules import IdRules
    from tinylm_keras.runtime.file import File

NETWORKS = {network.__name__: network for network in (MiniLM, RotaryLM, AverageLM, BigramLM, MLPLM, NGramLM)}


class Model:
    """A model that generates text with numpy alone; `runtime.load` returns one.

    Attributes:
        tokenizer: `id_rules.IdRules` with the methods of the model's tokenizer, or None.
        generation_defaults: dict. The values that `generate` and `stream` use for arguments that are None.
        vocabulary_size, context_length, pad_id, end_id, receptive_field, sliding_window_cache, first_tokens: As in
            `LanguageModel`.
        file: `File`. The file that was read.
    """

    def __init__(self, file: File) -> None:
        config = file.config
        self.file, self.network = file, make(file.kind, config, file.weights)
        self.vocabulary_size, self.context_length = config["vocabulary_size"], config["context_length"]
        self.tokenizer = _tokenizer(config)
        own_pad_id = None if self.tokenizer is None else self.tokenizer.pad_id
        self.pad_id = own_pad_id if config.get("pad_id") is None else config["pad_id"]
        self.end_id = None if self.tokenizer is None else self.tokenizer.end_id
        self.generation_defaults = check_defaults(config.get("generation_defaults") or {})
        self.first_tokens = [tuple(pair) for pair in config.get("first_tokens") or ()]
        self.receptive_field = self.network.receptive_field
        self.sliding_window_cache = self.network.sliding_window_cache

    def generate(
        self,
        prompts: str | Sequence[str] | AnyIds | SeveralIds,
        max_new_tokens: int | None = None,
        **settings: Unpack[GenerationSettings],
    ) -> str | list[str] | Ids | list[Ids]:
        """As `LanguageModel.generate`, with the same arguments except `quantize` and samplers of keras-nlp.

        The same seed gives the same text, unless two tokens are so close that rounding decides between them.
        """
        arguments = Arguments(max_new_tokens, **settings)
        return texts.generate(self, prompts, arguments, self._sessions(arguments), 3)

    def stream(
        self, prompt: str, max_new_tokens: int | None = None, **settings: Unpack[GenerationSettings]
    ) -> Iterator[str]:
        """As `LanguageModel.stream`; see `generate`."""
        arguments = Arguments(max_new_tokens, **settings)
        return texts.stream(self, prompt, arguments, self._sessions(arguments), 3)

    def score(self, text: str | AnyIds) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        """As `LanguageModel.score`."""
        with np.errstate(over="ignore", invalid="ignore"):
            return scoring.score(self, text, lambda model, ids: scoring.network_scores(model.network, ids))

    def logits(self, token_ids: Any) -> np.ndarray:
        """Logits float32 `[B, T, vocabulary_size]` of ids `[B, T]`, T at most `context_length`, as of a Keras model.

        Raises:
            ValueError: if the ids have another shape or are outside the vocabulary.
        """
        token_ids = np.asarray(token_ids)
        _checks.within_context(token_ids.shape, self.context_length)
        check_ids("token_ids", self, token_ids.reshape(-1))
        with np.errstate(over="ignore"):
            return self.network.logits(token_ids.astype("int32"))

    def prompt_ids(self, text: str) -> Ids:
        """Ids of a text, with the end token in front if the tokenizer has one, as in training."""
        return self.after_end(self.tokenizer.tokenize(text))

    def after_end(self, ids: Ids) -> Ids:
        """These ids, with the end token in front if the tokenizer has one: every training text begins with it."""
        return ids if self.end_id is None else np.concatenate([np.array([self.end_id], "int32"), ids])

    def _sessions(self, arguments):
        """Return a function that creates the session of one call, for `writing`."""

        def begin(model, prompts, count, seed, allowed, first):
            sampler = Sampler.of(arguments.sampler, arguments.rules, model.generation_defaults)
            if not isinstance(sampler, Sampler):
                raise _checks.refuse("sampler", "must be a tlm.Sampler, because the runtime has no Keras", sampler)
            if arguments.quantize is not None:
                advice = "Load the model with tlm.load_model."
                raise _checks.refuse("quantize", "needs Keras", arguments.quantize, advice)
            return NetworkSession(model.network, model, prompts, count, sampler, seed, allowed, first)

        return begin


def make(kind, config, weights):
    """Return the `Network` of a class of models."""
    if kind == "MixtureLM":
        return MixtureLM(config, weights, make)
    return NETWORKS[kind](config, weights)


def load(path: Path, digest: bool = False) -> Model:
    """Load a model's file without Keras.

    The file may come from an untrusted source: it must pass the same check as in `tlm.load_model`.

    Args:
        path: str or path of a `.keras` file; or `"hf://owner/name"`, to download its `model.keras` from the Hugging
            Face hub.
        digest: bool. Whether to compute `model.file.sha256`.

    Returns:
        A `Model`.

    Raises:
        FileNotFoundError: if the file does not exist.
        ValueError: if it is not a model of this package, or is damaged; the message says which.

    Example:

    >>> import pathlib, tempfile
    >>> import tinylm_keras as tlm
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "tiny.keras"
    >>> tlm.MiniLM(vocabulary_size=10, context_length=4, embed_dim=8).save(path)
    >>> load(path).logits([[1, 2, 3]]).shape
    (1, 3, 10)
    """
    file = read(_path(path), digest)
    with _naming(file.path):
        return Model(file)


def load_tokenizer(path: Path) -> IdRules | None:
    """Load the tokenizer of a model's file as `load` does, without the model; None if the model has no tokenizer."""
    file = read(_path(path))
    with _naming(file.path):
        return _tokenizer(file.config)


def _path(path):
    """Return the path of a model's file, which is fetched first if it is on the hub."""
    return hub.fetch(path) if hub.is_address(path) else path


def _tokenizer(config):
    """Return the tokenizer in the config of a model, or None."""
    tokenizer = None if config.get("tokenizer") is None else id_rules.restore(config["tokenizer"])
    if tokenizer is not None and tokenizer.vocabulary_size() > config["vocabulary_size"]:
        raise Refused(f"has a tokenizer with {tokenizer.vocabulary_size():,} ids, more than its vocabulary.")
    return tokenizer


@contextlib.contextmanager
def _naming(path):
    """A context that turns errors about a file into one line that names it."""
    try:
        yield
    except Refused as refused:
        raise ValueError(f"{path} {refused}") from None
    except KeyError as missing:
        raise ValueError(f"{path} is damaged: its config has no entry {missing}.") from None
    except ValueError as error:
        raise ValueError(f"{path} cannot be loaded: {archive.cut(error)}") from error
