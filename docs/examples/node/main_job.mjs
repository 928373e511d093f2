// From a data set to an answering adapter, with the unmodified openai SDK.
//
//   export OPENAI_BASE_URL=http://127.0.0.1:8080/v1 OPENAI_API_KEY=<the department's key>
//   node main_job.mjs train.jsonl "What does the X-200 weigh?" [base model]
//
// Needs: npm install openai

import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import OpenAI from "openai";

const DONE = new Set(["succeeded", "failed", "cancelled"]);
const [trainingPath, question = "Hello! Who are you?", wantedModel] = process.argv.slice(2);
if (!trainingPath) {
  console.error("usage: node main_job.mjs TRAINING_FILE [QUESTION] [MODEL]");
  process.exit(2);
}
const client = new OpenAI(); // reads OPENAI_BASE_URL and OPENAI_API_KEY

async function upload(path) {
  const file = await client.files.create({ file: createReadStream(path), purpose: "fine-tune" });
  const processed = await client.files.waitForProcessing(file.id, { pollInterval: 500 });
  if (processed.status !== "processed") throw new Error(`${path}: ${processed.status_details}`);
  console.log(`file        ${processed.id}  ${processed.bytes} bytes`);
  return processed.id;
}

/** Polls the job and prints its events in the order they happened. */
async function follow(id) {
  const seen = new Set();
  for (;;) {
    const job = await client.fineTuning.jobs.retrieve(id);
    const fresh = [];
    for await (const event of client.fineTuning.jobs.listEvents(id, { limit: 50 })) {
      if (seen.has(event.id)) break;
      fresh.unshift(event);
    }
    for (const event of fresh) {
      seen.add(event.id);
      console.log(`  ${event.level.padEnd(5)} ${event.message}`);
    }
    if (DONE.has(job.status)) return job;
    await pause(1000);
  }
}

/** The adapter as a PEFT directory in a tar.gz; its SHA-256 is in the response headers. */
async function download(job, path) {
  const adapters = await client.get("/adapters");
  const adapter = adapters.data.find((candidate) => candidate.job_id === job.id);
  const response = await client.get(`/adapters/${adapter.id}/content`, { __binaryResponse: true });
  const digest = createHash("sha256");
  const out = createWriteStream(path);
  for await (const chunk of response.body) {
    digest.update(chunk);
    out.write(chunk);
  }
  await new Promise((resolve, reject) => out.on("error", reject).end(resolve));
  if (digest.digest("hex") !== response.headers.get("x-checksum-sha256")) throw new Error("the download is damaged");
  console.log(`adapter     ${adapter.id}  ${path}  ${out.bytesWritten} bytes`);
}

async function ask(model) {
  const answer = await client.chat.completions.create({
    model,
    messages: [{ role: "user", content: question }],
    max_tokens: 64,
    temperature: 0,
  });
  console.log(`${model}\n  ${JSON.stringify(answer.choices[0].message.content)}  (${answer.usage.total_tokens} tokens)`);
}

let baseModel = wantedModel;
for await (const model of client.models.list()) {
  if (!model.id.startsWith("ft:")) baseModel ??= model.id;
}

const submitted = await client.fineTuning.jobs.create({
  model: baseModel,
  training_file: await upload(trainingPath),
  suffix: "example",
  seed: 42,
  method: { type: "supervised", supervised: { hyperparameters: { n_epochs: 3 } } },
  adapter: { peft: { peft_type: "LORA", r: 8, lora_alpha: 16, target_modules: "all-linear" } },
});
console.log(`job         ${submitted.id}  ${submitted.status}`);
const job = await follow(submitted.id);
if (job.status !== "succeeded") throw new Error(`job ${job.status}: ${job.error?.message}`);
for await (const checkpoint of client.fineTuning.jobs.checkpoints.list(job.id)) {
  console.log(`checkpoint  step ${checkpoint.step_number}  ${JSON.stringify(checkpoint.metrics)}`);
}
await download(job, "adapter.tar.gz");
await ask(baseModel);
await ask(job.fine_tuned_model);
