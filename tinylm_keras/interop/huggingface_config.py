"""Reads the config.json of a GPT-2 folder, and refuses entries that a `MiniLM` does not support."""

import dataclasses

from tinylm_keras import archive
from tinylm_keras.archive.refusal import shown
from tinylm_keras.archive.sizes import LARGEST

# The names of the activations in transformers, and in MiniLM.
ACTIVATIONS = {
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu": "gelu",
    "relu": "relu",
    "silu": "silu",
    "swish": "silu",
}

# The default of GPT-2, which is the only value that MiniLM supports.
_FIXED = {
    "layer_norm_epsilon": 1e-5,
    "scale_attn_weights": True,
    "scale_attn_by_inverse_layer_idx": False,
    "reorder_and_upcast_attn": False,
    "add_cross_attention": False,
    "is_encoder_decoder": False,
    "is_decoder": False,
}

_READ = {"vocab_size", "n_positions", "n_embd", "n_layer", "n_head", "n_inner", "activation_function", "resid_pdrop"}
_READ |= {"model_type", "architectures", "tie_word_embeddings", "eos_token_id", "pad_token_id"}

# Entries that do not change the logits: dropout, initialization, other tasks, generation, origin.
_IGNORED = {
    *("attn_pdrop", "embd_pdrop", "initializer_range", "n_ctx", "n_special", "gradient_checkpointing", "use_cache"),
    *("afn", "output_past", "predict_special_tokens", "bos_token_id", "sep_token_id", "decoder_start_token_id"),
    *("transformers_version", "dtype", "torch_dtype", "use_bfloat16", "torchscript", "tf_legacy_loss", "return_dict"),
    *("output_attentions", "output_hidden_states", "chunk_size_feed_forward", "tie_encoder_decoder", "tokenizer_class"),
    *("task_specific_params", "finetuning_task", "problem_type", "id2label", "label2id", "num_labels", "prefix"),
    *("max_length", "min_length", "do_sample", "early_stopping", "num_beams", "num_beam_groups", "diversity_penalty"),
    *("temperature", "top_k", "top_p", "typical_p", "repetition_penalty", "length_penalty", "no_repeat_ngram_size"),
    *("encoder_no_repeat_ngram_size", "bad_words_ids", "num_return_sequences", "output_scores", "suppress_tokens"),
    *("return_dict_in_generate", "forced_bos_token_id", "forced_eos_token_id", "remove_invalid_values"),
    *("exponential_decay_length_penalty", "begin_suppress_tokens", "use_return_dict", "license", "language"),
    "model_max_length",
}


@dataclasses.dataclass(frozen=True)
class Config:
    """The content of a config.json.

    Attributes:
        arguments: dict. The arguments of `MiniLM` except vocabulary, padding and tokenizer.
        vocabulary_size: int. Number of rows of the token table.
        tied: bool. Whether the head is the token table.
        end_id, pad_id: int or None.
    """

    arguments: dict
    vocabulary_size: int
    tied: bool
    end_id: int | None
    pad_id: int | None


def read(content):
    """Return the `Config` of a GPT-2.

    Args:
        content: The parsed config.json.

    Raises:
        archive.Refused: if it is another model, or a GPT-2 that `MiniLM` cannot compute; the message names the entry.
    """
    if not isinstance(content, dict):
        raise archive.Refused("has a config.json that does not describe a model.")
    kind, architectures = content.get("model_type"), content.get("architectures") or ["GPT2LMHeadModel"]
    if kind != "gpt2" or architectures != ["GPT2LMHeadModel"]:
        found = f"model_type {shown(kind)}, architectures {shown(architectures)}"
        raise archive.Refused(f"is not a GPT-2 language model, the only architecture that can be imported: {found}.")
    for name, value in _FIXED.items():
        given = content.get(name, value)
        if given != value or isinstance(given, bool) is not isinstance(value, bool):
            raise _cannot(name, given, f"; a MiniLM supports only {value}")
    for name, value in content.items():
        known = name in _READ or name in _IGNORED or name in _FIXED or name.startswith(("_", "summary_"))
        if not known and value not in (None, False, {}, []):
            raise _cannot(name, value, ", which is unknown")
    width, heads = _size(content, "n_embd", 768, "embed_dim"), _size(content, "n_head", 12, "num_heads")
    if width % heads:
        raise _cannot("n_head", heads, f", which does not divide n_embd={width}")
    activation = content.get("activation_function", "gelu_new")
    if not isinstance(activation, str) or activation not in ACTIVATIONS:
        raise _cannot("activation_function", activation, f"; a MiniLM supports {', '.join(ACTIVATIONS)}")
    arguments = {
        "context_length": _size(content, "n_positions", 1024, "context_length"),
        "embed_dim": width,
        "num_heads": heads,
        "feed_forward_dim": _size(content, "n_inner", 4 * width, "feed_forward_dim"),
        "num_blocks": _size(content, "n_layer", 12, "num_blocks"),
        "dropout": _dropout(content),
        "norm": "pre",
        "activation": ACTIVATIONS[activation],
    }
    vocabulary_size = _size(content, "vocab_size", 50257, "vocabulary_size")
    tied = content.get("tie_word_embeddings", True)
    if not isinstance(tied, bool):
        raise _cannot("tie_word_embeddings", tied, "; it must be true or false")
    ids = (content.get("eos_token_id", 50256), content.get("pad_token_id"))
    return Config(arguments, vocabulary_size, tied, *(_id(value, vocabulary_size) for value in ids))


def _size(content, name, otherwise, limit):
    value = content.get(name)
    value = otherwise if value is None else value
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST[limit]:
        raise _cannot(name, value, f"; it must be a whole number from 1 to {LARGEST[limit]:,}")
    return value


def _dropout(content):
    value = content.get("resid_pdrop", 0.1)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1:
        raise _cannot("resid_pdrop", value, "; it must be a number in [0, 1)")
    return float(value)


def _id(value, size):
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < size
    return value if good else None


def _cannot(name, value, why):
    return archive.Refused(f"has {shown(name)}: {shown(value)} in its config.json{why}.")
