// Runs the engine of the page on cases in JSON: reads [{ payload, simd, calls: [[name, ...arguments], …] }, …] from the
// file that is named, and writes the results. A call that throws gives { error: its message }.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, input, output] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(`${folder}/${name}.js`).href);
const { openModel } = await load("model");
const { WritingSession, writeText } = await load("session");
const { Generator } = await load("random");
const { Refusal } = await load("refusal");
const { recordedTrace } = await load("recorded");
const { traceText } = await load("trace");

/** Logits after each of some ids, which are read in steps of a size. */
function logitsOf(model, ids, size = 1) {
  const [{ network }, logits] = [model, []];
  const cache = network.emptyCache();
  for (let from = 0; from < ids.length; from += size) {
    const vectors = network.steps(ids.slice(from, from + size), cache, null);
    logits.push(...vectors.map((vector) => [...network.head(vector)]));
  }
  return logits;
}

/** All that a trace shows. */
function shown(trace) {
  if (trace === null) return null;
  const rows = Array.from({ length: trace.length }, (_, row) => row);
  const heads = Array.from({ length: trace.blocks }, (_, block) =>
    Array.from({ length: trace.heads }, (_, head) => ({
      attention: [...trace.attention(block, head)],
      focus: trace.focus(block, head),
      numbers: rows.map((row) => trace.head(block, head, row)),
    })),
  );
  return {
    ...{ ids: trace.ids, first: trace.first, live: trace.live, places: trace.places(), heads },
    guesses: rows.map((row) => Array.from({ length: trace.blocks + 1 }, (_, stage) => trace.guess(row, stage))),
    next: rows.map((row) => trace.next(row)),
    surprises: rows.map((row) => trace.surprise(row)),
    lengths: trace.blocks ? rows.map((row) => trace.lengths(row)) : null,
    vectors: rows.map((row) => trace.places().map((place) => trace.vector(row, place))),
    counts: rows.map((row) => trace.counts(row)),
  };
}

/** Write as told: ["write", n], ["takeBack", n], ["force", id], ["setRules", rules], ["extend", n]. */
function scripted(model, prompt, options, steps) {
  const session = new WritingSession(model, prompt, options);
  const pieces = [];
  for (const [name, value] of steps) {
    if (name === "write") for (let i = 0; i < value; i++) pieces.push(session.write()?.piece ?? null);
    else session[name](value);
  }
  const { ids, text, ended, promptLength } = session;
  return { ids, text, ended, promptLength, pieces };
}

/** Typed arrays as plain ones. */
const plain = (_, value) => (ArrayBuffer.isView(value) ? [...value] : value);

const CALLS = {
  script: scripted,
  trace: (model, ids) => shown(traceText(model, ids)),
  recorded: (model) => shown(recordedTrace(model)),
  check: (model) => model.check(),
  logits: logitsOf,
  text: (model, prompt, options) => writeText(model, prompt, options),
  tokenize: (model, texts) => texts.map((text) => model.tokenizer.tokenize(text)),
  strings: (model, texts) => texts.map((text) => model.tokenizer.tokenStrings(text)),
  prompts: (model, texts) => texts.map((text) => model.promptIds(text)),
  detokenize: (model, rows) => rows.map((ids) => model.tokenizer.continuation("", ids)),
  continuations: (model, pairs) => pairs.map(([text, ids]) => model.tokenizer.continuation(text, ids)),
  unfinished: (model, rows) => rows.map((ids) => model.tokenizer.unfinished(ids)),
  candidates(model, prompt, options) {
    return new WritingSession(model, prompt, options).next();
  },
  speed(model, count) {
    const session = new WritingSession(model, "", { max_new_tokens: count, seed: 1, temperature: 1 });
    const before = process.cpuUsage();
    while (session.write() !== null);
    const { user, system } = process.cpuUsage(before);
    return count / ((user + system) / 1e6);
  },
  random(_, seed, row, count) {
    const generator = new Generator(BigInt(seed), BigInt(row));
    return [generator.double(), ...Array.from({ length: count }, () => generator.float())];
  },
};

/** The results of the calls of a case; what is meant for the reader comes as { error }. */
function answered({ payload, simd, calls }) {
  const guarded = (call) => {
    try {
      return call();
    } catch (error) {
      if (error instanceof Refusal) return { error: error.message };
      throw error;
    }
  };
  const model = payload ? guarded(() => openModel(payload, { simd: simd ?? true })) : null;
  if (model?.error) return calls.map(() => model);
  return calls.map(([name, ...given]) => guarded(() => CALLS[name](model, ...given)));
}

const results = JSON.parse(readFileSync(input, "utf8")).map(answered);
writeFileSync(output, JSON.stringify(results, plain));
