"""Exported folders in `transformers`: logits, ids of texts, greedy ids, and what sampling never writes."""

import json
import pathlib
import sys

import numpy as np
import torch
import transformers

SAMPLED = 10_000


def check(folder, facts, arrays):
    model = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        logits = model(torch.tensor(arrays["ids"].astype("int64"))).logits.numpy()
    error = float(np.abs(logits - arrays["logits"]).max())
    start = [] if facts["end_id"] is None else [facts["end_id"]]
    other = sum(
        tokenizer(text)["input_ids"] != [*start, *ids] for text, ids in zip(facts["texts"], facts["ids"], strict=True)
    )
    greedy = 0
    for one in facts["greedy"]:
        ids = tokenizer(one["prompt"], return_tensors="pt")
        count = len(one["prompt_ids"])
        new = min(len(one["ids"]) + 1, facts["context_length"]) - count
        written = model.generate(**ids, do_sample=False, max_new_tokens=new)[0].tolist()
        wanted = [token for token in one["ids"][count:] if token != facts["end_id"]]
        greedy += written[count : count + len(wanted)] == wanted
    torch.manual_seed(0)
    prompt = torch.tensor([start or facts["greedy"][0]["prompt_ids"]])
    rows = -(-SAMPLED // (facts["context_length"] - prompt.shape[1]))
    settings = {"max_length": facts["context_length"], "max_new_tokens": None, "num_return_sequences": rows}
    settings |= {"eos_token_id": -1, "do_sample": True, "temperature": 1.0}
    sampled = model.generate(prompt, **settings)[:, prompt.shape[1] :].reshape(-1)
    wrong = sum(int((sampled == one).sum()) for one in {facts["pad_id"], facts["unk_id"]} - {None})
    largest = float(np.abs(arrays["logits"]).max())
    print(
        f"{folder.name:28}{type(model).__name__:20} logits {error:.1e} of {largest:.1f} ({error / largest:.1e}), "
        f"other ids {other} of {len(facts['texts'])}, greedy {greedy}/{len(facts['greedy'])}, "
        f"padding or unknown {wrong} of {len(sampled)}"
    )
    # float32 has 24 bits, so the rounding of large logits is larger.
    return error <= max(1e-5, 2e-6 * largest) and other == 0 and greedy == len(facts["greedy"]) and wrong == 0


def main(root, names):
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    print(f"transformers {transformers.__version__}, torch {torch.__version__}")
    good = True
    for path in sorted(root.glob("*.json")):
        folder, facts = path.with_suffix(""), json.loads(path.read_text(encoding="utf-8"))
        if folder.is_dir() and (not names or folder.name in names):
            good &= check(folder, facts, np.load(path.with_suffix(".npz")))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2:]))
