"""What `--help` shows besides the parser's own page: examples; and flags without the type of their value."""

import typer.core
from rich.markup import escape

EXAMPLES = {
    "survey": (
        "tinylm survey my.txt",
        "tinylm survey tweets.csv --column text --json",
    ),
    "prepare": (
        "tinylm prepare books/ --tokenizer byte-pair --max-tokens 8000 --out tokens",
        "tinylm prepare 'data/*.jsonl' --column text --out tokens",
        "tinylm train --data tokens",
    ),
    "train": (
        "tinylm train",
        "tinylm train my.txt --preset fast --out runs/mine",
        "tinylm train --resume runs/mine",
    ),
    "generate": (
        "tinylm generate runs/mine 'Once upon a time' --max-new-tokens 50",
        "tinylm generate runs/mine 'Once' --temperature 0.5,0.8,1.2 --seed 1",
        r"tinylm generate runs/mine 'To be' --stop '\n\n' --out text.json",
    ),
    "evaluate": (
        "tinylm evaluate runs/mine",
        "tinylm evaluate runs/mine other.txt --json",
    ),
    "export": (
        "tinylm export runs/mine --to gguf",
        "tinylm export runs/mine --to huggingface --out my-model --license mit --language en",
        "tinylm export model.keras --to onnx --out model.onnx",
    ),
    "compare": (
        "tinylm compare",
        "tinylm compare my.txt --steps 500 --out runs/comparison",
    ),
    "plot": (
        "tinylm plot runs/first runs/second --out both.png",
        "tinylm plot runs/first --out first.png",
    ),
    "tokenize": (
        "tinylm tokenize 'the cat sat' --model runs/mine",
        "tinylm tokenize 'the cat sat' --source my.txt --length 8",
    ),
    "info": (
        "tinylm info runs/mine",
        "tinylm info model.keras --json",
    ),
    "presets": (
        "tinylm presets",
        "tinylm presets fast gpt",
        "tinylm presets slm --json",
    ),
}


def examples(name):
    """Return what stands below the help of a command; the sign at its beginning keeps its lines apart."""
    return "\b\n" + "\n".join(["Examples:", *(f"  {escape(one)}" for one in EXAMPLES[name])])


class _Untyped:
    """Shows no type beside an option that takes no value."""

    def get_params(self, ctx):
        parameters = super().get_params(ctx)
        for one in parameters:
            if getattr(one, "is_flag", False):
                one.metavar = ""
        return parameters


class Command(_Untyped, typer.core.TyperCommand):
    """One command."""


class Group(_Untyped, typer.core.TyperGroup):
    """All commands."""
