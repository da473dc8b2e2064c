// One head at one token: scores, mask, softmax, weighted sum, as a table of numbers.

import { byId, make, makeRow, makeTable, setText, decimal, percentage, strip, tokenText, firstNumbers } from "./dom.js";

const MOST_ROWS = 14; // tokens with the largest weights
const MOST_LATER = 2;

export function showNumbers(state) {
  state.onChange((settled) => {
    if (settled && state.trace) drawNumbers(state);
  });
}

function drawNumbers(state) {
  const { trace, row, openHead } = state;
  const [block, head] = openHead;
  const found = trace.head(block, head, row);
  const width = found.query.length;
  const name = (place) => state.shown(trace.ids[place]);
  setText(
    byId("numbers-title-of"),
    `Block ${block + 1}, head ${head + 1}, at ${state.describeRow()}. ` +
      `The query has ${width} numbers: ${firstNumbers(found.query)}`,
  );
  const { places, left, leftShare } = shownPlaces(found, row, trace.length);
  const rows = places.map((place) => numbersRow(found, place, name(place), place === row));
  const empty = () => make("td", { colspan: 3 });
  if (left) rows.push(makeRow(`${left} others`, empty(), make("td", {}, percentage(leftShare)), make("td")));
  const result = make("td", { class: "strip" }, strip(found.result, "the result of the head"));
  rows.push(makeRow("Σ weight × value", empty(), make("td", {}, "100 %"), result));
  const heads = ["token", "query · key", `÷ √${width}`, "mask", "softmax", ["value", { class: "words" }]];
  byId("numbers").replaceChildren(makeTable(`The result: ${firstNumbers(found.result)}`, heads, rows));
}

function numbersRow(found, place, words, isHere) {
  const masked = found.masked[place];
  const score = decimal(found.scores[place]);
  const numbers = [decimal(found.dots[place]), score, masked ? "−∞" : score, percentage(found.weights[place])];
  const value = masked ? "" : strip(found.values[place], `value of ${words}`);
  const cells = [...numbers.map((one) => make("td", {}, one)), make("td", { class: "strip" }, value)];
  const row = makeRow([tokenText(words), isHere ? " (itself)" : ""], ...cells);
  row.classList.toggle("masked", masked);
  return row;
}

// The tokens with the largest weights in the order of the text, and the first that are masked.
function shownPlaces(found, row, length) {
  const seen = Array.from({ length: row + 1 }, (_, place) => place).filter((place) => !found.masked[place]);
  const kept = [...seen].sort((a, b) => found.weights[b] - found.weights[a]).slice(0, MOST_ROWS);
  const leftShare = 1 - kept.reduce((sum, place) => sum + found.weights[place], 0);
  const later = Array.from({ length: Math.min(MOST_LATER, length - row - 1) }, (_, i) => row + 1 + i);
  return {
    places: [...kept.sort((a, b) => a - b), ...later],
    left: seen.length - kept.length,
    leftShare: Math.max(0, leftShare),
  };
}
