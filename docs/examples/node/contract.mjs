// What programs written for OpenAI rely on, tried with the unmodified openai SDK: one function a promise.
//
//   export OPENAI_BASE_URL=http://127.0.0.1:8080/v1 OPENAI_API_KEY=<the department's key>
//   node contract.mjs <base model>
//
// Prints a line a promise; status 1 if one is broken. Trains for two steps. Needs: npm install

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import OpenAI, { toFile } from "openai";

const model = process.argv[2];
if (!model) {
  console.error("usage: node contract.mjs MODEL");
  process.exit(2);
}
const client = new OpenAI();
const jobs = client.fineTuning.jobs;
const question = { role: "user", content: "hi" };
const row = JSON.stringify({ messages: [question, { role: "assistant", content: "ho" }] });
const data = Buffer.from(`${row}\n`.repeat(20));
const adapter = { peft: { r: 2 }, training: { max_steps: 2, save_steps: 1 } };

const uploaded = await client.files.create({ file: await toFile(data, "rows.jsonl"), purpose: "fine-tune" });
const file = await client.files.waitForProcessing(uploaded.id, { pollInterval: 200 });
const submit = (more, options) => jobs.create({ model, training_file: file.id, adapter, ...more }, options);
let job = await submit({ suffix: "contract", metadata: { contract: "node" } });
while (!["succeeded", "failed", "cancelled"].includes(job.status)) {
  await pause(300);
  job = await jobs.retrieve(job.id);
}

async function collected(pages) {
  const all = [];
  for await (const each of pages) all.push(each);
  return all;
}

async function expected(kind, call) {
  try {
    await call();
  } catch (error) {
    assert.ok(error instanceof kind, `${error}`);
    return error;
  }
  assert.fail(`no ${kind.name}`);
}

const promises = {
  async "01 upload, job, events, checkpoints, content, chat"() {
    assert.equal(file.status, "processed");
    assert.equal(job.status, "succeeded", JSON.stringify(job.error));
    const events = await collected(jobs.listEvents(job.id));
    assert.ok(events.some((event) => event.message.includes("training loss=")));
    const checkpoints = await collected(jobs.checkpoints.list(job.id));
    assert.ok(checkpoints.length > 0 && checkpoints.every((each) => each.fine_tuning_job_id === job.id));
    const metrics = await (await client.files.content(job.result_files[0])).text();
    assert.ok(metrics.startsWith("step,train_loss"));
    for (const name of [job.fine_tuned_model, checkpoints[0].fine_tuned_model_checkpoint]) {
      const answer = await client.chat.completions.create({ model: name, messages: [question], max_tokens: 4 });
      assert.equal(answer.model, name);
      assert.equal(answer.choices[0].message.role, "assistant");
    }
  },
  async "02 pages end and repeat nothing"() {
    const ids = (await collected(jobs.listEvents(job.id, { limit: 1 }))).map((event) => event.id);
    assert.ok(ids.length > 3);
    assert.equal(new Set(ids).size, ids.length);
    assert.ok((await collected(jobs.list({ limit: 1 }))).some((each) => each.id === job.id));
    assert.ok((await collected(client.files.list({ limit: 1 }))).some((each) => each.id === file.id));
  },
  async "03 content and its errors, whatever is accepted"() {
    const content = Buffer.from(await (await client.files.content(file.id)).arrayBuffer());
    assert.ok(content.equals(data));
    const error = await expected(OpenAI.NotFoundError, () => client.files.content("file-none"));
    assert.equal(error.code, "not_found");
  },
  async "04 a slash in a model id"() {
    const error = await expected(OpenAI.NotFoundError, () => client.models.retrieve("nobody/knows:this"));
    assert.ok(error.message.includes("nobody/knows:this"));
    assert.equal((await client.models.retrieve(job.fine_tuned_model)).id, job.fine_tuned_model);
  },
  async "05 a request that is sent again makes one job"() {
    const first = await submit({ suffix: "again-node" });
    const again = await submit({ suffix: "again-node" }, { headers: { "X-Stainless-Retry-Count": "1" } });
    const options = { headers: { "Idempotency-Key": `contract-node-${first.id}` } };
    const keyed = [await submit({ suffix: "keyed-node" }, options), await submit({ suffix: "keyed-node" }, options)];
    assert.equal(first.id, again.id);
    assert.equal(keyed[0].id, keyed[1].id);
    assert.notEqual(first.id, keyed[0].id);
    for (const each of [first, keyed[0]]) await jobs.cancel(each.id);
  },
  async "07 every error has the envelope"() {
    const bad = await expected(OpenAI.BadRequestError, () => jobs.create({ model, training_file: "file-none" }));
    assert.equal(bad.param, "training_file");
    assert.ok(bad.code && bad.requestID);
    assert.equal((await expected(OpenAI.BadRequestError, () => submit({ seed: -1 }))).param, "seed");
    await expected(OpenAI.BadRequestError, () => jobs.cancel(job.id));
    await expected(OpenAI.NotFoundError, () => client.get("/nothing"));
    const stranger = new OpenAI({ apiKey: "sk-graft-none" });
    assert.equal((await expected(OpenAI.AuthenticationError, () => stranger.models.list())).code, "invalid_api_key");
  },
  async "08 what the SDK types as present is"() {
    const present = (thing, ...names) => names.forEach((name) => assert.ok(thing[name] != null, name));
    const of = ["id", "created_at", "hyperparameters", "model", "object", "organization_id", "result_files", "seed", "status"];
    present(job, ...of, "training_file");
    present(file, "id", "bytes", "created_at", "filename", "object", "purpose", "status");
    present(await client.models.retrieve(model), "id", "created", "object", "owned_by");
    for (const event of await collected(jobs.listEvents(job.id))) present(event, "id", "created_at", "level", "message", "object");
  },
  async "09 uploads in parts"() {
    const start = async () =>
      (await client.uploads.create({ bytes: data.length, filename: "p.jsonl", mime_type: "application/jsonl", purpose: "fine-tune" })).id;
    const upload = await start();
    const send = async (part) => (await client.uploads.parts.create(upload, { data: await toFile(part, "part") })).id;
    const half = data.length >> 1;
    const [second, first] = await Promise.all([send(data.subarray(half)), send(data.subarray(0, half))]);
    const complete = (md5) => client.uploads.complete(upload, { part_ids: [first, second], md5 });
    assert.equal((await expected(OpenAI.BadRequestError, () => complete("0".repeat(32)))).param, "md5");
    const md5 = createHash("md5").update(data).digest("hex");
    const done = await complete(md5);
    assert.equal(done.status, "completed");
    assert.equal((await complete(md5)).file.id, done.file.id);
    const dropped = await start();
    assert.equal((await client.uploads.cancel(dropped)).status, "cancelled");
    await expected(OpenAI.BadRequestError, async () => client.uploads.parts.create(dropped, { data: await toFile(data, "part") }));
  },
  async "10 jobs by their metadata"() {
    const found = await collected(jobs.list({ metadata: { contract: "node" } }));
    assert.ok(found.some((each) => each.id === job.id));
    assert.equal((await collected(jobs.list({ metadata: { contract: "nobody" } }))).length, 0);
  },
};

let broken = 0;
for (const [name, kept] of Object.entries(promises)) {
  try {
    await kept();
    console.log(`kept   ${name}`);
  } catch (error) {
    broken++;
    console.log(`BROKEN ${name}`);
    console.error(error);
  }
}
process.exit(broken ? 1 : 0);
