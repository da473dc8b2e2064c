// The text as tokens: ids, surprise, and which token the page looks at.

import { byId, make, setText, decimal, tokenText } from "./dom.js";

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
  const ceiling = Math.max(LEAST_CEILING, ...bits.map((one) => one ?? 0));
  list.replaceChildren(...state.ids.map((id, index) => tokenChip(state, id, index, bits[index], ceiling)));
  const known = bits.filter((one) => one !== null && one !== undefined);
  const mean = known.reduce((sum, one) => sum + one, 0) / known.length;
  setText(
    byId("tokens-sum"),
    known.length
      ? `${state.ids.length} tokens, ${decimal(mean)} bits each on average, ` +
          `as if it chose among ${decimal(2 ** mean, 1)} equally likely tokens.`
      : "",
  );
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
    make("small", {}, known ? `${decimal(bits, 1)} bit` : "–"),
  );
}
