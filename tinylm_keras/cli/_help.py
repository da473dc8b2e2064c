"""Changes to the pages of `--help`: examples, and no value type for flags."""

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
        "tinylm prepare books/ --out tokens --runner DirectRunner",
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
    "page": (
        "tinylm page runs/mine",
        "tinylm page runs/mine 'Once upon a time' --out page.html",
    ),
    "export": (
        "tinylm export runs/mine --to gguf",
        "tinylm export runs/mine --to huggingface --out my-model --license mit --language en",
        "tinylm export model.keras --to onnx --out model.onnx",
    ),
    "compare": (
        "tinylm compare",
        "tinylm compare my.txt --steps 500 --out runs/comparison",
        "tinylm compare my.txt --steps 500 --seeds 3",
    ),
    "sweep": (
        "tinylm sweep my.txt --learning-rate 1e-4,1e-3,1e-2",
        "tinylm sweep my.txt --preset fast --num-blocks 1,2,4 --steps 300 --seeds 3",
        "tinylm sweep my.txt --tokenizer character,byte-pair --out runs/tokens",
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
    "import": (
        "tinylm import path/to/gpt2 --out gpt2.keras",
        "tinylm train my.txt --init gpt2.keras",
    ),
    "push": (
        "tinylm push my-model me/my-model",
        "tinylm push my-model me/my-model --private",
        "tinylm generate hf://me/my-model 'Once'",
    ),
    "presets": (
        "tinylm presets",
        "tinylm presets fast gpt",
        "tinylm presets slm --json",
    ),
}


def examples(name):
    """Return the examples for the end of a command's help; the sign at the beginning preserves line breaks."""
    return "\b\n" + "\n".join(["Examples:", *(f"  {escape(one)}" for one in EXAMPLES[name])])


class _Untyped:
    """Shows no type for an option without a value."""

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
