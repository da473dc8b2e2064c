"""What is fuzzed. Each target is a function that draws a case, tries it, and asserts what must hold if it is taken."""

import json
import pathlib
import shutil

import numpy as np
from hypothesis import strategies as st

import tinylm_keras as tlm
from tests.archive import hostile
from tests.fuzz.mutations import ODD, changed_bytes, changed_tree, confused_tree
from tests.interop import gpt2
from tinylm_keras.archive import hdf5
from tinylm_keras.interop import safetensors_file
from tinylm_keras.recipe.recipe import Recipe
from tinylm_keras.training import checkpoint, corpus, report, run_folder
from tinylm_keras.training.resuming import SavedRun

WORDS = ["red", "ball", "mia", "tom", "é", "🙂"]


class Targets:
    """The targets, with the good files and the small model that they begin from.

    Args:
        folder: `pathlib.Path`. Everything is written there.
        watch: `contract.Watch`.
    """

    NAMES = (
        *("model_bytes", "model_config", "model_kinds", "weights", "safetensors", "token_file_folder", "generation"),
        *("corpus", "saved_run"),
    )

    def __init__(self, folder, watch):
        self.folder, self.watch = pathlib.Path(folder), watch
        self.tokenizer = tlm.CharacterTokenizer(end_token="<end>").adapt(WORDS)
        shape = {"context_length": 6, "embed_dim": 8, "num_heads": 1, "feed_forward_dim": 8, "num_blocks": 1}
        self.model = tlm.MiniLM(tokenizer=self.tokenizer, **shape)
        # Groups of several leaves, and every kind of number.
        arrays = {f"many/{number}": np.full(number % 3, number, "f4") for number in range(300)}
        self.good_weights = hdf5.write(arrays | {dtype.name: np.ones((), dtype) for dtype in hdf5.forms.TYPES})
        self.good_tensors = gpt2.safetensors(gpt2.make(n_layer=1, n_embd=4, n_head=2)[1], "BF16", {"format": "pt"})
        self.good_token_files = self.folder / "token_files"
        texts = [f"{one} {other}" for one in WORDS for other in WORDS]
        tlm.data.prepare(texts, tlm.WhitespaceTokenizer().adapt(texts), self.good_token_files)
        self.texts, self.good_run = texts, self.folder / "run"
        shape |= {"context_length": 4, "batch_size": 4}
        tlm.train(texts, "tinylm", self.good_run, steps=2, progress=None, **shape)

    def model_bytes(self, data):
        """A model's file, or one of its members behind a right checksum, with changed bytes."""
        path = self.folder / "bytes.keras"
        member = data.draw(st.sampled_from([None, *hostile.members()]))
        if member is None:
            path.write_bytes(data.draw(changed_bytes(hostile.GOOD.read_bytes())))
        else:
            members = hostile.members()
            hostile.write(path, {**members, member: data.draw(changed_bytes(members[member]))})
        with self.watch.case():
            self._use(tlm.load_model(path))

    def model_config(self, data):
        """A model's file whose config.json says something else."""
        path = self.folder / "config.keras"
        hostile.with_text(json.dumps(data.draw(changed_tree(hostile.tree()))))(path)
        with self.watch.case():
            self._use(tlm.load_model(path))

    def model_kinds(self, data):
        """A model's file, compiled or a checkpoint, in whose config.json values are of another kind."""
        path = self.folder / "kinds.keras"
        shutil.copy(self.good_run / "last.keras", path)
        hostile.change_config(path, lambda tree: data.draw(confused_tree(tree)))
        with self.watch.case():
            self._use(tlm.load_model(path))
        with self.watch.case():
            checkpoint.read(path)

    def weights(self, data):
        """Weights in HDF5 with changed bytes, whose length is still what the file says."""
        content = data.draw(st.sampled_from([self.good_weights, hostile.members()[hostile.WEIGHTS]]))
        changed = bytearray(data.draw(changed_bytes(content)))
        if len(changed) >= 48 and data.draw(st.booleans()):
            changed[40:48] = len(changed).to_bytes(8, "little")
        with self.watch.case():
            found = hdf5.read(bytes(changed))
            assert sum(array.nbytes for array in found.values()) <= len(changed)
            again = hdf5.read(hdf5.write(found))
            assert {path: array.tobytes() for path, array in again.items()} == {
                path: array.tobytes() for path, array in found.items()
            }

    def safetensors(self, data):
        """A file of tensors with changed bytes, or whose header says something else."""
        path = self.folder / "changed.safetensors"
        if data.draw(st.booleans()):
            length = int.from_bytes(self.good_tensors[:8], "little")
            header = json.loads(self.good_tensors[8 : 8 + length])
            path.write_bytes(gpt2.packed(data.draw(changed_tree(header)), self.good_tensors[8 + length :]))
        else:
            path.write_bytes(data.draw(changed_bytes(self.good_tensors)))
        with self.watch.case():
            found = safetensors_file.tensors(path)
            assert sum(tensor.read().nbytes for tensor in found.values()) <= 2 * path.stat().st_size

    def _use(self, model):
        ids = np.zeros((1, min(2, model.context_length)), "int32")
        logits = np.array(model(ids))
        assert logits.shape == (*ids.shape, model.vocabulary_size)
        if model.tokenizer is not None:
            assert isinstance(model.tokenizer.detokenize(model.tokenizer.tokenize("I use x")), str)
        model.save(self.folder / "again.keras")

    def token_file_folder(self, data):
        """A folder of token files in which one file was changed, as bytes or as JSON."""
        folder = self.folder / "changed"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.good_token_files, folder)
        path = folder / data.draw(st.sampled_from(["index.json", "tokenizer.json", "train.bin"]))
        if path.suffix == ".json" and data.draw(st.booleans()):
            path.write_text(json.dumps(data.draw(changed_tree(json.loads(path.read_text())))))
        else:
            path.write_bytes(data.draw(changed_bytes(path.read_bytes())))
        with self.watch.case():
            token_files = tlm.data.open_token_files(folder)
            x, y = tlm.data.windows(token_files.train, context_length=4, batch_size=2, steps=2, seed=0).batch(0)
            assert max(x.max(), y.max()) < token_files.tokenizer.vocabulary_size()
            token_files.tokenizer.tokenize("red ball")

    def generation(self, data):
        """Prompts and arguments of `generate`, `stream` and `score`, good ones and odd ones."""
        good = {
            "max_new_tokens": st.integers(0, 9),
            "temperature": st.floats(0, 3),
            "top_k": st.integers(1, 300),
            "top_p": st.floats(0.01, 1),
            "min_p": st.floats(0, 0.99),
            "repetition_penalty": st.floats(0.1, 9),
            "stop": st.one_of(st.text(max_size=3), st.lists(st.text(max_size=3), max_size=3)),
            "seed": st.integers(0, 2**70),
            "allow_unknown": st.booleans(),
        }
        names = data.draw(st.lists(st.sampled_from(sorted(good)), unique=True, max_size=4))
        settings = {name: data.draw(st.one_of(good[name], good[name], ODD)) for name in names}
        settings.setdefault("max_new_tokens", 3)
        if isinstance(settings["max_new_tokens"], int) and 100 < settings["max_new_tokens"] <= 10**6:
            settings["max_new_tokens"] = 20  # allowed, and only slow
        ids = st.lists(st.integers(-2, self.tokenizer.vocabulary_size() + 1), max_size=9)
        prompt = data.draw(st.one_of(st.text(max_size=12), st.lists(st.text(max_size=4), max_size=3), ids, ODD))
        with self.watch.case():
            found = self.model.generate(prompt, **settings)
            if isinstance(prompt, str):
                assert isinstance(found, str)
                if settings.get("seed") is not None:
                    assert "".join(self.model.stream(prompt, **settings)) == found
        with self.watch.case():
            assert np.isfinite(self.model.score(prompt)).all()

    def saved_run(self, data):
        """A run's folder whose recipe.json, or the state in whose checkpoint, says something else; then its history."""
        folder = self.folder / "stopped"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.good_run, folder)
        where = data.draw(st.sampled_from(["recipe.json", "last.keras", "history.csv"]))
        path = folder / where
        if where == "last.keras":
            (folder / "previous.keras").unlink(missing_ok=True)
            hostile.change_state(path, lambda state: data.draw(changed_tree(state)))
        else:
            (folder / "last.keras").unlink()
            (folder / "previous.keras").unlink(missing_ok=True)
            as_json = where == "recipe.json" and data.draw(st.booleans())
            if as_json:
                path.write_text(json.dumps(data.draw(changed_tree(json.loads(path.read_text())))))
            else:
                path.write_bytes(data.draw(changed_bytes(path.read_bytes())))
        with self.watch.case():
            run_folder.read(folder)
        with self.watch.case():
            saved = SavedRun(folder)
            saved.check(None, None, None, False, {})
            corpus = saved.corpus(self.texts, None)
            batches, _ = corpus.train_batches(saved.recipe)
            evaluated = corpus.validation_batches(saved.recipe)
            assert report.header(saved.record.values, batches, evaluated, corpus, None)
            if saved.state is not None:
                assert report.continuing(saved.state)

    def corpus(self, data):
        """A file of any bytes, read and made ready to train on."""
        path = self.folder / "text.txt"
        text = st.text("ab é.\n\r\t\0\u2028\x85\ufeff🙂", max_size=60)
        encoding = data.draw(st.sampled_from(["utf-8", "utf-8", "utf-16", "latin-1", "ascii", "utf-7", "idna", "hex"]))
        content = data.draw(st.one_of(st.binary(max_size=60), text.map(lambda drawn: drawn.encode())))
        path.write_bytes(content)
        separator = data.draw(st.sampled_from(["auto", None, "\n", "\n\n", "a", "\r\n", ""]))
        kind = data.draw(st.sampled_from(["whitespace", "word-punct", "character", "byte-pair"]))
        layout = data.draw(st.sampled_from(["auto", "padded", "packed"]))
        shape = {"context_length": data.draw(st.integers(1, 8)), "batch_size": 2, "steps": 2}
        with self.watch.case():
            recipe = Recipe(tokenizer=kind, separator=separator, encoding=encoding, layout=layout, **shape)
            texts = tlm.data.read(path, separator=separator, encoding=encoding)
            assert texts and all(text.strip() for text in texts)
            made = corpus.make(texts, recipe)
            x, y = made.train_batches(recipe)[0].batch(0)
            assert x.shape == y.shape and 1 <= x.shape[1] <= shape["context_length"]
            assert max(x.max(), y.max()) < max(made.tokenizer.vocabulary_size(), (made.tokenizer.pad_id or 0) + 1)
