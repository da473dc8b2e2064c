"""`tinylm generate`: the same text in a new process, prompts from everywhere, and a record that tells how."""

import hashlib
import io
import json
import os
import shutil

import pytest

import tinylm_keras
from tinylm_keras import saving


@pytest.fixture(scope="session")
def model(run_folder):
    return tinylm_keras.load_model(run_folder / "model.keras")


def test_a_new_shell_writes_the_same_text_and_nothing_else(in_new_process, run_folder, model):
    ended = in_new_process("generate", run_folder, "Mia had a", "--seed", 7)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == model.generate("Mia had a", seed=7) + "\n"


def test_a_drawn_seed_is_shown_and_gives_the_text_again(tinylm, run_folder):
    first = tinylm("generate", run_folder)
    assert first.code == 0
    assert first.err.startswith("seed ")
    again = tinylm("generate", run_folder, "", "--seed", first.err.split()[1])
    assert (again.out, again.err) == (first.out, "")


def test_samples_are_separated_by_a_blank_line_and_the_first_is_the_single_one(tinylm, run_folder, model):
    shown = tinylm("generate", run_folder, "Tom", "--samples", 3, "--seed", 1, "--temperature", 0.5).out
    assert shown == "\n\n".join(model.generate(["Tom"] * 3, seed=1, temperature=0.5)) + "\n"
    assert tinylm("generate", run_folder, "Tom", "--seed", 1, "--temperature", 0.5).out == shown.split("\n\n")[0] + "\n"


def test_several_temperatures_before_the_prompt_are_told_how_to_be_written(tinylm, run_folder):
    for typed in ([run_folder, "--temperature", 0.5, 0.8, "Tom"], ["--temperature", 0.5, 0.8, run_folder, "Tom"]):
        refusal = tinylm("generate", *typed).refusal
        assert refusal.startswith("`--temperature` must be separated by commas, unless the numbers follow all")
        assert "Try --temperature 0.5,0.8, or put them last." in refusal


def test_a_refused_setting_is_one_line_though_the_seed_was_drawn(tinylm, run_folder):
    assert tinylm("generate", run_folder, "Tom", "--top-k", 0).refusal.startswith("`--top-k` must be")
    assert tinylm("generate", run_folder, "Tom", "--max-new-tokens", -1, "--samples", 2).refusal.startswith(
        "`--max-new"
    )


def test_a_prompt_without_end_is_refused_and_a_pipe_is_read(tinylm, run_folder, tmp_path, monkeypatch):
    monkeypatch.setattr("tinylm_keras.cli._console.LONGEST_PROMPT", 1000)
    refusal = tinylm("generate", run_folder, "--prompt-file", "/dev/zero").refusal
    assert refusal.startswith("`--prompt-file` must have at most 1,000 bytes. Received: --prompt-file /dev/zero.")
    reading, writing = os.pipe()
    os.write(writing, b"Tom\n")
    os.close(writing)
    piped = tinylm("generate", run_folder, "--prompt-file", f"/dev/fd/{reading}", "--seed", 1, "--max-new-tokens", 3)
    os.close(reading)
    assert piped.out == tinylm("generate", run_folder, "Tom", "--seed", 1, "--max-new-tokens", 3).out


def test_a_record_that_cannot_be_written_is_refused_before_anything_is_generated(tinylm, run_folder, tmp_path):
    asked = ("generate", run_folder, "Tom", "--overwrite", "--out")
    assert tinylm(*asked, "/dev/null").refusal.startswith("`--out` must be a regular file, not a device")
    link = tmp_path / "link.txt"
    link.symlink_to(tmp_path / "missing.txt")
    assert tinylm(*asked, link).refusal.startswith("`--out` must be a regular file, not a device, a pipe or")


def test_a_record_is_not_written_through_links_in_a_circle(tinylm, run_folder, tmp_path):
    (tmp_path / "circle").symlink_to("circle")
    line = tinylm("generate", run_folder, "x", "--out", tmp_path / "circle").refusal
    assert "`--out` must be a regular file" in line


def test_weights_are_rounded_when_asked_for_and_the_record_says_so(tinylm, run_folder, model, tmp_path):
    out = tmp_path / "texts.json"
    shown = tinylm("generate", run_folder, "Tom", "--seed", 1, "--quantize", "int8", "--out", out)
    assert shown.out == model.generate("Tom", seed=1, quantize="int8") + "\n"
    assert json.loads(out.read_text())["settings"]["quantize"] == "int8"
    refusal = tinylm("generate", run_folder, "Tom", "--seed", 1, "--quantize", "int4").refusal
    assert refusal.startswith(
        "`--quantize` must be one of 'bfloat16', 'int8', or None. Received: --quantize int4. See: "
    )


