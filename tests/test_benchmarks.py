"""The benchmarks' plumbing, on arms that cost nothing: what is measured is never asserted."""

import importlib
import json
import subprocess
import sys

import keras
import numpy as np
import pytest

from benchmarks import __main__ as dispatcher
from benchmarks import (
    generation,
    gpu,
    loading,
    loss,
    machine,
    measuring,
    memory,
    peers,
    report,
    runtime,
    shapes,
    startup,
    training,
)
from benchmarks.measuring import Arm, Row

JOBS = [generation, training, loss, memory, startup, runtime, loading, gpu, machine]


def toy(name, seconds, log, then=""):
    """An arm that writes its name down and says that it took `seconds`."""
    result = json.dumps({"seconds": seconds, "cpu_seconds": seconds / 2})
    code = f"open({str(log)!r}, 'a').write({name!r} + ' '); {then or f'print({result!r})'}"
    return Arm(name, (sys.executable, "-c", code))


@pytest.fixture(autouse=True)
def quiet_machine(monkeypatch):
    """What else runs on the machine must not decide how often an arm is run."""
    monkeypatch.setattr(measuring, "_machine_seconds", lambda: None)


@pytest.fixture
def options(tmp_path):
    return measuring.parser("A toy.").parse_args(["--processes", "2", "--no-limits", "--out", str(tmp_path / "o.json")])


