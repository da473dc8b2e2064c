// What counting says: the contexts that the training text had, and how the network's guess is mixed with it.

import { byId, make, makeRow, makeTable, grouped, percentage, tokenText } from "./dom.js";

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
    `${seen}. The network’s guess has a share of ${percentage(share)}, that of counting ${percentage(1 - share)}.`,
  );
}

function comparison(state, counts) {
  const answer = state.trace.next(state.row).top;
  const of = (list) => new Map(list.map(({ id, probability }) => [id, probability]));
  const [network, counted] = [of(counts.network.top), of(counts.probabilities.top)];
  const rows = answer.slice(0, SHOWN).map(({ id, probability }) => {
    const shares = [network.get(id), counted.get(id), probability];
    const cells = shares.map((one) => make("td", {}, one === undefined ? "little" : percentage(one)));
    return makeRow(tokenText(state.shown(id)), ...cells);
  });
  return makeTable("The likeliest next tokens", ["next token", "network", "counting", "both"], rows);
}

function contexts(state, { levels, unigram }) {
  const longestFirst = [...levels].sort((a, b) => b.tokens.length - a.tokens.length);
  const rows = longestFirst.map(({ tokens, successors, total }) => contextRow(state, tokens, successors, total));
  const without = unigram.map(({ id, probability }) => ({ id, value: probability }));
  const heads = ["context", "different tokens after it", ["the most frequent of them", { class: "words" }]];
  const words = "What followed in the training text, the longest known context first";
  return makeTable(words, heads, [...rows, contextRow(state, [], without, null)]);
}

function contextRow(state, tokens, successors, total) {
  const name = (id) => tokenText(state.shown(id));
  const context = tokens.length ? tokens.flatMap((id, i) => [i ? " " : "", name(id)]) : "no context";
  const most = successors.slice(0, SHOWN);
  const cells = most.flatMap(({ id, value }, i) => [i ? ", " : "", name(id), ` ${percentage(value)}`]);
  const count = make("td", {}, total === null ? "" : grouped(total));
  return makeRow(context, count, make("td", { class: "words" }, ...cells));
}
