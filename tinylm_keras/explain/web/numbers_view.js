// One head at one token: scores, mask, softmax, weighted sum, as a table of numbers.

import { byId, make, setText, decimal, percentage, strip, tokenText, firstNumbers } from "./dom.js";

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
    `Block ${block + 1}, head ${head + 1}, at token ${trace.first + row + 1} “${name(row)}”. ` +
      `The query has ${width} numbers: ${firstNumbers(found.query)}`,
  );
  const { places, left, leftShare } = shownPlaces(found, row, trace.length);
  const body = places.map((place) => numbersRow(found, place, name(place), place === row));
  if (left)
    body.push(
      make(
        "tr",
        {},
        make("th", { scope: "row" }, `${left} others`),
        make("td", { colspan: 3 }),
        make("td", {}, percentage(leftShare)),
        make("td"),
      ),
    );
  const sum = make(
    "tr",
    {},
    make("th", { scope: "row" }, "Σ weight × value"),
    make("td", { colspan: 3 }),
    make("td", {}, "100 %"),
    make("td", { class: "strip" }, strip(found.result, "the result of the head")),
  );
  const heads = ["token", "query · key", `÷ √${width}`, "mask", "softmax", "value"];
  byId("numbers").replaceChildren(
    make(
      "table",
      {},
      make("caption", {}, `The result: ${firstNumbers(found.result)}`),
      make("thead", {}, make("tr", {}, ...heads.map((one) => make("th", { scope: "col" }, one)))),
      make("tbody", {}, ...body, sum),
    ),
  );
}

function numbersRow(found, place, words, isHere) {
  const masked = found.masked[place];
  const value = strip(found.values[place], `value of ${words}`);
  return make(
    "tr",
    { class: masked ? "masked" : null },
    make("th", { scope: "row" }, tokenText(words), isHere ? " (itself)" : ""),
    make("td", {}, decimal(found.dots[place])),
    make("td", {}, decimal(found.scores[place])),
    make("td", {}, masked ? "−∞" : decimal(found.scores[place])),
    make("td", {}, masked ? "0 %" : percentage(found.weights[place])),
    make("td", { class: "strip" }, masked ? "" : value),
  );
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
