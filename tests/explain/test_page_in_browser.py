"""The page of a model in Chromium, without network: what it loads, computes and writes, and who can use it."""

import numpy as np
import pytest

from tests.conftest import MODELS, TEXTS, TRAINED, seeded
from tinylm_keras import explain, runtime
from tinylm_keras.tokenizers import CharacterTokenizer, WhitespaceTokenizer

MARKUP = "</script><img/src=x/onerror=alert(1)>"
PROMPT = f"the cat {MARKUP} sat <b>"

# Every element that a keyboard has to reach; what a group of options holds is reached by its arrow keys.
CONTROLS = """() => [...document.querySelectorAll("a[href], button, select, input, textarea, summary, [tabindex='0']")]
  .filter((one) => !one.disabled && one.checkVisibility() && one.tabIndex >= 0).map((one, i) => {
    one.dataset.control = i;
    return one.id || one.getAttribute("aria-label") || one.textContent.trim();
  })"""


@pytest.fixture(scope="module")
def model():
    """A pre-norm MiniLM whose vocabulary holds markup."""
    tokenizer = WhitespaceTokenizer(end_token="<end>").adapt([*TEXTS, f"{MARKUP} <b>"])
    return seeded(TRAINED["mini_lm_pre"], tokenizer=tokenizer)


