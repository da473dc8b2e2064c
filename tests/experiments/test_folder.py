"""The folder of an experiment: what continues, what is refused, and nothing is lost."""

import json

import pytest

from tinylm_keras import _folders
from tinylm_keras.experiments.folder import Run, claimed

ASKED = {"recipes": {"a": {"steps": 5, "betas": (1, 2)}}, "seeds": 2}
RUN = Run("a", 0, 1.5, 2.5, 7, 5, 0.1)


def place(path, overwrite=False, asked=ASKED):
    return claimed(path, overwrite, "sweep.json", "sweep", asked)


def stopped(path):
    """A folder with one finished run of a stopped experiment."""
    with pytest.raises(KeyboardInterrupt), place(path) as folder:
        folder.begin("abc")
        folder.add(RUN)
        raise KeyboardInterrupt
    return path


def test_a_stopped_experiment_continues_with_its_finished_runs(tmp_path):
    path = stopped(tmp_path / "out")
    with place(path) as folder:
        assert folder.continuing and folder.find("a", 0) == RUN and folder.find("a", 1) is None
        folder.add(Run("a", 1, None, None, 0, 5, 0.1, "diverged at step 2"))
        folder.finish({"source": "x"}, [{"value": 1}])
    record = json.loads((path / "sweep.json").read_text())
    assert [run["seed"] for run in record["runs"]] == [0, 1] and record["results"] == [{"value": 1}]
    assert "asked" not in record


def test_a_finished_one_and_one_of_an_earlier_version_are_refused_and_stay(tmp_path):
    for number, record in enumerate(({"results": []}, {"results": [{"name": "mlp"}], "source": "x"})):
        path = tmp_path / str(number)
        path.mkdir()
        (path / "sweep.json").write_text(json.dumps(record))
        with pytest.raises(ValueError, match="`out` must be a new folder, but it exists"), place(path):
            pass
        assert json.loads((path / "sweep.json").read_text()) == record


def test_another_experiment_is_refused_and_the_setting_is_named(tmp_path):
    path = stopped(tmp_path / "out")
    before = (path / "sweep.json").read_bytes()
    other = {"recipes": {"a": {"steps": 6, "betas": (1, 2)}}, "seeds": 2}
    for asked, named in ((other, r"steps=5, now 6"), (ASKED | {"seeds": 3}, "seeds=2, now 3")):
        line = rf"`out` holds a stopped sweep with other settings \({named}\)"
        with pytest.raises(ValueError, match=line), place(path, asked=asked):
            pass
    assert (path / "sweep.json").read_bytes() == before


def test_overwriting_begins_anew_and_keeps_the_old_record_until_there_is_a_run(tmp_path):
    path = stopped(tmp_path / "out")
    before = (path / "sweep.json").read_bytes()
    with place(path, overwrite=True) as folder:
        assert not folder.continuing and folder.runs == []
        folder.begin("abc")
        assert (path / "sweep.json").read_bytes() == before
        folder.add(RUN)
        assert json.loads((path / "sweep.json").read_text())["asked"]["seeds"] == 2


def test_a_folder_in_which_another_process_writes_is_refused(tmp_path):
    path = stopped(tmp_path / "out")
    with _folders.claimed(path, True), pytest.raises(ValueError, match="in which no other process writes"), place(path):
        pass


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"\xff",
        b"[]",
        b'{"asked": {}}',
        b'{"asked": {}, "runs": [{"name": 1}]}',
        b'{"asked": {}, "runs": [{"name": "a", "seed": 0, "loss": "x", "bits_per_character": 1.0, "parameters": 1, '
        b'"steps": 1, "seconds": 1}]}',
    ],
)
def test_a_damaged_record_is_refused_in_one_line_and_stays(tmp_path, content):
    (tmp_path / "sweep.json").write_bytes(content)
    with pytest.raises(ValueError, match="`out` must be a new folder, but it ") as refused, place(tmp_path):
        pass
    assert "\n" not in str(refused.value) and (tmp_path / "sweep.json").read_bytes() == content


def test_without_a_folder_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with place(None) as folder:
        folder.begin("abc")
        folder.add(RUN)
        folder.finish({}, [])
        assert folder.run_folder("a") is None
    assert not list(tmp_path.iterdir())
