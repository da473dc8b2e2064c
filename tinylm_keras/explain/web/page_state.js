// What the page is about: the text so far, the token that is looked at, and the rules. Views read it, and are told of
// changes.

import { quoted, visible } from "./dom.js";
import { WritingSession } from "./engine/session.js";
import { traceText } from "./engine/trace.js";
import { recordedTrace } from "./engine/recorded.js";
import { demand } from "./engine/refusal.js";

export class PageState {
  constructor(model) {
    this.model = model;
    this.rules = { ...model.defaults, seed: 1 };
    this.listeners = [];
    this.head = null; // [block, head] that the reader chose; null: the one with the strongest look
    this.recorded = model.live ? null : recordedTrace(model);
    this.begin(model.payload.prompt);
  }

  // Calls `listener(settled)` after each change; `settled` is false while the model is writing.
  onChange(listener) {
    this.listeners.push(listener);
  }

  tell(settled = true) {
    for (const listener of this.listeners) listener(settled);
  }

  // Starts a text with a prompt. Throws a Refusal and changes nothing if the rules or the prompt are wrong.
  begin(prompt, rules = this.rules) {
    const session = new WritingSession(this.model, prompt, rules);
    this.surprises = prompt === this.prompt ? this.surprises.slice(0, session.promptLength) : [];
    Object.assign(this, { session, prompt, rules: { ...rules } });
    this.moved();
  }

  // Other rules from the next token on; another seed starts the text again.
  setRules(changed) {
    const rules = { ...this.rules, ...changed };
    const length = rules.max_new_tokens;
    demand(
      Number.isInteger(length) && length >= 1 && length <= 1e6,
      "The length must be a whole number from 1 to 1,000,000.",
      length,
    );
    if ("seed" in changed) {
      this.begin(this.prompt, rules);
      return;
    }
    this.session.setRules(changed);
    this.rules = rules;
    this.found = null;
  }

  // Forgets what was computed of the text, and looks at its last token.
  moved(selected = this.session.ids.length - 1) {
    this.selected = selected;
    this.found = null;
    this.traced = null;
  }

  get ids() {
    return this.session.ids;
  }

  get isWriting() {
    return this.writing === true;
  }

  writeOne() {
    const candidates = this.session.next();
    const written = this.session.write();
    if (written === null) return false;
    this.surprises[this.ids.length - 1] = candidates.surprise(written.id);
    this.moved();
    return true;
  }

  // Allows as many tokens as the length says, from here on; a text that has not begun counts from its prompt.
  allowLength() {
    if (this.canTakeBack) this.session.extend(this.rules.max_new_tokens);
    else this.begin(this.prompt);
  }

  // Allows one token where the length has ended the text.
  allowOne() {
    if (this.session.ended === "length") this.session.extend(1);
  }

  // Whether tokens were written, other than the one that opens a text without a prompt.
  get canTakeBack() {
    return this.ids.length > Math.max(1, this.session.promptLength);
  }

  takeBack() {
    this.session.takeBack(1);
    this.moved();
  }

  // Writes a token after the one that is looked at, and removes what followed it.
  branch(id) {
    const after = this.selected + 1;
    const surprise = this.candidates()?.surprise(id);
    this.session.takeBack(this.ids.length - after);
    this.allowOne();
    if (this.session.force(id) === null) return false;
    this.surprises[this.ids.length - 1] = surprise;
    this.moved();
    return true;
  }

  select(index) {
    this.selected = Math.max(this.ids.length ? 0 : -1, Math.min(this.ids.length - 1, index));
    this.found = null;
    this.tell();
  }

  // Whether another token may be written after the one that is looked at: the prompt itself stays.
  get canBranch() {
    return this.selected >= this.session.promptLength - 1;
  }

  // The candidates after the token that is looked at; null inside the prompt, where the rules choose nothing.
  candidates() {
    const isLast = this.selected === this.ids.length - 1;
    if (!this.canBranch || (isLast && this.session.ended === "stop")) return null;
    if (this.found === null) {
      this.found = (isLast && this.session.next()) || this.candidatesAgain();
    }
    return this.found;
  }

  // A second session writes the same tokens up to here, because the first one stands at the end of its text.
  candidatesAgain() {
    const again = new WritingSession(this.model, this.prompt, {
      ...this.rules,
      stop: [],
      max_new_tokens: this.ids.length + 1,
    });
    for (const id of this.ids.slice(again.ids.length, this.selected + 1)) again.force(id);
    return again.next();
  }

  // What happened inside the model while it read the text; of a large model, what was recorded for the prompt.
  get trace() {
    if (this.recorded) return this.recorded;
    if (this.traced === null && this.ids.length) this.traced = traceText(this.model, this.ids);
    return this.traced;
  }

  // Whether the trace is of this text, as it always is where it is computed here.
  get isTraced() {
    const trace = this.trace;
    return !!trace && (trace.live || trace.ids.every((id, row) => id === this.ids[trace.first + row]));
  }

  // The row of the trace for the token that is looked at; of what was recorded, the nearest row, or the last one where
  // the text is another.
  get row() {
    const trace = this.trace;
    if (!trace) return -1;
    const row = this.isTraced ? this.selected - trace.first : trace.length - 1;
    return Math.max(0, Math.min(trace.length - 1, row));
  }

  // The token of a row in words.
  describeRow(row = this.row) {
    const { first, ids } = this.trace;
    return `token ${first + row + 1} ${quoted(this.shown(ids[row]))}`;
  }

  // The bits of a token, or null where nothing came before it or it lies outside what was traced. What is known stays
  // known when the text grows beyond the context.
  surprise(index) {
    const trace = this.trace;
    const row = this.isTraced ? index - trace.first : -1;
    if (row >= 0 && row < trace.length) this.surprises[index] ??= trace.surprise(row);
    return this.surprises[index] ?? null;
  }

  // A token as the reader sees it.
  shown(id) {
    return visible(this.model.tokenizer.shown(id));
  }

  get openHead() {
    if (this.head) return this.head;
    const trace = this.trace;
    let best = [0, 0];
    for (let block = 0; block < trace.blocks; block++) {
      for (let head = 0; head < trace.heads; head++) {
        if (trace.focus(block, head) > trace.focus(...best) + 1e-6) best = [block, head];
      }
    }
    return best;
  }
}
