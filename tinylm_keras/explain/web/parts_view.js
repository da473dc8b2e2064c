// The drawing of the model: its parts are buttons, and the one that is pressed shows its numbers.

import { byId, make, makeRow, makeTable, setText } from "./dom.js";
import { decimal, euclidean, firstNumbers, percentage, strip, tokenText } from "./dom.js";
import { describePart } from "./parts_words.js";

const SHOWN = 8;

export function showParts(state) {
  const buttons = [...document.querySelectorAll(".diagram .button")];
  const start = buttons.find((button) => button.dataset.part === "attention") || buttons[0];
  const chosen = { part: start.dataset.part, block: 0 };
  const press = (part) => {
    chosen.part = part;
    draw();
    byId("part").scrollIntoView({ block: "nearest" }); // on a phone it stands below the drawing
  };
  for (const button of buttons) {
    button.addEventListener("click", () => press(button.dataset.part));
    button.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      press(button.dataset.part);
    });
  }
  const block = byId("block");
  for (let i = 0; i < state.model.blocks; i++)
    block.append(make("option", { value: i }, `block ${i + 1} of ${state.model.blocks}`));
  if (!state.model.blocks) byId("block-field").remove();
  else
    block.addEventListener("change", () => {
      chosen.block = Number(block.value);
      draw();
    });
  const draw = () => {
    for (const button of buttons)
      button.setAttribute("aria-pressed", button.dataset.part === chosen.part ? "true" : "false");
    drawPart(state, chosen);
  };
  state.onChange((settled) => {
    if (settled) draw();
  });
}

function drawPart(state, { part, block }) {
  const words = describePart(part, block, state.model);
  const isInBlock = /^(attention|feed_forward)/.test(part);
  setText(byId("part-title"), isInBlock ? `${words.title}, block ${block + 1}` : words.title);
  setText(byId("part-words"), words.words);
  setText(byId("part-formula"), words.formula);
  setText(byId("part-layer"), words.layer);
  byId("part-numbers").replaceChildren(...(state.trace ? numbersOf(state, words) : []));
}

function numbersOf(state, words) {
  const { trace, row } = state;
  const shown = make("p", { class: "muted" }, `At ${state.describeRow()}:`);
  const flow = [
    ...words.ins.map((place) => vectorOf(trace, row, place, "in")),
    ...(words.inner ? [vectorOf(trace, row, words.inner, "in between")] : []),
    ...words.outs.map((place) => vectorOf(trace, row, place, "out")),
  ].filter((node) => node);
  const answer = words.answer ? [answerOf(state, words.answer)] : [];
  const missing =
    !trace.live && !answer.length
      ? [make("p", { class: "recorded" }, "The vectors of a model of this size are not kept in the page.")]
      : [];
  return [shown, make("div", { class: "flow" }, ...flow), ...answer, ...missing];
}

// A vector with its length; two places are added.
function vectorOf(trace, row, place, role) {
  const several = (Array.isArray(place) ? place : [place]).map((one) => trace.vector(row, one));
  if (several.some((one) => !one)) return null;
  const vector = several.reduce((sum, one) => sum.map((value, i) => value + one[i]));
  const words = Array.isArray(place) ? "the sum" : nameOf(place);
  return make(
    "div",
    {},
    make(
      "div",
      { class: "label" },
      make("span", {}, make("b", {}, role), `: ${words}`),
      make("span", { class: "muted" }, `${vector.length} numbers, length ${decimal(euclidean(vector))}`),
    ),
    strip(vector, `${role}: ${words}`),
    make("div", { class: "numbers" }, firstNumbers(vector)),
  );
}

function nameOf(place) {
  return place.replace(/^(.*)\.(\d+)$/, (_, name, index) => {
    const number = Number(index) + 1;
    if (name === "inner") return "the wide middle";
    if (name === "attention" || name === "feed forward")
      return `what ${name === "attention" ? "attention" : "the feed-forward network"} adds`;
    if (name.endsWith("norm")) return "the normalized vector";
    return `${name} ${number}`;
  });
}

function answerOf(state, kind) {
  const { trace, row } = state;
  const isNetwork = kind === "logits" && state.model.kind === "MixtureLM";
  const { top, rest } = isNetwork ? trace.guess(row, trace.blocks) : trace.next(row);
  const logits = kind === "logits" && trace.live ? trace.logits(row, isNetwork ? trace.blocks : "answer") : null;
  const share = (words, id, probability) => {
    const logit = logits ? [make("td", {}, id === null ? "" : decimal(logits[id]))] : [];
    return makeRow(words, ...logit, make("td", {}, percentage(probability)));
  };
  const rows = top.slice(0, SHOWN).map(({ id, probability }) => share(tokenText(state.shown(id)), id, probability));
  const others = top.slice(SHOWN).reduce((sum, one) => sum + one.probability, rest);
  rows.push(share("all others", null, others));
  return makeTable("", ["next token", ...(logits ? ["logit"] : []), "probability"], rows);
}
