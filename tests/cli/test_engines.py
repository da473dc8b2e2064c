"""`tinylm generate --engine`: numpy unless Keras is asked for, needed, or faster in total; both write the same."""

import json
import subprocess
import sys

import pytest

import tinylm_keras as tlm
from tinylm_keras import runtime
from tinylm_keras.cli import _engines


@pytest.fixture
def engine_of(tinylm, run_folder, tmp_path):
    """The engine that a call used, as its record says."""

    def call(*arguments, model=run_folder):
        out = tmp_path / "record.json"
        ended = tinylm("generate", model, "Tom", "--seed", 1, "--out", out, "--overwrite", *arguments)
        assert ended.code == 0, ended.err
        record = json.loads(out.read_text())
        assert record[record["engine"]]  # its version
        return record["engine"], ended.out

    return call


def test_numpy_writes_unless_keras_is_asked_for_and_both_write_the_same(engine_of):
    (first, text), (second, same), (third, again) = (
        engine_of(),
        engine_of("--engine", "keras"),
        engine_of("--engine", "numpy"),
    )
    assert (first, second, third) == ("numpy", "keras", "numpy")
    assert text == same == again


def test_keras_writes_where_it_is_faster_in_total(engine_of, monkeypatch):
    monkeypatch.setattr(_engines, "LONGEST", 1e-6)
    assert engine_of()[0] == "keras"
    assert engine_of("--engine", "numpy")[0] == "numpy"


@pytest.fixture
def read(tmp_path):
    """A model as the runtime reads it from its file."""

    def load(model):
        model.save(tmp_path / "model.keras")
        return runtime.load(tmp_path / "model.keras")

    return load


def test_much_text_takes_long_and_the_context_counts(mini_lm, read):
    model = read(mini_lm)
    short, many, long = (
        _engines.seconds(model, [1] * rows, new_tokens) for rows, new_tokens in ((1, 11), (100, 11), (1, 1000))
    )
    assert short < many
    assert long > short * 1000 / 11
    assert _engines.seconds(model, [1], 11, calls=3) == pytest.approx(3 * short)


def test_long_prompts_take_long(every_model, read):
    sizes = {"vocabulary_size": 20, "context_length": 4096, "num_blocks": 1}
    for name in ("mini_lm_pre", "rotary_lm"):
        model = read(every_model[name](**sizes))
        one, thousand, four_thousand = (_engines.seconds(model, [length], 1) for length in (1, 1000, 4000))
        assert one < thousand / 2
        assert four_thousand > 5 * thousand  # attention grows with the square
        together, apart = (_engines.seconds(model, lengths, 1) for lengths in ([1000, 1000], [1, 1999]))
        assert apart > 10 * together  # the longer one of two prompts is read step by step
    fits, past = (_engines.seconds(read(every_model["mini_lm_pre"](**sizes)), [length], 90) for length in (4000, 4096))
    assert past > 20 * fits  # each new token computes the whole window
    network = every_model["average_lm"](vocabulary_size=20, context_length=4096)
    assert _engines.seconds(read(network), [4000], 1) > _engines.seconds(read(network), [1], 1)


def test_the_tokens_of_the_prompt_choose_the_engine(make_mini_lm, monkeypatch, tmp_path):
    tokenizer = tlm.WhitespaceTokenizer(vocabulary=["Tom", "a" * 500])
    make_mini_lm(tokenizer=tokenizer, context_length=500, num_blocks=1).save(tmp_path / "model.keras")
    model = runtime.load(tmp_path / "model.keras")
    monkeypatch.setattr(_engines, "LONGEST", _engines.seconds(model, [200], 2))
    prompts = {"numpy": "Tom " * 150, "keras": "Tom " * 250}
    for engine, text in {**prompts, "numpy again": "a" * 500}.items():  # many characters, one token
        chosen = _engines.load(str(tmp_path / "model.keras"), "auto", {"max_new_tokens": 2}, [text])[3]
        assert chosen == engine.split()[0]


def test_a_model_of_mixed_precision_is_left_to_keras(engine_of, make_mini_lm, tmp_path):
    tokenizer = tlm.WhitespaceTokenizer(vocabulary=["Tom"])
    make_mini_lm(tokenizer=tokenizer, dtype="mixed_bfloat16").save(tmp_path / "mixed.keras")
    assert engine_of("--max-new-tokens", 2, model=tmp_path / "mixed.keras")[0] == "keras"
    assert engine_of("--max-new-tokens", 2, "--engine", "numpy", model=tmp_path / "mixed.keras")[0] == "numpy"


def test_without_keras_numpy_writes_whatever_it_takes_and_what_needs_keras_is_refused(engine_of, tinylm, monkeypatch):
    monkeypatch.setattr(_engines, "LONGEST", 1e-6)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert engine_of()[0] == "numpy"
    for option, value in (("--engine", "keras"), ("--quantize", "int8")):
        refusal = tinylm("generate", "no", "Tom", option, value).refusal
        assert refusal.startswith(
            f"`{option}` needs Keras, which is not installed here. Received: {option} {value}. Run"
        )


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--engine", "jax"], "`--engine` must be one of 'auto', 'numpy', 'keras'. Received: --engine jax."),
        (
            ["--engine", "numpy", "--quantize", "int8"],
            "`--quantize` must be left out with --engine numpy. Received: --quantize int8.",
        ),
    ],
)
def test_an_engine_that_cannot_is_refused(tinylm, run_folder, arguments, line):
    assert tinylm("generate", run_folder, "Tom", *arguments).refusal.startswith(line)


def test_three_commands_answer_without_keras(run_folder):
    code = (
        "import sys\n"
        "for name in ('keras', 'keras_nlp', 'keras_hub', 'tensorflow', 'jax', 'h5py', 'matplotlib'):\n"
        "    sys.modules[name] = None\n"
        "import importlib.util\n"
        "importlib.util.find_spec = lambda name: None\n"
        "from tinylm_keras.cli import main\n"
        "run = sys.argv[1]\n"
        "print([main(['generate', run, 'Tom', '--seed', '1']), main(['info', run, '--json']),\n"
        "       main(['tokenize', 'Tom', '--model', run]), main(['tokenize', 'Tom and Mia'])])"
    )
    ended = subprocess.run([sys.executable, "-c", code, run_folder], capture_output=True, text=True, check=True)
    assert ended.stdout.endswith("[0, 0, 0, 0]\n")
