/** A message for the reader of the page: what was wrong with what they entered, or with the file. */
export class Refusal extends Error {}

/** Throw unless `good`; `found` is shown as JSON, cut to a readable length. */
export function demand(good, rule, found) {
  if (!good) {
    const shown = typeof found === "bigint" ? String(found) : JSON.stringify(found);
    throw new Refusal(found === undefined ? rule : `${rule} Received: ${String(shown).slice(0, 80)}`);
  }
}
