package dev.graft.nemesis;

import dev.graft.demo.BundledModel;
import dev.graft.demo.data.SampleData;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** The jobs of a run: equal ones, on one data set, and what the API tells about them. */
final class Jobs {
  private static final Duration END = Duration.ofMinutes(10);
  private static final int STEPS = 240;
  private static final int SHORT = 3;
  private static final int SAVE = 12;

  private final Api api;
  private final String file;

  Jobs(Api api, long seed) {
    this.api = api;
    this.file = api.upload("products.jsonl", SampleData.draw(seed).jsonl());
  }

  /** The job that is measured: a minute or so. */
  String submit() {
    return submit(STEPS);
  }

  /** A job that only has to run. */
  String submitShort() {
    return submit(SHORT);
  }

  private String submit(int steps) {
    Map<String, Object> training =
        Map.of(
            "learning_rate",
            5e-3,
            "max_steps",
            steps,
            "save_steps",
            SAVE,
            "per_device_train_batch_size",
            16,
            "max_length",
            128);
    Map<String, Object> peft = Map.of("peft_type", "LORA", "r", 8, "lora_alpha", 16);
    Map<String, Object> request =
        Map.of(
            "model",
            BundledModel.NAME,
            "training_file",
            file,
            "seed",
            42,
            "adapter",
            Map.of("peft", peft, "training", training));
    return api.post("/v1/fine_tuning/jobs", request).path("id").asString();
  }

  JsonNode get(String job) {
    return api.get("/v1/fine_tuning/jobs/" + job);
  }

  String status(String job) {
    return get(job).path("status").asString();
  }

  boolean ended(String job) {
    return List.of("succeeded", "failed", "cancelled").contains(status(job));
  }

  /**
   * Waits for success; returns the SHA-256 of the adapter's weights.
   *
   * @throws Stuck if it ends otherwise or not at all
   */
  String finish(String job) {
    if (!Deadline.in(END).await(() -> ended(job))) throw new Stuck(job + " does not end");
    JsonNode end = get(job);
    if (!end.path("status").asString().equals("succeeded")) {
      throw new Stuck("%s %s: %s".formatted(job, end.path("status"), end.at("/error/message")));
    }
    for (JsonNode adapter : api.get("/v1/adapters?limit=100").path("data")) {
      if (!adapter.path("job_id").asString().equals(job)) continue;
      for (JsonNode part : adapter.path("files")) {
        if (part.path("name").asString().equals("adapter_model.safetensors")) {
          return part.path("sha256").asString();
        }
      }
    }
    throw new Stuck("no adapter of " + job);
  }

  /** Step of the newest committed checkpoint; 0 without one. */
  int checkpoint(String job) {
    return api.get("/v1/fine_tuning/jobs/" + job + "/checkpoints?limit=1")
        .at("/data/0/step_number")
        .asInt(0);
  }

  /** All that was told about a job in words, oldest first. */
  List<String> messages(String job) {
    List<String> messages = new ArrayList<>();
    String path = "/v1/fine_tuning/jobs/" + job + "/events?limit=100";
    JsonNode page = api.get(path);
    while (true) {
      for (JsonNode event : page.path("data")) {
        if (event.path("type").asString().equals("message")) {
          messages.add(event.path("message").asString());
        }
      }
      if (!page.path("has_more").asBoolean(false)) return messages.reversed();
      page = api.get(path + "&after=" + page.path("last_id").asString());
    }
  }
}
