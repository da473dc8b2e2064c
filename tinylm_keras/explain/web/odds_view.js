// What may come next: the model's own probabilities as frames, what the rules leave as bars.

import { byId, make, setText, percentage, quoted, tokenText, decimal } from "./dom.js";

const FEW = 12;
const MANY = 50;

export function showOdds(state) {
  let most = FEW;
  byId("more").addEventListener("click", () => {
    most = most === FEW ? MANY : FEW;
    setText(byId("more"), most === FEW ? `Show ${MANY}` : `Show ${FEW}`);
    draw();
  });
  const draw = () => drawOdds(state, most);
  state.onChange(draw);
}

function drawOdds(state, most) {
  const candidates = state.candidates();
  const rows = candidates ? candidates.ranked(most) : rowsOfPrompt(state, most);
  const largest = rows.reduce((top, row) => Math.max(top, row.own, row.left ?? 0), 1e-9);
  const follows = state.ids[state.selected + 1];
  const list = byId("odds");
  const focused = list.contains(document.activeElement)
    ? [...list.querySelectorAll("button")].indexOf(document.activeElement)
    : -1;
  list.replaceChildren(...rows.map((row) => make("li", {}, oddsRow(state, row, largest, candidates, follows))));
  list.dataset.left = candidates ? candidates.count : "";
  if (focused >= 0) list.querySelectorAll("button")[focused]?.focus();
  setText(byId("odds-rest"), describeRest(state, rows, candidates));
  const drawn = candidates && state.rules.temperature !== 0;
  setText(
    byId("drawn"),
    drawn
      ? `${decimal(candidates.uniform, 4)} picks ${quoted(state.shown(candidates.chosen))}.`
      : "at temperature 0 none is needed.",
  );
}

function oddsRow(state, row, largest, candidates, follows) {
  const fill = make("span", { class: "fill" });
  const frame = make("span", { class: "frame" });
  fill.style.width = `${(100 * (row.left ?? 0)) / largest}%`;
  frame.style.width = `${(100 * row.own) / largest}%`;
  frame.classList.toggle("tiny", row.own / largest < 0.006);
  const left = row.left ?? null;
  const isOut = left === 0;
  const isNever = candidates !== null && !row.mayBeWritten;
  const share = left === null ? "" : isNever ? "never" : isOut ? "cut" : percentage(left);
  const mark =
    row.id === follows
      ? "this one follows in the text"
      : candidates && candidates.chosen === row.id
        ? `seed ${state.rules.seed} picks this one`
        : "";
  const words = state.shown(row.id);
  const ruled = left === null ? "" : isNever ? ", never written here" : isOut ? ", cut by the rules" : `, with the rules ${share}`;
  const label = `${words}: the model’s own ${percentage(row.own)}${ruled}${mark && `, ${mark}`}`;
  return make(
    "button",
    {
      type: "button",
      class: isOut ? "out" : null,
      "aria-label": label,
      title: `token ${row.id}`,
      "data-id": row.id,
      disabled: candidates === null || isNever,
      onclick: () => {
        state.writing = false;
        if (state.branch(row.id)) state.tell();
      },
    },
    tokenText(words),
    make("span", { class: "bars" }, ...(left === null || isOut ? [] : [fill]), frame),
    make("span", { class: "share own" }, percentage(row.own)),
    make("span", { class: "share" }, share),
    ...(mark ? [make("span", { class: "mark" }, `↳ ${mark}`)] : []),
  );
}

// Inside the prompt the model has an answer too, but the rules choose nothing.
function rowsOfPrompt(state, most) {
  const trace = state.trace;
  const row = state.isTraced ? state.selected - trace.first : -1;
  if (row < 0 || row >= trace.length) return [];
  return trace
    .next(row)
    .top.slice(0, most)
    .map(({ id, probability }) => ({ id, own: probability, left: null }));
}

function describeRest(state, rows, candidates) {
  if (!state.canBranch)
    return "Inside the prompt: the model’s own probabilities. To write another token here, change the prompt.";
  if (!candidates)
    return "The text has ended. These are the model’s own probabilities for what would begin another one.";
  const shown = rows.reduce((sum, row) => sum + row.left, 0);
  const size = state.model.vocabularySize.toLocaleString("en-US");
  const rest =
    candidates.count > rows.length ? `; those not shown have ${percentage(Math.max(0, 1 - shown))} together` : "";
  return `The rules leave ${candidates.count.toLocaleString("en-US")} of ${size} tokens${rest}.`;
}
