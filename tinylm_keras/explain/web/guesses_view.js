// The guess after each block: what the head says of the vector at each stage of its way.

import { byId, make, makeRow, makeTable, percentage, tokenText } from "./dom.js";

const SHOWN = 5;

export function showGuesses(state) {
  state.onChange((settled) => {
    if (settled && state.trace) drawGuesses(state);
  });
}

function drawGuesses(state) {
  const { trace, row } = state;
  const answer = trace.next(row).top[0].id;
  const isMixture = state.model.kind === "MixtureLM";
  const stages = Array.from({ length: trace.blocks + 1 + (isMixture ? 1 : 0) }, (_, stage) => stage);
  const rows = stages.map((stage) => {
    const { top } = stage > trace.blocks ? trace.next(row) : trace.guess(row, stage);
    const cells = top.slice(0, SHOWN).map(({ id, probability }) => {
      const look = id === answer ? "answer" : null;
      return make("td", { class: look }, tokenText(state.shown(id)), ` ${percentage(probability)}`);
    });
    const after = stage > trace.blocks ? "mixed with counting" : stage ? `after block ${stage}` : "before block 1";
    return makeRow(stage === stages.length - 1 ? `${after}, the answer` : after, ...cells);
  });
  const heads = ["vector", "likeliest", ...Array.from({ length: SHOWN - 1 }, (_, i) => `${i + 2}.`)];
  const table = makeTable(`After ${state.describeRow()}`, heads, rows, { class: "guesses" });
  byId("guesses").replaceChildren(table);
}
