"""The job of the original TinyLM, with the package: learn some sentences by heart and continue from a few words.

    python examples/tinylm_original.py

The original keeps its vocabulary in a pickle beside the model and runs the whole model for every new token. Here the
tokenizer is part of the one model file, and generation reads earlier tokens from a cache.
"""

import argparse
import pathlib
import sys
import tempfile

import tinylm_keras as tlm

SENTENCES = [
    "My cat sleeps on the warm roof",
    "We bake bread on Sunday morning",
    "The train leaves the city at noon",
    "Snow falls behind the blue house",
    "I write code near the window",
    "Tall trees grow near our house",
    "The streets are quiet at night",
]


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Train the original's model on seven sentences and let it write.")
    parser.add_argument("--epochs", type=int, default=70)
    parser.add_argument("--prompt", default="We bake")
    options = parser.parse_args(arguments)

    # Words between white space, padded to one length by Keras's TextVectorization.
    tokenizer = tlm.WhitespaceTokenizer(sequence_length=20).adapt(SENTENCES)
    sys.stdout.write(f"{tokenizer.vocabulary_size()} tokens; {SENTENCES[1]!r} is {tokenizer.tokenize(SENTENCES[1])}\n")

    # Token and position embedding, two post-norm transformer blocks, and a dense layer to the vocabulary.
    model = tlm.MiniLM(
        tokenizer=tokenizer,
        context_length=20,
        embed_dim=64,
        num_heads=2,
        feed_forward_dim=128,
        num_blocks=2,
        dropout=0.1,
        norm="post",
    )
    model.compile(optimizer="adam", jit_compile=False)  # so few steps do not repay XLA's compilation
    model.summary(print_fn=lambda text: sys.stdout.write(text + "\n"))

    # Each sentence is one row. Loss and perplexity leave padding out.
    rows = tlm.data.lines(SENTENCES, tokenizer, context_length=20, batch_size=16, seed=0)
    history = model.fit(rows, epochs=options.epochs, verbose=0).history
    for name in ("loss", "perplexity"):
        sys.stdout.write(f"{name}: {history[name][0]:.2f} in the first epoch, {history[name][-1]:.2f} in the last\n")

    for settings in ({"temperature": 0}, {"temperature": 0.7, "top_k": 5}, {"temperature": 1.5}):
        text = model.generate(options.prompt, max_new_tokens=5, seed=1, **settings)
        sys.stdout.write(f"{settings}: {text}\n")

    path = pathlib.Path(tempfile.mkdtemp(), "tiny.keras")
    model.save(path)  # tokenizer, weights and optimizer in one file
    same = tlm.load_model(path).generate(options.prompt, max_new_tokens=5, temperature=0)
    sys.stdout.write(f"loaded from {path.name}: {same}\n")
    return history, same


if __name__ == "__main__":
    main()