def started(module, monkeypatch, *arguments):
    """Run a job's `main`; return its exit code and whether it ended by itself."""
    monkeypatch.setattr(sys, "argv", ["python -m benchmarks job", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        module.main()
    return ended.value.code


# The plumbing


def test_arms_take_turns_and_the_table_says_who_is_faster(tmp_path, options, capsys):
    log = tmp_path / "log"
    arms = [toy("ours", 0.5, log), toy("theirs", 2.0, log)]
    row = Row("toy", "toy: ten things", arms, 10, "things/s", least=lambda limits: None)
    assert measuring.run("toy", [row], options, ["a note"]) == 0
    assert log.read_text() == "ours theirs ours theirs "
    shown = capsys.readouterr().out
    assert "theirs" in shown and "4.00 x" in shown and "a note" in shown
    record = json.loads((tmp_path / "o.json").read_text())
    ours, theirs = record["rows"][0]["arms"]
    assert (ours["median"], theirs["median"], ours["seconds"]) == (20, 5, [0.5, 0.5])
    assert theirs["cpu_seconds"] == 1.0
    assert (ours["ours_is_times_as_fast"], theirs["ours_is_times_as_fast"]) == (None, 4.0)
    assert {"date", "command", "machine", "limits", "notes"} <= set(record)


def test_the_median_counts_and_least_and_most_are_shown():
    row = Row("toy", "toy", [Arm("ours", ())])
    results = {"ours": [{"seconds": seconds, "cpu_seconds": 0} for seconds in (9.0, 1.0, 2.0)]}
    arm = report.summarize(row, results, {})["arms"][0]
    assert (arm["median"], arm["min"], arm["max"]) == (2.0, 1.0, 9.0)


def test_a_share_of_the_limit_is_the_least_time_over_the_measured_one():
    row = Row("toy", "toy", [Arm("ours", ())], least=lambda limits: 1e9 / (limits["float32_gflops"] * 1e9))
    results = {"ours": [{"seconds": 0.02, "cpu_seconds": 0}]}
    summary = report.summarize(row, results, {}, {"float32_gflops": 100})
    assert summary["arms"][0]["share_of_limit"] == pytest.approx(0.5)
    assert "50%" in "\n".join(report.table(summary))


def test_a_disturbed_measurement_is_made_again_and_says_so(tmp_path, monkeypatch):
    used = iter([0.0, 1e6, 2e6, 2e6])  # what /proc/stat says before and after: another process, then none
    monkeypatch.setattr(measuring, "_machine_seconds", lambda: next(used))
    results, failures = {"ours": []}, {}
    measuring.attempt(toy("ours", 1.0, tmp_path / "log"), results, failures, 0, 1)
    assert (tmp_path / "log").read_text() == "ours ours "
    assert [result["other_processes"] for result in results["ours"]] == [0.0]
    row = Row("toy", "toy", [Arm("ours", ())])
    for others, said in ((0.05, False), (0.9, True)):
        results = {"ours": [{"seconds": 1.0, "cpu_seconds": 1.0, "other_processes": others}]}
        lines = "\n".join(report.table(report.summarize(row, results, {})))
        assert ("Do not trust this: other processes took up to 0.9 of a core's" in lines) == said


@pytest.mark.parametrize(
    "then, why",
    [("raise ValueError('no compiler here')", "ValueError: no compiler here"), ("exit(3)", "exit code 3")],
)
def test_an_arm_that_fails_is_left_out_with_its_last_line(tmp_path, options, capsys, then, why):
    log = tmp_path / "log"
    row = Row("toy", "toy", [toy("ours", 1.0, log), toy("theirs", 1.0, log, then)])
    assert measuring.run("toy", [row], options) == 0
    assert log.read_text() == "ours theirs ours "
    assert f"theirs: not measured. {why}" in capsys.readouterr().out


def test_an_arm_can_say_why_it_does_not_run(tmp_path, options):
    skipped = json.dumps({"skipped": "no such weights"})
    row = Row("toy", "toy", [toy("ours", 1.0, tmp_path / "log", f"print({skipped!r})")])
    assert measuring.run("toy", [row], options) == 1  # ours was to be measured and was not
    assert json.loads((tmp_path / "o.json").read_text())["rows"][0]["left_out"] == {"ours": "no such weights"}


def test_a_whole_process_is_timed_with_its_cpu_seconds():
    result = measuring.WholeProcess("busy", (sys.executable, "-c", "sum(range(3_000_000))")).run()
    assert result["cpu_seconds"] > 0 and result["seconds"] > 0
    with pytest.raises(measuring.ArmFailed, match="can't open file"):
        measuring.WholeProcess("missing", (sys.executable, "no_such_script.py")).run()


def test_repeat_leaves_the_first_call_out():
    calls = []
    result = measuring.repeat(lambda: calls.append(1), budget=0)
    assert (len(calls), result["calls"]) == (2, 1)
    result = measuring.repeat(lambda: calls.append(1), budget=0, warm_up=lambda: calls.append(0))
    assert calls[2:] == [0, 1]


def test_a_task_runs_the_function_it_names_in_a_fresh_process():
    command = measuring.task("benchmarks.machine", "limits")
    assert command[:3] == (sys.executable, "-m", "benchmarks.machine")
    with pytest.raises(measuring.ArmFailed, match="KeyError: 'nothing'"):
        Arm("x", measuring.task("benchmarks.machine", "nothing")).run()


# The dispatcher


def test_the_help_names_every_job_and_importing_a_job_imports_no_keras(capsys):
    assert dispatcher.main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"\n  {job} " in shown for job in dispatcher.JOBS)
    names = [module.__name__ for module in JOBS]
    code = f"import sys, {', '.join(names)}; print([m for m in ('keras', 'tensorflow', 'torch') if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], cwd=measuring.ROOT, capture_output=True, text=True).stdout
        == "[]\n"
    )


def test_a_job_that_is_not_there_is_refused_in_one_line(capsys):
    assert dispatcher.main(["generations"]) == 2
    assert capsys.readouterr().err.startswith("`job` must be one of generation, training,")


def test_the_dispatcher_hands_the_rest_of_the_arguments_on(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["unchanged"])
    assert dispatcher.main(["machine", "--no-limits", "--out", str(tmp_path / "machine.json")]) == 0
    record = json.loads((tmp_path / "machine.json").read_text())
    assert record["machine"]["versions"]["keras"] and record["limits"] is None
    assert record["command"].startswith("'python -m benchmarks machine'")


# The jobs


