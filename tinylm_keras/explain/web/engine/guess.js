import { softmax } from "./parts.js";
import { likeliest } from "./sampler.js";

const MOST = 50;

/** The likeliest tokens of some probabilities, and what is left for the others: { top: [{ id, probability }], rest }. */
export function summary(probabilities, most = MOST) {
  const top = likeliest(probabilities, most).map((id) => ({ id, probability: probabilities[id] }));
  const rest = top.reduce((left, { probability }) => left - probability, 1);
  return { top, rest: Math.max(0, rest) };
}

/** The same of logits. */
export function summaryOf(logits) {
  return summary(softmax(logits));
}

/**
 * What counting says after some contexts: for each of their lengths the successors that were counted, with the weight
 * that is left for the shorter context.
 * @param {NGramLM} counts
 * @param {number[]} contexts From `NGramLM.step`.
 * @param {number[]} ids The last ids, of which the contexts are the ends.
 */
export function counted(counts, contexts, ids) {
  const levels = contexts.slice(0, counts.known(contexts)).map((context, i) => {
    const [begin, end] = [counts.first[context], counts.first[context + 1]];
    const successors = [];
    for (let at = begin; at < end; at++) successors.push({ id: counts.token[at], value: counts.value[at] });
    successors.sort((a, b) => b.value - a.value || a.id - b.id);
    const tokens = ids.slice(ids.length - i - 1);
    return { tokens, backoff: counts.backoff[context], successors: successors.slice(0, MOST), total: end - begin };
  });
  const unigram = summary(counts.unigram).top;
  return { known: counts.known(contexts), levels, unigram, probabilities: summary(counts.probabilities(contexts)) };
}
