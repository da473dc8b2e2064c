// The text as tokens: ids, surprise, and which token the page looks at.

import { byId, make, setText, decimal, grouped, tokenText } from "./dom.js";

const MOST_CHIPS = 2000; // of a longer text those around the token that is looked at
const LEAST_CEILING = 6; // bits at which a bar is full, unless a token has more

export function showTokens(state) {
  const list = byId("tokens");
  list.addEventListener("click", (event) => {
    const chip = event.target.closest("[role=option]");
    if (!chip) return;
    state.select(Number(chip.dataset.index));
    list.querySelector("[aria-selected=true]").focus();
  });
  list.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, Home: -Infinity, End: Infinity };
    if (!(event.key in moves)) return;
    event.preventDefault();
    state.select(state.selected + moves[event.key]);
    list.querySelector("[aria-selected=true]").focus();
  });
  byId("previous").addEventListener("click", () => state.select(state.selected - 1));
  byId("following").addEventListener("click", () => state.select(state.selected + 1));
  setText(byId("tokenizer-name"), `tlm.${state.model.payload.tokenizer.kind}`);
  state.onChange((settled) => {
    drawPlace(state);
    if (settled) drawTokens(state, list);
  });
}

function drawPlace(state) {
  const words =
    state.selected < 0
      ? "before the text"
      : `${state.selected + 1} of ${state.ids.length}: ${state.shown(state.ids[state.selected])}`;
  setText(byId("place"), words);
  byId("previous").disabled = state.selected <= 0;
  byId("following").disabled = state.selected >= state.ids.length - 1;
}

function drawTokens(state, list) {
  const bits = state.ids.map((_, index) => state.surprise(index));
  const ceiling = bits.reduce((most, one) => Math.max(most, one ?? 0), LEAST_CEILING);
  const [start, end] = chipsOf(state);
  const shown = state.ids.slice(start, end);
  list.replaceChildren(...shown.map((id, i) => tokenChip(state, id, start + i, bits[start + i], ceiling)));
  const known = bits.filter((one) => one !== null && one !== undefined);
  const mean = known.reduce((sum, one) => sum + one, 0) / known.length;
  setText(
    byId("tokens-sum"),
    [known.length ? describeMean(state, known.length, mean) : "", describeChips(state, start, end)].join(" ").trim(),
  );
}

// The first and the last chip that are there.
function chipsOf(state) {
  const count = state.ids.length;
  const start = Math.max(0, Math.min(state.selected - MOST_CHIPS / 2, count - MOST_CHIPS));
  return [start, Math.min(count, start + MOST_CHIPS)];
}

function describeChips(state, start, end) {
  const isAll = end - start === state.ids.length;
  return isAll ? "" : `Here are tokens ${grouped(start + 1)} to ${grouped(end)}.`;
}

function describeMean(state, known, mean) {
  const count = state.ids.length;
  const each = `${decimal(mean)} bits each on average`;
  // Nothing is known of the first token; in a text beyond the context, of many.
  const whose = known >= count - 1 ? `, ${each}` : `. Those with a known surprise have ${each}`;
  const choice = `as if the model chose among ${decimal(2 ** mean, 1)} equally likely tokens`;
  return `${grouped(count)} ${count === 1 ? "token" : "tokens"}${whose}, ${choice}.`;
}

function tokenChip(state, id, index, bits, ceiling) {
  const level = make("span", { class: "level" });
  level.style.height = `${(100 * (bits ?? 0)) / ceiling}%`;
  const isHere = index === state.selected;
  const shown = state.shown(id);
  const known = bits !== null && bits !== undefined;
  return make(
    "span",
    {
      class: index < state.session.promptLength ? "chip given" : "chip",
      role: "option",
      "aria-selected": isHere ? "true" : "false",
      tabindex: isHere ? 0 : -1,
      "data-index": index,
      "aria-label": `${shown}, token ${index + 1}, id ${id}${known ? `, surprise ${decimal(bits, 1)} bits` : ""}`,
    },
    make("span", { class: "well" }, level),
    tokenText(shown),
    make("small", {}, `#${id}`),
    make("small", {}, known ? `${decimal(bits, 1)} bits` : "–"),
  );
}
