"""One device, JAX, no TensorFlow: tokens per second, share of the device's peak, time to a validation loss.

Trains a preset on ids: the characters of a text, split as nanoGPT splits it, or token files that `tinylm prepare`
wrote. Compiling, reading and evaluating count in the time to the loss, and not in the tokens per second. Runs on a CPU
too, for a few steps: `--set steps=4 evaluate_every=2 batch_size=2`.
"""

import os
import pathlib
import statistics
import sys
import time

from benchmarks import machine, measuring, report

TARGET = 1.4697  # what nanoGPT says of its character model on Tiny Shakespeare


def parse():
    options = measuring.Parser(description=__doc__.split("\n")[0])
    source = options.add_mutually_exclusive_group(required=True)
    source.add_argument("--text", type=pathlib.Path, help="text file, read as characters")
    source.add_argument("--data", type=pathlib.Path, help="folder of token files with a validation part")
    options.add_argument("--preset", default="shakespeare-char", help="preset to train (default shakespeare-char)")
    options.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE", help="settings of the preset to change")
    options.add_argument("--dtype", default="mixed_bfloat16", help="Keras dtype policy (default mixed_bfloat16)")
    options.add_argument("--target", type=float, default=TARGET, help=f"validation loss to reach (default {TARGET})")
    options.add_argument("--peak-tflops", type=float, help="what the device can do at most in that dtype")
    options.add_argument("--out", type=pathlib.Path, help="JSON file (default runs/benchmarks/gpu.json)")
    return options


def read(options):
    """Ids to train on, ids for validation, the number of ids with padding, and the id of padding."""
    if options.text is not None:
        from benchmarks.arms.characters import split

        train, validation, characters = split(options.text)
        return train, validation, len(characters) + 1, len(characters)
    from tinylm_keras import data

    token_files = data.open_token_files(options.data)
    if token_files.validation is None:
        raise ValueError(f"`data` must have a validation part. Received: {options.data}.")
    return (
        token_files.train,
        token_files.validation,
        token_files.tokenizer.vocabulary_size(),
        token_files.tokenizer.pad_id,
    )


def changed(preset, settings):
    """The recipe of a preset with `NAME=VALUE` settings changed."""
    from tinylm_keras.recipe import presets

    pairs = (setting.partition("=") for setting in settings)
    return presets.override(presets.get(preset), **{name: presets.parse(name, value) for name, _, value in pairs})


def run(options):
    """Train until the target or the last step; return what is written down."""
    began = time.perf_counter()
    recipe = changed(options.preset, options.set)
    train, validation, vocabulary_size, pad_id = read(options)

    from benchmarks.arms.preset import build
    from tinylm_keras import data
    from tinylm_keras.training import environment

    kind, device = environment.device()
    model, plan = build(recipe, vocabulary_size, pad_id, kind, options.dtype)
    shape = {"context_length": recipe.context_length, "batch_size": recipe.batch_size}
    steps = plan.evaluate_every * plan.gradient_accumulation_steps  # batches between two evaluations
    batches = data.windows(train, **shape, steps=steps, seed=recipe.seed)
    evaluated = data.windows(validation, **shape, pad_id=pad_id)
    print(f"{device}, {options.dtype}, {model.count_params():,} parameters, {plan.steps:,} updates at the most")
    tokens = steps * recipe.batch_size * recipe.context_length
    rows, reached = [], None
    for period in range(plan.evaluations):
        since = time.perf_counter()
        # `fit` takes up the order of the data where the last period ended, and returns when the device is done.
        history = model.fit(batches, initial_epoch=period, epochs=period + 1, verbose=0).history
        rate = tokens / (time.perf_counter() - since)
        loss = model.evaluate(evaluated, verbose=0, return_dict=True)["loss"]
        seconds = time.perf_counter() - began
        step = (period + 1) * plan.evaluate_every
        rows.append({"step": step, "loss": history["loss"][-1], "val_loss": loss, "seconds": seconds, "tokens/s": rate})
        print(f"step {step:,}: validation loss {loss:.4f}, {rate:,.0f} tokens/s, {seconds:.1f} s since the start")
        if loss <= options.target:
            reached = {"step": step, "seconds": seconds}
            break
    speed = statistics.median(row["tokens/s"] for row in rows[1:] or rows)  # the first period compiles
    return {"device": device, "rows": rows, "reached": reached, **_share(model, recipe, speed, options.peak_tflops)}


def _share(model, recipe, speed, peak):
    """Tokens per second as operations per second: 6 for each weight, 12 for each position and channel of a block."""
    embedding = recipe.context_length * getattr(recipe, "embed_dim", 0)  # position vectors are looked up
    each = 6 * (model.count_params() - embedding) + 12 * recipe.num_blocks * recipe.context_length * recipe.embed_dim
    reached = speed * each / 1e12
    return {"tokens_per_second": speed, "tflops": reached, "share_of_peak": reached / peak if peak else None}


def main():
    parser = parse()
    options = parser.parse_args()
    os.environ.setdefault("KERAS_BACKEND", "jax")
    facts = machine.facts()
    print("\n".join(machine.lines(facts, None)))
    try:
        record = run(options)
    except (ValueError, OSError, ImportError) as error:
        parser.error(str(error))
    share = "" if record["share_of_peak"] is None else f", {record['share_of_peak']:.1%} of the peak"
    print(f"{record['tokens_per_second']:,.0f} tokens/s, {record['tflops']:.3g} TFLOP/s{share}")
    reached = record["reached"]
    ended = f"reached after {reached['seconds']:.1f} s" if reached else "not reached"
    print(f"Validation loss {options.target}: {ended}. TensorFlow imported: {'tensorflow' in sys.modules}.")
    record |= {"machine": facts, "tensorflow": "tensorflow" in sys.modules}
    print(f"Written: {report.write('gpu', options.out, record)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
