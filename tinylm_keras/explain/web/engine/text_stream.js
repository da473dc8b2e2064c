/**
 * Turns ids into text that only ever grows. Held back are the bytes of a character that is not complete yet, and the
 * beginning of what may become a stop string; the text ends before the first stop string.
 */
export class TextStream {
  /**
   * @param {Object} tokenizer
   * @param {string} prompt The text in front; stop strings are not looked for in it.
   * @param {string[]} stop
   * @param {number} held How many of the last characters of the prompt its first new token will print again.
   */
  constructor(tokenizer, prompt, stop, held) {
    Object.assign(this, { tokenizer, prompt, stop });
    this.text = prompt.slice(0, prompt.length - held); // all that is decided
    this.released = this.searched = prompt.length;
    this.pending = [];
    this.stopped = false;
  }

  /** Take more ids; return the text that is now certain (`isLast`: no more will come). */
  feed(ids, isLast = false) {
    if (this.stopped) return "";
    this.pending.push(...ids);
    const decided = this.pending.length - (isLast ? 0 : this.tokenizer.unfinished(this.pending));
    this.text += this.tokenizer.continuation(this.text, this.pending.slice(0, decided));
    this.pending = this.pending.slice(decided);
    let certain = this.text.length;
    if (this.stop.length) {
      this.cutAtStop();
      certain = this.text.length - (isLast || this.stopped ? 0 : this.heldBack());
    }
    if (isLast && this.text.length < this.prompt.length) this.text = this.prompt; // nothing came
    const piece = this.text.slice(this.released, certain);
    this.released = Math.max(this.released, certain);
    return piece;
  }

  cutAtStop() {
    // A stop string may begin in text that was searched before.
    const longest = Math.max(...this.stop.map((stop) => stop.length));
    const first = Math.max(this.searched - longest + 1, this.released);
    const found = this.stop.map((stop) => this.text.indexOf(stop, first)).filter((place) => place >= 0);
    if (found.length) {
      this.text = this.text.slice(0, Math.min(...found));
      this.stopped = true;
    }
    this.searched = this.text.length;
  }

  /** Length of the longest end of the text that a stop string begins with. */
  heldBack() {
    let longest = 0;
    for (const stop of this.stop) {
      for (let size = Math.min(stop.length - 1, this.text.length - this.released); size > longest; size--) {
        if (this.text.endsWith(stop.slice(0, size))) longest = size;
      }
    }
    return longest;
  }
}
