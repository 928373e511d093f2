package dev.graft.nemesis;

import dev.graft.client.BundledModel;
import dev.graft.client.SampleData;
import dev.graft.nemesis.Cluster.Stuck;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;

/** Submits equal jobs on one data set and reads their state from the API. */
final class Jobs {
  private static final Duration END = Duration.ofMinutes(10);
  private static final int STEPS = 240;
  private static final int SHORT = 3;
  private static final int SAVE = 12;
  private static final int BATCH = 16;

  /** Steps between which the pace is measured. */
  private static final int WARM = 10;

  private static final int MEASURED = 50;

  /** The events when a job will run again, and when that run starts. */
  private static final Pattern AGAIN =
      Pattern.compile("; the job (?:continues from its checkpoint at step \\d+|starts again.*)$");

  private static final Pattern CONTINUES = Pattern.compile("continues after step (\\d+)");

  private final Api api;
  private final String rows;
  private final String file;

  Jobs(Api api, long seed) {
    this.api = api;
    this.rows = SampleData.draw(seed).jsonl();
    this.file = api.upload("products.jsonl", rows);
  }

  /** The job that is measured: a minute or so. */
  String submit() {
    return submit(STEPS);
  }

  /** A job that only has to run. */
  String submitShort() {
    return submit(SHORT);
  }

  /**
   * Submits a job whose steps take this long, by accumulating micro-batches at the pace of a first
   * job. It makes checkpoints only on request.
   *
   * @throws Stuck if the first job does not run
   */
  String submitSlow(int stepSeconds, int steps) {
    String paced = submit(WARM + MEASURED + SHORT);
    reach(paced, WARM);
    long start = System.nanoTime();
    reach(paced, WARM + MEASURED);
    double seconds = (System.nanoTime() - start) / 1e9 / MEASURED;
    finish(paced);
    int accumulation = Math.max(1, (int) Math.ceil(stepSeconds / seconds));
    List<String> lines = rows.lines().toList();
    String large =
        IntStream.range(0, BATCH * accumulation) // an epoch is one step
            .mapToObj(i -> lines.get(i % lines.size()))
            .collect(Collectors.joining("\n"));
    return submit(
        api.upload("slow.jsonl", large),
        Map.of(
            "max_steps",
            steps,
            "gradient_accumulation_steps",
            accumulation,
            "save_steps",
            0,
            "save_minutes",
            0));
  }

  private void reach(String job, int step) {
    if (!Cluster.Deadline.in(END).await(() -> step(job) >= step || ended(job))
        || step(job) < step) {
      throw new Stuck(job + " does not reach step " + step);
    }
  }

  private String submit(int steps) {
    return submit(file, Map.of("max_steps", steps, "save_steps", SAVE));
  }

  private String submit(String trainingFile, Map<String, Object> more) {
    Map<String, Object> training = new HashMap<>(more);
    training.put("learning_rate", 5e-3);
    training.put("per_device_train_batch_size", BATCH);
    training.put("max_length", 128);
    Map<String, Object> peft = Map.of("peft_type", "LORA", "r", 8, "lora_alpha", 16);
    Map<String, Object> request =
        Map.of(
            "model",
            BundledModel.NAME,
            "training_file",
            trainingFile,
            "seed",
            42,
            "adapter",
            Map.of("peft", peft, "training", training));
    return api.post("/v1/fine_tuning/jobs", request).path("id").asString();
  }

  /** The name under which its adapter chats. */
  String model(String job) {
    return get(job).path("fine_tuned_model").asString();
  }

  void cancel(String job) {
    api.post("/v1/fine_tuning/jobs/" + job + "/cancel", Map.of());
  }

  /** Returns the latest reported step. */
  int step(String job) {
    return get(job).at("/progress/step").asInt(0);
  }

  /** Returns how often the job was given back or lost. */
  long losses(String job) {
    return messages(job).stream().filter(message -> AGAIN.matcher(message).find()).count();
  }

  /** Returns the step at which the run after this many losses resumed; -1 if none has yet. */
  int resumed(String job, long lossesBefore) {
    long losses = 0;
    int step = -1;
    for (String message : messages(job)) {
      if (AGAIN.matcher(message).find()) losses++;
      if (losses > lossesBefore && message.startsWith("Training on")) {
        Matcher from = CONTINUES.matcher(message);
        step = from.find() ? Integer.parseInt(from.group(1)) : 0;
      }
    }
    return step;
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
   * The result of a job.
   *
   * @param sha256 of the adapter's weights
   * @param losses the reported steps with their losses, in order
   */
  record Result(String sha256, List<String> losses) {}

  /**
   * Waits for success.
   *
   * @throws Stuck if it ends otherwise or not at all
   */
  Result finish(String job) {
    if (!Cluster.Deadline.in(END).await(() -> ended(job))) throw new Stuck(job + " does not end");
    JsonNode end = get(job);
    if (!end.path("status").asString().equals("succeeded")) {
      throw new Stuck("%s %s: %s".formatted(job, end.path("status"), end.at("/error/message")));
    }
    for (JsonNode adapter : api.get("/v1/adapters?limit=100").path("data")) {
      if (!adapter.path("job_id").asString().equals(job)) continue;
      for (JsonNode part : adapter.path("files")) {
        if (part.path("name").asString().equals("adapter_model.safetensors")) {
          return new Result(part.path("sha256").asString(), toldLosses(job));
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

  private List<String> toldLosses(String job) {
    return events(job, "metrics").stream()
        .map(event -> event.path("data"))
        .map(data -> data.path("step") + ": " + data.path("train_loss"))
        .toList();
  }

  /** Returns the messages of a job's events, oldest first. */
  List<String> messages(String job) {
    return events(job, "message").stream().map(e -> e.path("message").asString()).toList();
  }

  /** Returns the events, oldest first. */
  private List<JsonNode> events(String job, String type) {
    List<JsonNode> events = new ArrayList<>();
    String path = "/v1/fine_tuning/jobs/" + job + "/events?limit=100";
    JsonNode page = api.get(path);
    while (true) {
      for (JsonNode event : page.path("data")) {
        if (event.path("type").asString().equals(type)) events.add(event);
      }
      if (!page.path("has_more").asBoolean(false)) return events.reversed();
      page = api.get(path + "&after=" + page.path("last_id").asString());
    }
  }
}