@pytest.mark.parametrize("module", JOBS, ids=lambda module: module.__name__)
def test_every_job_explains_itself_and_refuses_an_unknown_option_in_one_line(module, monkeypatch, capsys):
    assert started(module, monkeypatch, "--help") == 0
    assert "--out" in capsys.readouterr().out
    assert started(module, monkeypatch, "--nothing", *(["--text", "x"] if module in (gpu, loss) else [])) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("module", [generation, training, loss], ids=lambda module: module.__name__)
def test_a_checkout_or_a_python_that_will_not_do_is_refused_in_one_line(module, monkeypatch, capsys, tmp_path):
    text = ["--text", __file__] if module is loss else []
    assert started(module, monkeypatch, *text, "--nanogpt", tmp_path) == 2
    assert capsys.readouterr().err.endswith(f"which holds model.py. Received: {tmp_path}.\n")
    (tmp_path / "model.py").write_text("")
    assert started(module, monkeypatch, *text, "--nanogpt", tmp_path, "--peer-python", tmp_path / "python") == 2
    assert "which cannot be run: No such file or directory.\n" in capsys.readouterr().err


def parsed(*arguments):
    parser = measuring.parser("A toy.")
    peers.add_options(parser)
    return peers.find(parser.parse_args(list(map(str, arguments))), parser)


def test_a_missing_peer_is_one_line_that_says_how_to_add_it(tmp_path):
    assert peers.Peers().notes == list(peers.HOW_TO_ADD.values())
    assert parsed("--only-ours").notes == []  # left out as requested: keras-nlp is not missing
    assert peers.HOW_TO_ADD["nanoGPT"] in parsed().notes
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho PyTorch 2 on 1 threads\n")
    python.chmod(0o755)
    (tmp_path / "model.py").write_text("")
    found = parsed("--nanogpt", tmp_path, "--peer-python", python)
    assert found.notes[-1].endswith("it ran with PyTorch 2 on 1 threads.")
    assert found.nano_gpt_arms([("nanoGPT", "training", {})])[0].command[0] == str(python)


def test_rows_hold_the_arms_of_the_peers_that_are_there(tmp_path):
    everyone = peers.Peers(tmp_path, "python", "PyTorch", keras_nlp=True)
    options = {"top_k": 10, "budget": 1.0, "ablations": True, "no_torch_compile": False}
    options = measuring.argparse.Namespace(**options)
    for job in (generation, training):
        together = {row.key: [arm.name for arm in row.arms] for row in job.rows(options, everyone)}
        alone = {row.key: [arm.name for arm in row.arms] for row in job.rows(options, peers.Peers())}
        assert together.keys() == alone.keys()
        assert all(name.startswith("ours") for names in alone.values() for name in names)
        assert all(names[0] == "ours" for names in together.values())
    together = {row.key: [arm.name for arm in row.arms] for row in generation.rows(options, everyone)}
    assert "keras-nlp, XLA" in together["one"] and "keras-nlp, XLA" not in together["past"]
    assert "nanoGPT, torch.compile" in together["batch"]


def test_a_line_through_points_is_the_least_squares_line():
    assert generation.line_through([(0, 1.0), (1, 3.0), (2, 5.0)]) == (1.0, 2.0, 1.0)
    x, y = np.array([1.0, 2, 3, 4]), np.array([1.0, 3, 2, 5])
    slope, height = np.polyfit(x, y, 1)
    assert generation.line_through(list(zip(x, y, strict=True)))[:2] == pytest.approx((height, slope))


def test_the_least_work_is_that_of_the_shape():
    small = shapes.SHAPES["small"]
    assert small.weights == 4 * 12 * 128**2 + 128 * 65
    limits = {"float32_gflops": 1.0, "memory_gb_per_s": 1.0, "cache_gb_per_s": 1e9}
    assert small.least_generation_seconds(limits, 1, 10) == small.forward_operations(10, 5) / 1e9
    limits = {"float32_gflops": 1e9, "memory_gb_per_s": 1.0, "cache_gb_per_s": 2.0}
    assert small.least_generation_seconds(limits, 1, 10) == pytest.approx(10 * 4 * small.weights / 2e9)
    large = shapes.SHAPES["large"]
    assert large.least_generation_seconds(limits, 1, 10) == pytest.approx(10 * 4 * large.weights / 1e9)


