// What counting says: the contexts that the training text had, and how the network's guess is mixed with it.

import { byId, make, percentage, tokenText } from "./dom.js";

const SHOWN = 8;

export function showCounting(state) {
  state.onChange((settled) => {
    if (settled && state.trace) drawCounting(state);
  });
}

function drawCounting(state) {
  const counts = state.trace.counts(state.row);
  if (!counts) {
    byId("counting").replaceChildren();
    return;
  }
  byId("counting").replaceChildren(
    ...(counts.network ? [sharesSentence(state, counts), comparison(state, counts)] : []),
    contexts(state, counts),
  );
}

function sharesSentence(state, { share, known }) {
  const words = known === 1 ? "the last token" : `the last ${known} tokens`;
  const seen = known ? `The training text had ${words} in this order` : "The training text gives no context here";
  return make(
    "p",
    {},
    `${seen}. The network’s guess counts ${percentage(share)}, that of counting ${percentage(1 - share)}.`,
  );
}

function comparison(state, counts) {
  const answer = state.trace.next(state.row).top;
  const of = (list) => new Map(list.map(({ id, probability }) => [id, probability]));
  const [network, counted] = [of(counts.network.top), of(counts.probabilities.top)];
  const rows = answer
    .slice(0, SHOWN)
    .map(({ id, probability }) =>
      make(
        "tr",
        {},
        make("th", { scope: "row" }, tokenText(state.shown(id))),
        ...[network.get(id), counted.get(id), probability].map((one) =>
          make("td", {}, one === undefined ? "little" : percentage(one)),
        ),
      ),
    );
  const heads = ["next token", "network", "counting", "both"];
  return make(
    "table",
    {},
    make("caption", {}, "The likeliest next tokens"),
    make("thead", {}, make("tr", {}, ...heads.map((one) => make("th", { scope: "col" }, one)))),
    make("tbody", {}, ...rows),
  );
}

function contexts(state, { levels, unigram }) {
  const rows = [...levels]
    .sort((a, b) => b.tokens.length - a.tokens.length)
    .map(({ tokens, successors, total }) =>
      contextRow(
        state,
        tokens,
        successors.slice(0, SHOWN).map(({ id, value }) => [id, value]),
        total,
      ),
    );
  rows.push(
    contextRow(
      state,
      [],
      unigram.slice(0, SHOWN).map(({ id, probability }) => [id, probability]),
      null,
    ),
  );
  return make(
    "table",
    {},
    make("caption", {}, "What followed in the training text, the longest known context first"),
    make(
      "thead",
      {},
      make(
        "tr",
        {},
        ...["context", "different tokens after it", "the most frequent of them"].map((one) =>
          make("th", { scope: "col" }, one),
        ),
      ),
    ),
    make("tbody", {}, ...rows),
  );
}

function contextRow(state, tokens, successors, total) {
  const context = tokens.length
    ? tokens.map((id) => tokenText(state.shown(id))).flatMap((node, i) => (i ? [" ", node] : [node]))
    : ["no context"];
  const cells = successors.flatMap(([id, value], i) => [
    i ? ", " : "",
    tokenText(state.shown(id)),
    ` ${percentage(value)}`,
  ]);
  return make(
    "tr",
    {},
    make("th", { scope: "row" }, ...context),
    make("td", {}, total === null ? "" : total.toLocaleString("en-US")),
    make("td", { class: "words" }, ...cells),
  );
}
