// The vector of one token on its way through the model, with its length after each part.

import { byId, make, makeRow, makeTable, decimal, strip, euclidean } from "./dom.js";

export function showVector(state) {
  state.onChange((settled) => {
    if (settled && state.trace) drawVector(state);
  });
}

// The stages of a model: what is shown, and where the trace has it.
function stagesOf(trace) {
  const places = trace.places();
  const layer = (place) => place.replace(/^layer\.(\d+)$/, (_, i) => `after layer ${Number(i) + 1}`);
  if (!trace.blocks) return places.map((place) => [layer(place), place]);
  const sum = [
    ["token vector", "token"],
    ["+ position vector", "position"],
    ["= entrance of block 1", "entrance"],
  ];
  const first = places.includes("position") ? sum : [["token vector", "entrance"]];
  const inside = Array.from({ length: trace.blocks }, (_, block) => [
    [`after attention ${block + 1}`, `after attention.${block}`],
    [`after block ${block + 1}`, `after block.${block}`],
  ]).flat();
  const last = places.includes("final") ? [["after the last norm", "final"]] : [];
  return [...first, ...inside, ...last];
}

function drawVector(state) {
  const { trace, row } = state;
  const stages = trace.live ? liveRows(trace, row) : recordedRows(trace, row);
  const longest = stages.reduce((most, one) => Math.max(most, one.length), 1e-9);
  const rows = stages.map(({ words, length, vector }) => {
    const bar = make("span", { class: "length" });
    bar.style.width = `${(7 * length) / longest}rem`;
    const numbers = trace.live ? [make("td", { class: "strip" }, strip(vector, words))] : [];
    return makeRow(words, make("td", { class: "words" }, bar), make("td", {}, decimal(length)), ...numbers);
  });
  const heads = ["vector", ["length", { colspan: 2, class: "words" }]];
  if (trace.live) heads.push(["its numbers", { class: "words" }]);
  byId("vector").replaceChildren(makeTable(`At ${state.describeRow()}`, heads, rows));
}

function liveRows(trace, row) {
  return stagesOf(trace)
    .map(([words, place]) => ({ words, vector: trace.vector(row, place) }))
    .filter(({ vector }) => vector)
    .map(({ words, vector }) => ({ words, vector, length: euclidean(vector) }));
}

function recordedRows(trace, row) {
  return trace.lengths(row).map((length, i) => {
    const block = Math.ceil(i / 2);
    return {
      length,
      words: i === 0 ? "entrance of block 1" : i % 2 ? `after attention ${block}` : `after block ${block}`,
    };
  });
}
