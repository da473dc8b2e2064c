"""`tinylm generate`: generate text, to the terminal or to a file with everything to reproduce it."""

import itertools
import secrets
from typing import Annotated

import typer
from rich.markup import escape

from tinylm_keras import _checks
from tinylm_keras.cli import _arguments, _console, _engines
from tinylm_keras.cli._record import Record, check_target
from tinylm_keras.recipe import escapes

whole, real = (lambda name: _arguments.number(name, int)), (lambda name: _arguments.number(name, float))


def generate(
    model: Annotated[str, typer.Argument(help="A .keras file, or a run's folder.", show_default=False)],
    prompt: Annotated[
        str | None,
        typer.Argument(help="Beginning of the text; - reads it from standard input. May be empty.", show_default=False),
    ] = None,
    prompt_file: Annotated[str | None, typer.Option(help="Read the prompt from this file.", metavar="FILE")] = None,
    lines: Annotated[bool, typer.Option("--lines", help="Every line of the prompt file is a prompt.")] = False,
    samples: Annotated[
        int, typer.Option(help="Number of texts for each prompt.", metavar="N", parser=whole("samples"))
    ] = 1,
    temperature: Annotated[
        list[float] | None,
        typer.Option(
            help="0 always takes the most likely token; 1 samples from the model's distribution. Several values "
            "(0.5,0.8,1.0) are shown side by side; after a prompt, they may be separated by spaces.",
            metavar="X,…",
            parser=_arguments.numbers("temperature"),
        ),
    ] = None,
    top_k: Annotated[
        int | None, typer.Option(help="Sample only from the K most likely tokens.", metavar="K", parser=whole("top_k"))
    ] = None,
    top_p: Annotated[
        float | None,
        typer.Option(
            help="Sample only from the most likely tokens whose probabilities add up to P.",
            metavar="P",
            parser=real("top_p"),
        ),
    ] = None,
    min_p: Annotated[
        float | None,
        typer.Option(
            help="Sample only from tokens at least P times as likely as the most likely one.",
            metavar="P",
            parser=real("min_p"),
        ),
    ] = None,
    repetition_penalty: Annotated[
        float | None,
        typer.Option(
            help="Above 1: tokens that occurred before become less likely.",
            metavar="X",
            parser=real("repetition_penalty"),
        ),
    ] = None,
    max_new_tokens: Annotated[
        int | None,
        typer.Option(help="Maximum length of the new text, in tokens.", metavar="N", parser=whole("max_new_tokens")),
    ] = None,
    stop: Annotated[
        list[str] | None,
        typer.Option(
            help=escape(f"Stop before this text; may be given several times; {escapes.HELP}."), metavar="TEXT"
        ),
    ] = None,
    quantize: Annotated[
        str | None,
        typer.Option(
            help="Weight-only quantization to bfloat16 or int8: a large model writes one text faster on a CPU.",
            metavar="bfloat16|int8",
        ),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(
            help="numpy starts at once; keras takes seconds to start, but is faster then. "
            "auto: numpy, unless prompts and texts are so long that keras is faster in total.",
            metavar="auto|numpy|keras",
        ),
    ] = "auto",
    seed: Annotated[
        int | None,
        typer.Option(
            help="Random seed; the same seed gives the same text. Default: drawn at random and shown.",
            parser=whole("seed"),
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(help="Also write the texts and the settings to this file (.json or text).", metavar="FILE"),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file of --out if it exists.")] = False,
):
    """Generate text from a prompt.

    The defaults of the settings are stored in the model file.
    """
    prompts = read_prompts(prompt, prompt_file, lines)
    _checks.whole_number("samples", samples, 1, 10_000)
    target = check_target(out, overwrite, [model, prompt_file]) if out is not None else None
    settings = {
        "top_k": top_k,
        "top_p": top_p,
        "min_p": min_p,
        "repetition_penalty": repetition_penalty,
        "max_new_tokens": max_new_tokens,
        "stop": [_arguments.escaped_text("stop", one) for one in stop or ()] or None,
        "quantize": quantize,
    }
    settings = {name: value for name, value in settings.items() if value is not None}
    _engines.check(engine, settings)
    temperatures = list(itertools.chain(*(temperature or [])))
    calls = max(1, len(temperatures))
    loaded, file, digest, engine = _engines.load(model, engine, settings, prompts, samples, calls)
    drawn = seed is None
    seed = secrets.randbelow(2**31) if drawn else seed
    from tinylm_keras.writing.arguments import DEFAULTS

    settings_in_full = {**DEFAULTS, **loaded.generation_defaults, **settings}
    record = Record(file, digest, seed, settings_in_full, prompts, engine)
    for number, one in enumerate(temperatures or [None]):
        chosen = settings if one is None else {**settings, "temperature": one}
        tell = drawn and not number
        record.add(one, write(loaded, prompts, samples, seed, chosen, streaming=len(temperatures) <= 1, tell=tell))
    record.show(streamed=len(prompts) * samples == 1)
    if target:
        record.save(target)
        _console.say(f"Wrote {target}")


def read_prompts(prompt, prompt_file, lines):
    """Return the prompts: the argument, standard input, a file, or each line of a file."""
    if prompt_file is not None and prompt is not None:
        raise _checks.refuse("prompt", "must be left out with --prompt-file", prompt, error=_console.BadInput)
    if lines and prompt_file is None:
        rule = "must come with --prompt-file"
        raise _checks.refuse("lines", rule, True, "Add: --prompt-file FILE", error=_console.BadInput)
    if prompt == "-":
        return [_console.read_stdin()]
    if prompt_file is None:
        return [_arguments.typed_text("prompt", prompt or "")]
    text = _console.read_text("prompt_file", prompt_file)
    if not lines:
        return [text.removesuffix("\n")]
    prompts = [line for line in text.split("\n") if line.strip()]
    if not prompts:
        rule = "must have at least one line that is not blank"
        raise _checks.refuse("prompt_file", rule, prompt_file, error=_console.BadInput)
    return prompts


def write(model, prompts, samples, seed, settings, streaming, tell):
    """Return a list of texts for each prompt; a single text is shown while it is generated.

    A drawn seed is shown only after the settings were checked, so that a refusal is one line.
    """
    if len(prompts) * samples == 1 and streaming:
        pieces, stream = [], model.stream(prompts[0], seed=seed, **settings)
        if tell:
            _console.say(f"seed {seed}")
        for piece in stream:
            pieces.append(piece)
            _console.answer_raw(piece, end="")
        _console.answer_raw("")
        return [["".join(pieces)]]
    rows = [prompt for prompt in prompts for _ in range(samples)]
    texts = model.generate(rows, seed=seed, **settings)
    if tell:
        _console.say(f"seed {seed}")
    return [texts[start : start + samples] for start in range(0, len(rows), samples)]