def test_several_temperatures_make_one_table_and_one_record(tinylm, run_folder, model, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    out = tmp_path / "texts.json"
    arguments = [
        "--temperature",
        0,
        0.8,
        "--samples",
        2,
        "--seed",
        3,
        "--max-new-tokens",
        4,
        "--top-k",
        5,
        "--out",
        out,
    ]
    shown = tinylm("generate", run_folder, "Sam", *arguments)
    texts = {t: model.generate(["Sam"] * 2, seed=3, temperature=t, max_new_tokens=4, top_k=5) for t in (0.0, 0.8)}
    assert all(text in shown.out for column in texts.values() for text in column)
    assert "temperature 0.0" in shown.out
    assert "temperature 0.8" in shown.out
    assert shown.err == f"Wrote {out}\n"
    record = json.loads(out.read_text(encoding="utf-8"))
    file = run_folder / "model.keras"
    assert record["model"] == str(file)
    assert record["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert (record["seed"], record["tinylm_keras"]) == (3, tinylm_keras.__version__)
    assert record["settings"]["top_k"] == 5
    assert record["settings"]["max_new_tokens"] == 4
    assert record["results"] == [
        {"prompt": "Sam", "temperature": temperature, "texts": column} for temperature, column in texts.items()
    ]


def test_a_text_record_can_be_read_and_names_the_defaults_of_the_model(tinylm, run_folder, tmp_path):
    out = tmp_path / "texts.txt"
    shown = tinylm("generate", run_folder, "Sam", "--seed", 3, "--out", out)
    lines = out.read_text(encoding="utf-8").splitlines()
    assert "# seed: 3" in lines
    assert '"max_new_tokens": 6' in next(line for line in lines if line.startswith("# settings: "))
    assert "## temperature 0.8, sample 1, prompt 'Sam'" in lines
    assert lines[-1] == shown.out.rstrip("\n")


def test_prompts_come_from_a_file_its_lines_or_standard_input(tinylm, run_folder, tmp_path, monkeypatch):
    prompts = tmp_path / "prompts.txt"
    prompts.write_bytes(b"\xef\xbb\xbfTom\r\n\r\nMia had\r\n")
    nothing = ["--max-new-tokens", 0, "--seed", 1]
    assert tinylm("generate", run_folder, "--prompt-file", prompts, *nothing).out == "Tom\n\nMia had\n"
    assert tinylm("generate", run_folder, "--prompt-file", prompts, "--lines", *nothing).out == "Tom\n\nMia had\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"Once upon\n"), encoding="ascii"))
    assert tinylm("generate", run_folder, "-", *nothing).out == "Once upon\n"


def test_unknown_words_of_the_prompt_are_named_in_one_line(tinylm, run_folder):
    shown = tinylm("generate", run_folder, "Tom zyx qwv", "--seed", 1, "--max-new-tokens", 1)
    assert shown.code == 0
    assert shown.err.count("\n") == 1
    assert "'zyx'" in shown.err
    assert "'qwv'" in shown.err


def test_an_existing_file_is_replaced_only_when_told(tinylm, run_folder, tmp_path):
    out = tmp_path / "texts.txt"
    out.write_text("mine")
    arguments = ["generate", run_folder, "Tom", "--seed", 1, "--max-new-tokens", 1, "--out", out]
    assert tinylm(*arguments).refusal == (
        f"`--out` must be a new file, but it exists. Received: --out {out}. Choose another name, or add --overwrite. "
        "See: tinylm generate --help"
    )
    assert out.read_text() == "mine"
    assert tinylm(*arguments, "--overwrite").code == 0
    assert "# seed: 1" in out.read_text()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--top-k", "0"], "`--top-k` must be a whole number of at least 1. Received: --top-k 0."),
        (["--top-k", "x"], "`--top-k` must be a whole number. Received: --top-k x."),
        (["--top-p", "0"], "`--top-p` must be a number in (0, 1]. Received: --top-p 0.0."),
        (["--top-p", "1.5"], "`--top-p` must be a number in (0, 1]. Received: --top-p 1.5."),
        (["--min-p", "1"], "`--min-p` must be a number in [0, 1). Received: --min-p 1.0."),
        (["--repetition-penalty", "0"], "`--repetition-penalty` must be a number of more than 0. Received"),
        (["--temperature", "-1"], "`--temperature` must be a number of at least 0. Received: --temperature -1.0."),
        (["--temperature", "nan"], "`--temperature` must be a number of at least 0. Received: --temperature nan."),
        (["--temperature", "warm"], "`--temperature` must be a number, or several separated by commas"),
        (["--max-new-tokens", "-1"], "`--max-new-tokens` must be a whole number from 0 to 1,000,000. Received"),
        (["--max-new-tokens", "1000000000000"], "`--max-new-tokens` must be a whole number from 0 to 1,000,000."),
        (["--samples", "0"], "`--samples` must be a whole number from 1 to 10,000. Received: --samples 0."),
        (["--seed", "-1"], "`--seed` must be a whole number of at least 0. Received: --seed -1."),
        (["--lines"], "`--lines` must come with --prompt-file. Received: --lines. Add: --prompt-file FILE"),
        (["Tom", "--prompt-file", "x"], "`prompt` must be left out with --prompt-file. Received: prompt='Tom'."),
        (["--prompt-file", "no.txt"], "no.txt: No such file or directory"),
        (
            ["--prompt-file", "latin.txt"],
            "`--prompt-file` must be UTF-8 text, but byte 3 is not valid. Received: --prompt-file latin.txt.",
        ),
        (["--prompt-file", "blank.txt", "--lines"], "`--prompt-file` must have at least one line that"),
        (["--out", "no/texts.txt"], "`--out` must be in a folder that exists. Received: --out no/texts.txt. Create"),
        (["--out", "folder"], "`--out` must be a file, but it is a folder. Received: --out folder."),
        (["--out", "my.keras"], "`--out` must not be a model or the prompt file. Received: --out my.keras. Use"),
    ],
)
def test_bad_input_is_refused_in_one_line_and_nothing_is_written(
    tinylm, run_folder, tmp_path, monkeypatch, arguments, line
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "blank.txt").write_text("\n \n")
    (tmp_path / "latin.txt").write_bytes("café".encode("latin-1"))
    before = sorted(tmp_path.rglob("*"))
    seed = [] if "--seed" in arguments else ["--seed", "1"]
    assert tinylm("generate", run_folder, *arguments, *seed).refusal.startswith(line)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_model_file_that_is_no_model_is_refused(tinylm, run_folder, tmp_path):
    whole = (run_folder / "model.keras").read_bytes()
    (tmp_path / "empty.keras").touch()
    (tmp_path / "cut.keras").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "other.keras").write_text("hello")
    for name in ("empty", "cut", "other", "none"):
        assert f"{name}.keras" in tinylm("generate", tmp_path / f"{name}.keras", "Tom").refusal
    assert tinylm("generate", tmp_path, "Tom").refusal == (
        "`model` must be a .keras file or a run's folder, but this folder has no model.keras. "
        f"Received: model='{tmp_path}'."
    )