def test_the_last_tenth_of_a_text_judges(tmp_path):
    from benchmarks.arms.characters import split

    (tmp_path / "text").write_text("abcabcabcZ")
    train, validation, characters = split(tmp_path / "text")
    assert (train.tolist(), validation.tolist(), characters) == ([1, 2, 3] * 3, [0], ["Z", "a", "b", "c"])


# Our arms, on models that take no time


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setitem(shapes.SHAPES, "tiny", shapes.Shape("tiny", 1, 2, 8, 8))
    ours = importlib.import_module("benchmarks.arms.ours")
    monkeypatch.setattr(ours.loop, "compiled", ours.loop.compiled)  # an arm without XLA replaces it
    return ours


def test_our_arms_print_what_a_row_needs(tiny):
    result = tiny.lengths("tiny", [2, 5], budget=0, top_k=None, xla=False)
    assert [count for count, _ in result["points"]] == [2, 5] and result["cpu_seconds"] > 0
    result = tiny.training("tiny", batch_size=2, steps=2, xla=False)
    assert result["seconds"] > 0 and result["first_epoch_seconds"] > 0


def test_ours_stops_at_the_first_loss_that_is_low_enough(tiny, tmp_path):
    (tmp_path / "text").write_text("to be or not to be\n" * 100)
    settings = {"text": str(tmp_path / "text"), "preset": "bigram", "evaluate_every": 2, "seed": 0}
    result = tiny.loss(**settings, target=100.0)
    assert result["steps"] == 2 and result["loss"] == result["losses"][0]
    assert "There is no preset 'none'" in tiny.loss(**{**settings, "preset": "none"}, target=1.0)["skipped"]


def test_the_memory_job_says_how_much_of_the_others_peak_ours_takes():
    arms = [
        {"name": "ours", "results": [{"peak": peak, "growth": 20.0} for peak in (50.0, 90.0, 60.0)]},
        {"name": "Keras", "results": [{"peak": 120.0, "growth": 80.0}]},
    ]
    lines = memory.memory({"arms": arms})
    assert "peak     60 MiB" in lines[0] and "takes" not in lines[0]
    assert lines[1].endswith("ours takes 0.50 of the peak, 0.25 of the growth")


@pytest.mark.parametrize("by", ["ours", "keras"])
def test_the_memory_arms_measure_a_step(by):
    arm = importlib.import_module("benchmarks.arms.memory")
    result = arm.step(tokens=256, vocabulary_size=8, num_blocks=1, steps=1, by=by, xla=False)
    assert result["seconds"] > 0 and result["peak"] >= result["growth"] >= 0


def test_the_gpu_job_counts_and_writes(monkeypatch, tmp_path, capsys):
    (tmp_path / "text").write_text("to be or not to be\n" * 100)
    sizes = (
        "context_length=8 embed_dim=8 num_heads=2 feed_forward_dim=8 num_blocks=1 batch_size=4 steps=4 evaluate_every=2"
    )
    arguments = [
        "--text",
        tmp_path / "text",
        "--set",
        *sizes.split(),
        "--peak-tflops",
        1,
        "--out",
        tmp_path / "gpu.json",
    ]
    monkeypatch.setattr(sys, "argv", ["gpu", *map(str, arguments)])
    monkeypatch.setenv("KERAS_BACKEND", keras.config.backend())
    assert gpu.main() == 0
    record = json.loads((tmp_path / "gpu.json").read_text())
    assert [row["step"] for row in record["rows"]] == [2, 4] and record["reached"] is None
    assert record["share_of_peak"] == record["tflops"] > 0
    assert "Validation loss 1.4697: not reached." in capsys.readouterr().out