@pytest.fixture(scope="module")
def plain(model, tmp_path_factory):
    return in_numpy(model, tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def path(model, tmp_path_factory):
    file = tmp_path_factory.mktemp("page") / "page.html"
    explain.page(model, PROMPT, file, title=f"my {MARKUP}")
    return file


@pytest.fixture(scope="module")
def page(path, opened):
    return opened(path)


@pytest.fixture(scope="module")
def mixture(opened, tmp_path_factory):
    """The page of a mixture with counts, by characters."""
    model = seeded(MODELS["mixture_lm"], tokenizer=CharacterTokenizer().adapt(TEXTS))
    file = tmp_path_factory.mktemp("page") / "mixture.html"
    tab = opened((file, explain.page(model, "the cat", file))[0])
    tab.model = in_numpy(model, file.parent)
    return tab


def in_numpy(model, folder):
    """The same model in numpy, which writes the same texts and compiles nothing."""
    model.save(folder / "model.keras")
    return runtime.load(folder / "model.keras")


def begin_again(page, **rules):
    """Start the text of a page again, with these rules alone."""
    for name, value in {"temperature": 1, "top-k": "", "top-p": "", "min-p": "", "seed": 1, **rules}.items():
        page.fill(f"#{name}", str(value))
    page.click("#again")


def write(page, count):
    """Let the page write so many tokens by its buttons; return its text."""
    page.fill("#max-new-tokens", str(count))
    page.click("#write-on")
    page.wait_for_selector("#stop[disabled]", state="attached")
    return page.text_content("#text")


def violations(page):
    """What axe-core finds, one line each."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


def test_the_page_loads_nothing_and_reports_no_error(page):
    assert [one for one in page.requests if not one.startswith("file:")] == []
    assert len(page.requests) == 1
    assert page.errors == []


def test_the_page_computes_the_logits_of_keras_and_says_so(page):
    assert float(page.get_attribute("body", "data-error")) <= 0.05
    assert "Keras" in page.text_content("#check")


def test_greedy_text_by_the_buttons_is_that_of_keras(page, model):
    begin_again(page, temperature=0)
    # The model's context has 12 tokens, so the last of the twenty slide.
    assert write(page, 20) == model.generate(PROMPT, max_new_tokens=20, temperature=0)


def test_a_seeded_text_by_the_buttons_is_that_of_python(page, plain):
    for seed in (3, 2**40 + 1):
        begin_again(page, temperature=0.8, **{"top-p": 0.9, "seed": seed})
        expected = plain.generate(PROMPT, max_new_tokens=8, temperature=0.8, top_p=0.9, seed=seed)
        assert write(page, 8) == expected


def test_top_k_8_leaves_exactly_8_bars_with_the_shares_of_the_sampler(page, model):
    begin_again(page, **{"top-k": 8, "temperature": 0.7})
    left = page.evaluate(
        """() => [...document.querySelectorAll("#odds li")].filter((one) => one.querySelector(".fill"))
        .map((one) => [Number(one.firstChild.dataset.id), one.querySelectorAll(".share")[1].textContent])"""
    )
    assert len(left) == 8 and page.get_attribute("#odds", "data-left") == "8"
    ids = [model.tokenizer.end_id, *model.tokenizer.tokenize(PROMPT)]
    logits = np.array(model(np.array([ids]))[0, -1], "float64")
    logits[[model.pad_id, model.tokenizer.unk_id]] = -np.inf
    best = np.argsort(-logits, kind="stable")[:8]
    shares = np.exp((logits[best] - logits[best[0]]) / 0.7)
    shares /= shares.sum()
    assert [id for id, _ in left] == best.tolist()
    shown = [float(text.replace("%", "").replace("<", "")) / 100 for _, text in left]
    assert np.abs(np.array(shown) - shares).max() < 0.0055  # shown with one or two digits


def test_one_token_taking_back_and_branching(page):
    begin_again(page)
    start = page.text_content("#text")
    page.click("#one")
    first = page.text_content("#text")
    page.click("#one")
    page.click("#back")
    assert page.text_content("#text") == first != start
    page.click("#one")
    page.click("#previous")  # looks at the first written token, whose alternatives are shown
    page.locator("#odds button").nth(2).click()
    branched = page.text_content("#text")
    assert branched.startswith(first) and page.locator("#back").is_enabled()
    page.click("#back")
    page.click("#back")
    assert page.text_content("#text") == start and page.locator("#back").is_disabled()


def test_a_token_that_is_never_written_cannot_be_clicked_and_one_that_the_rules_cut_can(page):
    begin_again(page, **{"top-k": 1})
    write(page, 3)
    page.click("#previous")
    if page.text_content("#more") == "Show 50":
        page.click("#more")
    before = page.text_content("#text")
    for name in ("[UNK]", "[PAD]"):
        button = page.locator("#odds button", has=page.locator(".token", has_text=name))
        assert button.is_disabled() and "never written" in button.get_attribute("aria-label")
    assert page.text_content("#text") == before
    page.locator("#odds button.out:not([disabled])").first.click()
    assert page.text_content("#text") != before and page.errors == []
    page.click("#more")


def test_another_length_keeps_what_is_written_and_writing_on_adds_to_it(page):
    begin_again(page)
    first = write(page, 3)
    page.fill("#max-new-tokens", "2")
    assert page.text_content("#text") == first
    page.click("#write-on")
    page.wait_for_selector("#stop[disabled]", state="attached")
    assert page.text_content("#text").startswith(first) and page.text_content("#status").startswith("5 tokens")


def test_what_is_pressed_right_after_typing_is_meant_for_the_new_prompt(page):
    begin_again(page)
    page.fill("#max-new-tokens", "2")
    page.evaluate("""() => {
        const prompt = document.getElementById("prompt");
        prompt.value = "a dog";
        prompt.dispatchEvent(new Event("input"));
        document.getElementById("write-on").click();
    }""")
    page.wait_for_selector("#stop[disabled]", state="attached")
    page.wait_for_timeout(250)  # longer than the page waits for more typing
    assert page.text_content("#status").startswith("2 tokens") and page.text_content("#text").startswith("a dog ")
    page.fill("#prompt", PROMPT)
    page.wait_for_selector(f"#text:has-text({PROMPT!r})")


def test_a_seed_that_was_refused_does_not_stay_marked_when_the_page_sets_another(page):
    begin_again(page)
    page.fill("#seed", "abc")
    assert page.get_attribute("#seed", "aria-invalid") == "true"
    page.click("#another")
    assert page.get_attribute("#seed", "aria-invalid") is None and page.input_value("#seed") == "2"


def test_line_breaks_of_a_prompt_stay_as_they_are(opened, model, tmp_path):
    explain.page(model, "the\r\ncat", tmp_path / "lines.html")
    tab = opened(tmp_path / "lines.html")
    tab.click("#one")
    tab.click("#again")
    assert tab.text_content("#text") == "the\r\ncat"


def test_a_large_model_without_a_prompt_opens_although_nothing_is_recorded(opened, tmp_path, monkeypatch):
    from tinylm_keras.explain import payload

    monkeypatch.setattr(payload, "LARGEST_LIVE", 100)
    model = seeded(TRAINED["mini_lm_post"], tokenizer=CharacterTokenizer().adapt(TEXTS))
    model.first_tokens = [(3, 2), (4, 1)]
    assert explain.page(model, "", tmp_path / "large.html").notes == []
    tab = opened(tmp_path / "large.html")
    tab.click("#one")
    assert len(tab.text_content("#text")) == 2 and tab.errors == []


def test_a_token_does_not_reorder_the_words_around_it(opened, tmp_path):
    text = "abc\u202exyz \u05e9\u05dc\u05d5\u05dd the cat"
    model = seeded(TRAINED["mini_lm_pre"], tokenizer=WhitespaceTokenizer().adapt([text]))
    explain.page(model, text, tmp_path / "direction.html")
    tab = opened(tmp_path / "direction.html")
    assert tab.text_content("#tokens [role=option] .token") == "abcU+202Exyz"
    tab.locator("#tokens [role=option]").nth(1).click()
    assert tab.text_content("#look").startswith("“\u2068\u05e9\u05dc\u05d5\u05dd\u2069”, token 2")


def test_a_very_long_prompt_opens(opened, model, tmp_path):
    explain.page(model, "the cat " * 70_000, tmp_path / "long.html")
    tab = opened(tmp_path / "long.html")
    assert tab.text_content("#place").startswith("140001 of 140001")
    assert "tokens 138,002 to 140,001" in tab.text_content("#tokens-sum")
    tab.locator("#tokens [role=option]").first.click()
    assert "tokens 137,002 to 139,001" in tab.text_content("#tokens-sum")
    assert tab.text_content("#tokens [aria-selected=true]").startswith("the") and tab.errors == []


def test_a_wrong_rule_is_refused_in_a_line_and_changes_nothing(page):
    begin_again(page)
    before = page.text_content("#text")
    page.fill("#top-p", "7")
    assert "Top-p" in page.text_content("#refusal")
    assert page.get_attribute("#top-p", "aria-invalid") == "true"
    page.fill("#top-p", "")
    assert page.text_content("#refusal") == "" and page.text_content("#text") == before


def test_words_of_a_stranger_never_become_elements(page):
    assert page.locator("img, b:not(#part b)").count() == 0
    assert MARKUP in page.text_content("h1") and MARKUP in page.title()
    assert MARKUP in page.text_content("#tokens") and MARKUP in page.text_content("#text")


def test_the_views_follow_the_token_that_is_looked_at(page):
    begin_again(page)
    write(page, 4)
    page.locator("#tokens [role=option]").nth(2).click()
    assert page.text_content("#place").startswith("3 of ")
    assert "token 3" in page.text_content("#look").lower()
    page.keyboard.press("ArrowRight")
    assert page.text_content("#place").startswith("4 of ")
    assert page.evaluate("document.activeElement.dataset.index") == "3"
    for button in page.locator(".diagram .button").all():
        button.press("Enter")
        name = button.get_attribute("data-part")
        assert page.text_content("#part-title") and page.text_content("#part-layer"), name
        roles = page.locator("#part-numbers b").all_text_contents()
        if name in ("softmax", "head"):
            assert page.locator("#part-numbers td").count() > 8, name
        else:  # the numbers that come out, and those that go in
            assert roles[-1] == "out" and ("in" in roles or name == "token"), name


def test_attention_is_that_of_keras_and_the_numbers_of_a_head_make_its_weights(page, model):
    from tinylm_keras.inspection import attention_weights

    begin_again(page)
    page.locator("#heads button").nth(1).click()
    weights = attention_weights(model, PROMPT)[1][0, 1, -1]
    shown = page.locator("#looked small").all_text_contents()
    expected = [100 * weight for weight in weights]
    assert np.allclose([float(one.strip("<% ")) for one in shown], expected, atol=0.6)
    assert page.locator("#numbers tbody tr").count() == len(weights) + 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page, mixture, scheme):
    for one in (page, mixture):
        one.emulate_media(color_scheme=scheme)
        one.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        assert violations(one) == []
        one.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = false))")


def test_every_control_is_reached_by_tab(page):
    page.evaluate("document.activeElement.blur(); window.getSelection().removeAllRanges()")
    controls = page.evaluate(CONTROLS)
    reached = set()
    for _ in range(len(controls) + 5):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.dataset.control"))
    missing = [name for i, name in enumerate(controls) if str(i) not in reached]
    assert len(controls) > 40 and missing == []


def test_a_phone_does_not_scroll_sideways(page, mixture):
    for one in (page, mixture):
        one.set_viewport_size({"width": 360, "height": 740})
        assert one.evaluate("document.documentElement.scrollWidth") <= 360
        one.set_viewport_size({"width": 1280, "height": 900})


def test_shares_do_not_touch_each_other_on_a_phone(page):
    begin_again(page)
    page.set_viewport_size({"width": 360, "height": 740})
    widths = "() => [...document.querySelectorAll('#odds .share')].map((one) => one.scrollWidth - one.clientWidth)"
    page.evaluate("document.querySelectorAll('#odds .share').forEach((one) => (one.textContent = '< 0.1 %'))")
    assert max(page.evaluate(widths)) <= 0
    page.set_viewport_size({"width": 1280, "height": 900})


def test_a_mixture_shows_what_counting_says_and_writes_its_text(mixture):
    assert "pieces of the training text" in mixture.text_content("#contains")
    assert mixture.locator("#counting table").count() == 2
    begin_again(mixture, temperature=0)
    assert write(mixture, 20) == mixture.model.generate("the cat", max_new_tokens=20, temperature=0)
    assert mixture.errors == []


def test_views_that_do_not_apply_are_not_there(opened, tmp_path):
    model = seeded(TRAINED["bigram_lm"], tokenizer=CharacterTokenizer().adapt(TEXTS))
    explain.page(model, "the", tmp_path / "bigram.html")
    tab = opened(tmp_path / "bigram.html")
    for id in ("attention-view", "numbers-view", "guesses-view", "vector-view", "counting-view", "block"):
        assert tab.locator(f"#{id}").count() == 0
    assert tab.locator("#odds li").count() == 12 and tab.errors == []


def test_in_the_frame_of_a_notebook_the_page_works_and_its_links_stay_inside(opened, path, model, tmp_path):
    notebook = tmp_path / "notebook.html"
    notebook.write_text(f"<body data-ready>{explain.page(model, 'the cat')._repr_html_()}", encoding="utf-8")
    tab = opened(notebook)
    frame = tab.frames[1]
    frame.wait_for_selector("body[data-ready]", state="attached")
    frame.click("nav a[href='#read']")
    frame.wait_for_selector("#read h2")
    frame.click("#one")
    assert frame.text_content("#text") != "the cat" and tab.errors == []


def test_a_large_model_writes_and_shows_what_was_recorded(opened, tmp_path, monkeypatch):
    from tinylm_keras.explain import payload, recorded

    monkeypatch.setattr(payload, "LARGEST_LIVE", 100)
    monkeypatch.setattr(recorded, "BYTES_PER_PARAMETER", 100)
    model = seeded(TRAINED["mini_lm_post"], tokenizer=CharacterTokenizer().adapt(TEXTS))
    made = explain.page(model, "the cat", tmp_path / "large.html")
    assert "recorded" in made.notes[0]
    tab = opened(tmp_path / "large.html")
    assert "Recorded" in tab.text_content("#attention-view .recorded")
    assert tab.locator("#numbers-view").count() == 0
    begin_again(tab, temperature=0)
    assert tab.text_content("#tokens [role=option]:nth-child(2) small:last-child").endswith("bits")
    assert write(tab, 20) == in_numpy(model, tmp_path).generate("the cat", max_new_tokens=20, temperature=0)
    tab.fill("#prompt", "a dog sat")  # nothing was recorded of it
    tab.wait_for_selector("#tokens [role=option]:nth-child(9)[aria-selected=true]")
    assert tab.text_content("#tokens [role=option]:nth-child(2) small:last-child") == "–"
    assert tab.errors == []
