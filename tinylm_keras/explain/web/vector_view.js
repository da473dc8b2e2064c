// The vector of one token on its way through the model, with its length after each part.

import { byId, make, decimal, strip, euclidean } from "./dom.js";

export function showVector(state) {
  state.onChange((settled) => {
    if (settled && state.trace) drawVector(state);
  });
}

// The stages of a model: what is shown, and where the trace has it.
function stagesOf(trace) {
  const first =
    trace.kind === "MiniLM"
      ? [
          ["token vector", "token"],
          ["+ position vector", "position"],
          ["= entrance of block 1", "entrance"],
        ]
      : [["token vector", "entrance"]];
  if (!trace.blocks)
    return trace
      .places()
      .map((place) => [place.replace(/^layer\.(\d+)$/, (_, i) => `after layer ${Number(i) + 1}`), place]);
  const inside = Array.from({ length: trace.blocks }, (_, block) => [
    [`after attention ${block + 1}`, `after attention.${block}`],
    [`after block ${block + 1}`, `after block.${block}`],
  ]).flat();
  const last = trace.places().includes("final") ? [["after the last norm", "final"]] : [];
  return [...first, ...inside, ...last];
}

function drawVector(state) {
  const { trace, row } = state;
  const rows = trace.live ? liveRows(trace, row) : recordedRows(trace, row);
  const longest = rows.reduce((most, one) => Math.max(most, one.length), 1e-9);
  const body = rows.map(({ words, length, vector }) => {
    const bar = make("span", { class: "length" });
    bar.style.width = `${(7 * length) / longest}rem`;
    return make(
      "tr",
      {},
      make("th", { scope: "row" }, words),
      make("td", { class: "words" }, bar),
      make("td", {}, decimal(length)),
      ...(trace.live ? [make("td", { class: "strip" }, strip(vector, words))] : []),
    );
  });
  const heads = [["vector", 1], ["length", 2], ...(trace.live ? [["its numbers", 1]] : [])];
  byId("vector").replaceChildren(
    make(
      "table",
      {},
      make("caption", {}, `Token ${trace.first + row + 1} “${state.shown(trace.ids[row])}”`),
      make(
        "thead",
        {},
        make("tr", {}, ...heads.map(([one, colspan]) => make("th", { scope: "col", class: "words", colspan }, one))),
      ),
      make("tbody", {}, ...body),
    ),
  );
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
