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

/** Logits after each of some ids. */
function logitsOf(model, ids) {
  const cache = model.network.emptyCache();
  return ids.map((id) => [...model.network.head(model.network.step(id, cache, null))]);
}

const CALLS = {
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
    const { own, left, count, chosen } = new WritingSession(model, prompt, options).next();
    return { own: [...own], left: [...left], count, chosen };
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

const results = JSON.parse(readFileSync(input, "utf8")).map(({ payload, simd, calls }) => {
  const model = payload ? openModel(payload, { simd: simd ?? true }) : null;
  return calls.map(([name, ...given]) => {
    try {
      return CALLS[name](model, ...given);
    } catch (error) {
      if (error instanceof Refusal) return { error: error.message };
      throw error;
    }
  });
});
writeFileSync(output, JSON.stringify(results));
