"""GGUF files in llama.cpp: ids of texts, greedy texts, log probabilities, and what sampling never writes."""

import importlib.metadata
import json
import pathlib
import subprocess
import sys
import urllib.request

import gguf
import xllamacpp

SAMPLED = 10_000


class Server:
    """llama.cpp's server in this process, with a cache in float32 and without flash attention if `exact`."""

    def __init__(self, path, context_length, exact=True):
        settings = xllamacpp.CommonParams()
        settings.model.path, settings.n_ctx, settings.n_parallel = str(path), context_length, 1
        settings.warmup, settings.verbosity = False, 0
        settings.cpuparams.n_threads = 1  # several wait for each other, which costs more than such models gain
        if exact:
            settings.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
            settings.cache_type_k = settings.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
        self.server = xllamacpp.Server(settings)

    def __call__(self, where, **body):
        address = f"{self.server.listening_address}/{where}"
        request = urllib.request.Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


def check(path, facts, exact):
    server = Server(path, facts["context_length"], exact)
    start = [] if facts["end_id"] is None else [facts["end_id"]]
    # Only byte pairs have the same ids for every text; the others for text of known words or characters.
    pairs = list(zip(facts["texts"], facts["ids"], strict=True))
    pairs = [(text, ids) for text, ids in pairs if text and facts["unk_id"] not in ids][:500]
    other = sum(
        server("tokenize", content=text, add_special=True, parse_special=False)["tokens"] != [*start, *ids]
        for text, ids in pairs
    )
    greedy, worst = 0, 0.0
    for one in facts["greedy"]:
        count = len(one["prompt_ids"])
        new = len(one["ids"]) - count
        settings = {"n_predict": new, "temperature": 0, "n_probs": 1, "return_tokens": True, "cache_prompt": False}
        answer = server("completion", prompt=one["prompt"], **settings)
        ended = one["ids"][-1] == facts["end_id"]
        wanted = one["ids"][count : len(one["ids"]) - ended]
        written = answer["tokens"][: len(answer["tokens"]) - (answer["tokens"][-1:] == [facts["end_id"]])]
        greedy += written == wanted
        for place, (found, token) in enumerate(zip(answer["completion_probabilities"], wanted, strict=False)):
            if found["id"] != token:  # llama.cpp leaves out tokens that end inside a character
                break
            worst = max(worst, abs(found["logprob"] - one["log_p"][count - 1 + place]))
    wrong = total = 0
    while exact and total < SAMPLED:
        settings = {"n_predict": facts["context_length"] - 8, "temperature": 1.0, "top_k": 0, "top_p": 1.0}
        settings |= {"min_p": 0.0, "seed": total, "return_tokens": True, "ignore_eos": True, "cache_prompt": False}
        tokens = server("completion", prompt=start or facts["greedy"][0]["prompt_ids"], **settings)["tokens"]
        bad = {facts["pad_id"], facts["unk_id"], *range(facts["vocabulary_size"], facts["vocabulary_size"] + 256)}
        wrong, total = wrong + sum(token in bad for token in tokens), total + len(tokens)
    kind = "f32 cache" if exact else "as llama.cpp chooses"
    print(
        f"{path.name:32}{kind}: other ids {other} of {len(pairs)}, greedy {greedy}/{len(facts['greedy'])}, "
        f"log p {worst:.1e}, padding or unknown {wrong} of {total}"
    )
    good = greedy == len(facts["greedy"]) and worst <= 2e-2 and wrong == 0
    return good and (other == 0 or facts["class"] != "BytePairTokenizer")


def main(root, names):
    print(f"llama.cpp of xllamacpp {importlib.metadata.version('xllamacpp')}")
    good = True
    for path in sorted(root.glob("*.gguf")):
        if names and path.stem not in names:
            continue
        gguf.GGUFReader(path)
        for exact in ("exact", "usual"):  # each server in a process of its own: it ends with it
            good &= subprocess.run([sys.executable, __file__, exact, str(path)]).returncode == 0
    return 0 if good else 1


def one(path, exact):
    facts = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return 0 if check(path, facts, exact) else 1


if __name__ == "__main__":
    first, *rest = sys.argv[1:]
    if first in ("exact", "usual"):
        sys.exit(one(pathlib.Path(rest[0]), first == "exact"))
    sys.exit(main(pathlib.Path(first), rest))
