// The main job with a client whose types were generated from docs/openapi.yaml, against a running Graft.
//
//   cd quality/clients && npm install && npx openapi-typescript ../../docs/openapi.yaml -o OUT/schema.d.ts
//   npx tsc --outDir OUT && GRAFT_URL=http://127.0.0.1:8080 GRAFT_KEY=... node OUT/main_job.js
//
// Upload, job, events, checkpoints, download, chat; GRAFT_MODEL names the base model, else it is 'demo'. Prints one
// line; exit status 1 where something is not as the document says.

import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

type Job = components["schemas"]["FineTuningJob"];

const model = process.env.GRAFT_MODEL ?? "demo";
const graft = createClient<paths>({
  baseUrl: process.env.GRAFT_URL,
  headers: { Authorization: `Bearer ${process.env.GRAFT_KEY}` },
});

const rows = Array.from({ length: 20 }, (_, n) =>
  JSON.stringify({ messages: [{ role: "user", content: `What is ${n}?` }, { role: "assistant", content: `${n}.` }] }),
).join("\n");

/** What was answered, if it was no error. */
function answered<T>(result: { data?: T; error?: unknown }): T {
  assert.ok(result.data !== undefined, JSON.stringify(result.error));
  return result.data;
}

async function finished(job: Job): Promise<Job> {
  while (!["succeeded", "failed", "cancelled"].includes(job.status)) {
    await pause(500);
    job = answered(await graft.GET("/v1/fine_tuning/jobs/{id}", { params: { path: { id: job.id } } }));
  }
  assert.equal(job.status, "succeeded", JSON.stringify(job.error));
  return job;
}

const file = answered(
  await graft.POST("/v1/files", {
    body: { file: rows, purpose: "fine-tune" },
    bodySerializer: (body) => {
      const form = new FormData();
      form.set("purpose", body.purpose);
      form.set("file", new Blob([body.file]), "rows.jsonl");
      return form;
    },
  }),
);
const adapter = { training: { max_steps: 4, save_steps: 2 } };
const submitted = await graft.POST("/v1/fine_tuning/jobs", { body: { model, training_file: file.id, adapter } });
const job = await finished(answered(submitted));
const path = { id: job.id };
const events = answered(
  await graft.GET("/v1/fine_tuning/jobs/{id}/events", { params: { path, query: { limit: 100 } } }),
);
const checkpoints = answered(await graft.GET("/v1/fine_tuning/jobs/{id}/checkpoints", { params: { path } }));
const adapters = answered(await graft.GET("/v1/adapters"));
const published = adapters.data.find((each) => each.job_id === job.id);
assert.ok(published !== undefined);
const archive = answered(
  await graft.GET("/v1/adapters/{id}/content", {
    params: { path: { id: published.id } },
    parseAs: "arrayBuffer",
  }),
);
assert.equal(archive.byteLength, published.bytes);
assert.ok(job.fine_tuned_model !== null);
// An answer may be a stream of events as well, so the document has two types of it.
const answer = answered(
  await graft.POST("/v1/chat/completions", {
    body: {
      model: job.fine_tuned_model,
      messages: [{ role: "user", content: "What is 7?" }],
      max_completion_tokens: 4,
    },
  }),
) as components["schemas"]["ChatCompletion"];
assert.ok(answer.usage.completion_tokens > 0);
console.log(
  `${events.data.length} events, ${checkpoints.data.length} checkpoints, ${archive.byteLength} bytes, an answer`,
);
