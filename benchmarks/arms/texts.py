"""`tinylm train FILE --minutes N` without another option, and what its model, its network and its counts reach."""

import subprocess
import sys
import tempfile
import time

from benchmarks.measuring import serve


def texts(train, test, minutes, seed):
    """Train in a process of its own, as a person does; then evaluate the three on the test text."""
    import tinylm_keras as tlm
    from tinylm_keras import evaluation
    from tinylm_keras.text.documents import Documents
    from tinylm_keras.training import run_record, start

    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        command = [sys.executable, "-m", "tinylm_keras", "train", train, "--minutes", str(minutes), "--seed", str(seed)]
        subprocess.run([*command, "--out", f"{folder}/run"], check=True, capture_output=True)
        seconds = time.perf_counter() - began
        record = run_record.read(f"{folder}/run")
        model = tlm.load_model(f"{folder}/run/model.keras")
    documents = Documents(test, **record.recipe.reading)
    how = {"layout": record.corpus["layout"]}
    test_texts = list(documents.texts())
    how["separator"] = documents.between
    found = evaluation.evaluate(model, test_texts, **how)
    sample = model.generate("", max_new_tokens=300, seed=seed)
    results = {"ours": {"bits_per_character": found.bits_per_character, "seconds": seconds, "sample": sample}}
    network = start.network_of(model)
    if network is not model:
        alone = evaluation.evaluate(network, test_texts, **how).bits_per_character
        results["network alone"] = {"bits_per_character": alone, "seconds": seconds}
        results["counts alone"] = {"bits_per_character": found.counts_bits_per_character, "seconds": seconds}
    return results


if __name__ == "__main__":
    serve(texts)
