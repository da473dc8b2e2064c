// The prompt, the buttons, the rules and the text.

import { byId, make, setText, visible } from "./dom.js";
import { Refusal } from "./engine/refusal.js";

const PACE = 24; // milliseconds a token, so that one can read along

// Each rule with its name, what an empty field means, and where its slider stands then (null: it has none).
const RULES = [
  { name: "temperature", words: "Temperature", empty: 1, slider: [0, 2, 0.01], rest: 1 },
  { name: "top_k", words: "Top-k", empty: null, slider: null },
  { name: "top_p", words: "Top-p", empty: null, slider: [0.01, 1, 0.01], rest: 1 },
  { name: "min_p", words: "Min-p", empty: null, slider: [0, 0.99, 0.01], rest: 0 },
  { name: "seed", words: "Seed", empty: 1, slider: null },
  { name: "max_new_tokens", words: "Length in tokens", empty: 64, slider: null },
];

export function showWriting(state) {
  const prompt = byId("prompt");
  prompt.value = state.prompt;
  let timer = null;
  let isTyped = false; // whether the field holds another prompt than the text has; a field alters line breaks
  const begin = () => {
    clearTimeout(timer);
    return attempt(state, () => {
      state.begin(isTyped ? prompt.value : state.prompt);
      isTyped = false;
    });
  };
  prompt.addEventListener("input", () => {
    clearTimeout(timer);
    stopWriting(state);
    isTyped = true;
    timer = setTimeout(begin, 180);
  });
  // What is pressed is meant for the prompt that stands in the field.
  const press = (id, action) =>
    byId(id).addEventListener("click", () => {
      if (!isTyped || begin()) action();
    });
  press("one", () =>
    attempt(state, () => {
      state.allowOne();
      state.writeOne();
    }),
  );
  press("write-on", () => startWriting(state));
  press("stop", () => {
    stopWriting(state);
    state.tell();
  });
  press("back", () => attempt(state, () => state.takeBack()));
  press("again", begin);
  press("another", () => {
    if (attempt(state, () => state.setRules({ seed: nextSeed(state.rules.seed) }))) startWriting(state);
    byId("seed").value = state.rules.seed;
    byId("seed").removeAttribute("aria-invalid");
  });
  for (const rule of RULES) byId("rules").append(ruleField(state, rule));
  state.onChange(() => showText(state));
}

function nextSeed(seed) {
  return (BigInt(seed) + 1n).toString();
}

// Does something that may be refused; the refusal is shown, and nothing has changed then.
function attempt(state, action) {
  stopWriting(state);
  return tryTo(action) && (state.tell(), true);
}

function tryTo(action) {
  try {
    action();
    setText(byId("refusal"), "");
    return true;
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    setText(byId("refusal"), refusal.message);
    return false;
  }
}

function ruleField(state, rule) {
  const id = rule.name.replaceAll("_", "-");
  const start = state.rules[rule.name];
  const field = make("input", { type: "number", id, step: "any", placeholder: rule.empty ?? "off" });
  // A seed may be larger than the numbers of JavaScript are exact.
  if (rule.name === "seed") Object.assign(field, { type: "text", inputMode: "numeric" });
  field.value = start === null || start === undefined ? "" : start;
  const label = make("label", { class: "field", for: id }, rule.words, field);
  const whole = make("div", {}, label);
  let slider = null;
  if (rule.slider) {
    const [min, max, step] = rule.slider;
    slider = make("input", { type: "range", min, max, step, "aria-label": `${rule.words}, slider` });
    slider.value = start ?? rule.rest;
    slider.addEventListener("input", () => {
      field.value = slider.value;
      change();
    });
    whole.append(slider);
  }
  const change = () => {
    const text = field.value.trim();
    const value = field.validity.badInput ? NaN : text === "" ? rule.empty : rule.name === "seed" ? text : Number(text);
    const done = attempt(state, () => state.setRules({ [rule.name]: value }));
    if (done) field.removeAttribute("aria-invalid");
    else field.setAttribute("aria-invalid", "true");
  };
  field.addEventListener("input", () => {
    if (slider) slider.value = field.value || rule.rest;
    change();
  });
  return whole;
}

function startWriting(state) {
  if (state.isWriting) return;
  if (!tryTo(() => state.allowLength())) return;
  state.writing = true;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const step = () => {
    if (!state.writing) return;
    const until = performance.now() + (calm ? 100 : 12);
    let more = true;
    tryTo(() => {
      do more = state.writeOne();
      while (more && calm && performance.now() < until);
    });
    if (!more || state.session.done) state.writing = false;
    state.tell(!state.writing);
    if (state.writing) setTimeout(step, calm ? 0 : PACE);
  };
  step();
}

function stopWriting(state) {
  state.writing = false;
}

function showText(state) {
  const text = state.session.text;
  const given = text.slice(0, state.prompt.length);
  const written = make("span", {}, text.slice(state.prompt.length));
  const caret = state.session.ended ? [] : [make("span", { class: "caret" })];
  const paper = byId("text");
  paper.replaceChildren(make("span", { class: "given" }, given), written, ...caret);
  if (state.writing) paper.scrollTop = paper.scrollHeight;
  const count = state.ids.length - state.session.promptLength;
  byId("stop").disabled = !state.writing;
  byId("back").disabled = !state.canTakeBack;
  const ended = state.session.ended;
  byId("one").disabled = byId("write-on").disabled = ended === "end token" || ended === "stop";
  if (!state.writing) setText(byId("status"), describeWriting(state, count, ended));
  const words = state.model.tokenizer.unknownWords(state.prompt);
  setText(
    byId("unknown"),
    words.length
      ? `Not in the vocabulary, so the model reads them as unknown: ${words.slice(0, 8).map(visible).join(", ")}`
      : "",
  );
}

function describeWriting(state, count, ended) {
  const tokens = count === 1 ? "1 token written" : `${count} tokens written`;
  if (ended === "end token") return `${tokens}. The model ended its text.`;
  if (ended === "stop") return `${tokens}. A stop string came.`;
  return count ? `${tokens}, seed ${state.rules.seed}.` : "Nothing written yet.";
}