@pytest.mark.parametrize(("typed", "one", "two"), [("0,5", "0.5", "0.0,5.0"), ("1,25", "1.25", "1.0,25.0")])
def test_a_comma_before_decimals_is_refused_and_both_meanings_are_offered(tinylm, run_folder, typed, one, two):
    refusal = tinylm("generate", run_folder, "Tom", "--temperature", typed).refusal
    assert refusal.startswith("`--temperature` must have a decimal point")
    assert f"Try --temperature {one} for one, or --temperature {two} for two." in refusal
    refusal = tinylm("generate", run_folder, "Tom", "--top-p", "0,9").refusal
    assert refusal.startswith("`--top-p` must be a number. Received: --top-p 0,9. Try --top-p 0.9.")


def test_temperatures_with_points_and_commas_are_several(parsed):
    for typed, wanted in (
        ("0.5,0.8", [0.5, 0.8]),
        ("0,0.7", [0.0, 0.7]),
        ("0,1,2", [0.0, 1.0, 2.0]),
        ("0.0,5.0", [0, 5]),
    ):
        assert parsed("generate", "m", "Tom", "--temperature", typed)["temperature"] == [wanted]


def test_the_record_has_the_digest_of_what_was_loaded_whatever_lies_there_later(
    tinylm, run_folder, tmp_path, monkeypatch
):
    path, out = tmp_path / "model.keras", tmp_path / "record.json"
    shutil.copy(run_folder / "model.keras", path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    load = saving.load_held

    def load_and_replace(held):
        path.write_bytes(b"another")
        return load(held)

    monkeypatch.setattr(saving, "load_held", load_and_replace)
    assert tinylm("generate", path, "Tom", "--out", out, "--engine", "keras").code == 0
    assert json.loads(out.read_text())["sha256"] == digest
