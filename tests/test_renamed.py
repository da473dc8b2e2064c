"""Laws of renamed functions and methods: whoever uses the earlier name reads the name of today, in one line."""

import copy
import re

import pytest

import tinylm_keras as tlm
from tinylm_keras import plots
from tinylm_keras.models import LanguageModel
from tinylm_keras.tokenizers import Tokenizer
from tinylm_keras.training import run_record


@pytest.mark.parametrize(
    ("module", "old", "new"), [(tlm.data, "open_shards", "open_token_files"), (plots, "draw_ladder", "draw_comparison")]
)
def test_an_earlier_function_names_the_one_of_today(module, old, new):
    name, missing = module.__name__, "anything"
    with pytest.raises(AttributeError, match=f"^`{name}.{old}` is now `{name}.{new}`.$"):
        getattr(module, old)
    with pytest.raises(AttributeError, match="has no attribute 'anything'"):
        getattr(module, missing)


def test_a_report_on_stories_names_its_new_shares():
    report = tlm.stories.report(["Tom had a"])
    with pytest.raises(AttributeError, match=r"^`Report\.sound_and_new` is now `Report\.consistent_and_new`\.$"):
        _ = report.sound_and_new
    with pytest.raises(AttributeError, match="has no attribute 'anything'"):
        _ = report.anything
    assert copy.deepcopy(report) == report


def test_a_tokenizer_of_an_earlier_version_is_refused_where_it_is_defined():
    with pytest.raises(TypeError, match=r"^Rename what `Mine` defines: `pieces` is now `token_strings`\.$"):

        class Mine(Tokenizer):
            def pieces(self, text):
                return []


def test_a_model_of_an_earlier_version_is_told_all_its_names_at_once():
    line = "Rename what `Mine` defines: `hidden` is now `hidden_states`, `step` is now `decode_step`."
    with pytest.raises(TypeError, match=f"^{re.escape(line)}$"):

        class Mine(LanguageModel):
            def hidden(self, token_ids, training=None): ...

            def step(self, token_ids, cache, start): ...


def test_a_method_of_its_own_may_have_any_name():
    class Mine(LanguageModel):
        def step(self):
            return "own"

    assert Mine.step(None) == "own"


def test_the_record_of_an_earlier_run_on_token_files_is_read():
    record = run_record.parse({"corpus": {"shards": "/texts/ids", "sha256": "x"}, "recipe": {}})
    assert record.token_files == "/texts/ids"
    assert record.values["corpus"] == {"token_files": "/texts/ids", "sha256": "x"}
