"""Six GPT-2 directories as `transformers` writes them, imported: logits, ids of texts and greedy ids.

`import_gpt2.py make FOLDER` writes them, in an environment with torch and transformers; `import_gpt2.py check FOLDER`
imports them, in that of this project. Both print what they do.
"""

import json
import pathlib
import sys
import warnings

import numpy as np

SIZES = {"vocab_size": 500, "n_positions": 48, "n_embd": 64, "n_layer": 3, "n_head": 4}
KINDS = {
    "tied": {},
    "untied": {"tie_word_embeddings": False, "activation_function": "gelu"},
    "wide": {"n_inner": 160, "activation_function": "relu"},
    "sharded": {"activation_function": "silu", "n_layer": 6},
    "half": {"activation_function": "gelu_pytorch_tanh", "tie_word_embeddings": False},
    "bfloat16": {"n_inner": 96, "n_head": 1},
}
PROMPTS, NEW = [[7, 11, 13], [3], [250, 90, 41, 8, 8]], 24
TEXTS = ["Once upon a time", "déjà vu\n\n\n  naïve 🙂 猫", "The cat's mat: \"I've 1,000 mats!\"", " ", "a\tb\r\nc"]


def make(root):
    """Write the directories, and beside each what transformers makes of it."""
    import tokenizers
    import torch
    import transformers

    trained = tokenizers.ByteLevelBPETokenizer()
    trained.train_from_iterator(TEXTS * 9, vocab_size=499, min_frequency=1, show_progress=False)
    trained.add_special_tokens(["<|endoftext|>"])
    print(f"transformers {transformers.__version__}, torch {torch.__version__}")
    for number, (name, changes) in enumerate(KINDS.items()):
        torch.manual_seed(number)
        end = trained.get_vocab_size() - 1
        sizes = {**SIZES, **changes, "vocab_size": end + 1, "bos_token_id": end, "eos_token_id": end}
        model = transformers.GPT2LMHeadModel(transformers.GPT2Config(**sizes)).eval()
        with torch.no_grad():
            for weight in model.parameters():
                weight.add_(torch.randn_like(weight) * (0.15 if weight.ndim > 1 else 0.3))
        model = model.to({"half": torch.float16, "bfloat16": torch.bfloat16}.get(name, torch.float32))
        folder = root / name
        model.save_pretrained(folder, **({"max_shard_size": "200KB"} if name == "sharded" else {}))
        transformers.PreTrainedTokenizerFast(tokenizer_object=trained._tokenizer).save_pretrained(folder)
        model = model.float()  # the numbers that were written
        ids = torch.randint(0, end, (4, SIZES["n_positions"]))
        with torch.no_grad():
            logits = model(ids).logits.numpy()
            greedy = [
                model.generate(
                    torch.tensor([prompt]), do_sample=False, max_new_tokens=NEW, min_new_tokens=NEW, eos_token_id=None
                )[0].tolist()
                for prompt in PROMPTS
            ]
        np.savez(root / f"{name}.npz", ids=ids.numpy(), logits=logits)
        texts = [trained.encode(text).ids for text in TEXTS]
        (root / f"{name}.json").write_text(json.dumps({"greedy": greedy, "texts": texts}))
        print(f"{name}: {', '.join(sorted(path.name for path in folder.iterdir()))}")
    return 0


def check(root):
    """Import each directory and compare; return 1 if any differs."""
    import tinylm_keras as tlm

    warnings.simplefilter("error", UserWarning)
    good = True
    for name in KINDS:
        model = tlm.interop.load_huggingface(root / name)
        model.save(root / f"{name}.keras")
        model = tlm.load_model(root / f"{name}.keras")
        facts, arrays = json.loads((root / f"{name}.json").read_text()), np.load(root / f"{name}.npz")
        known = arrays["logits"].shape[-1]
        error = float(np.abs(np.array(model(arrays["ids"]))[..., :known] - arrays["logits"]).max())
        equal = 0
        for prompt, expected in zip(PROMPTS, facts["greedy"], strict=True):
            ids = list(prompt)
            for _ in range(NEW):  # not `generate`, which ends at the end token
                ids.append(int(np.argmax(np.array(model(np.array([ids], "int32")))[0, -1])))
            equal += ids == expected
        other = sum(
            model.tokenizer.tokenize(text).tolist() != ids for text, ids in zip(TEXTS, facts["texts"], strict=True)
        )
        print(
            f"{name:10} logits {error:.1e} of {np.abs(arrays['logits']).max():.1f}, greedy {equal}/{len(PROMPTS)}, "
            f"other ids {other} of {len(TEXTS)}"
        )
        good &= error <= 3e-5 and equal == len(PROMPTS) and other == 0
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit({"make": make, "check": check}[sys.argv[1]](pathlib.Path(sys.argv[2])))
