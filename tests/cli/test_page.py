"""`tinylm page`."""

import sys


def test_a_page_is_written_beside_the_model_and_its_place_is_said(tinylm, run_folder):
    result = tinylm("page", run_folder, "One day")
    path = run_folder / "page.html"
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"Written: {path}, {path.stat().st_size:,} bytes\n")
    assert "browser" in result.out
    assert path.read_bytes().startswith(b"<!doctype html>")
    assert "`--out` must be a new file, but it exists" in tinylm("page", run_folder).refusal
    assert "--overwrite" in tinylm("page", run_folder).refusal
    assert tinylm("page", run_folder, "--overwrite").code == 0
    path.unlink()


def test_the_file_the_name_and_the_weights_can_be_chosen(tinylm, run_folder, tmp_path):
    out = tmp_path / "mine.html"
    result = tinylm("page", run_folder / "model.keras", "--out", out, "--title", "My model", "--weights", "int8")
    assert result.code == 0 and "int8" in result.err
    assert '"title":"My model"' in out.read_text(encoding="utf-8")


def test_bad_input_is_one_line_and_writes_nothing(tinylm, run_folder, tmp_path):
    assert "--weights" in tinylm("page", run_folder, "--weights", "float64").refusal
    assert "--out" in tinylm("page", run_folder, "--out", tmp_path / "page.txt").refusal
    assert "--out" in tinylm("page", run_folder, "--out", tmp_path / "no" / "page.html").refusal
    assert "model" in tinylm("page", tmp_path / "none.keras").refusal
    assert list(tmp_path.iterdir()) == [] and not (run_folder / "page.html").exists()


def test_it_answers_without_keras(in_new_process, run_folder, tmp_path):
    code = "import sys; sys.modules['keras'] = sys.modules['tensorflow'] = None; "
    code += "from tinylm_keras.cli import main; sys.exit(main(sys.argv[1:]))"
    import subprocess

    command = [sys.executable, "-c", code, "page", str(run_folder), "--out", str(tmp_path / "page.html")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
