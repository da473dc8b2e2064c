"""The settings of a recipe as keyword arguments, for editors and type checkers. No Keras here, and no work at run time.

Both classes are written out because a type checker does not run `recipe.Recipe`; a test compares them with its fields.
"""

from typing import TypedDict


class ComparisonSettings(TypedDict, total=False):
    """Settings that `compare` changes in all its recipes: all except kind, size and steps of the models."""

    layout: str
    separator: str | None
    encoding: str
    column: str | int | None
    bad_rows: str
    validation: float
    split: str
    tokenizer: str
    max_tokens: int | None
    end_token: str | None
    vocabulary_file: str | None
    merges_file: str | None
    context_length: int
    optimizer: str
    learning_rate: float
    adam_ratio: float
    momentum: float
    beta_2: float
    weight_decay: float
    global_clipnorm: float | None
    schedule: str
    min_learning_rate_ratio: float
    warmup_steps: int
    decay_every: int
    decay_rate: float
    batch_size: int
    gradient_accumulation_steps: int
    epochs: int | None
    minutes: float | None
    evaluate_every: int | None
    evaluation_batches: int | None
    patience: int | None
    seed: int
    jit_compile: bool | None
    prompt: str | None
    temperature: float
    max_new_tokens: int


class Settings(ComparisonSettings, total=False):
    """Settings that `train` changes in a preset: every field of a recipe except `preset`."""

    model: str
    embed_dim: int
    num_heads: int
    feed_forward_dim: int
    num_blocks: int
    window: int
    code_bits: int | None
    hidden_dim: int
    num_hidden_layers: int
    dropout: float
    norm: str
    activation: str
    embeddings_stddev: float | None
    kernel_stddev: float | None
    logit_soft_cap: float | None
    mix_counts: bool
    precision: str | None
    steps: int | None
