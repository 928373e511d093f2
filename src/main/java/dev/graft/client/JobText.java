package dev.graft.client;

import dev.graft.platform.Bytes;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;
import tools.jackson.databind.JsonNode;

/** A fine-tuning job as a page for a terminal: what it is now, then what it was asked to be. */
final class JobText {
  private static final int TITLES = 18;

  private final List<String> lines = new ArrayList<>();

  private JobText() {}

  public static String of(JsonNode job) {
    JobText page = new JobText();
    page.lines.add(text(job, "/id") + "  " + status(job));
    page.lines.add(text(job, "/reason"));
    JsonNode error = job.path("error");
    if (error.isObject() && !text(error, "/message").equals(text(job, "/reason"))) {
      page.lines.add(text(error, "/message"));
    }
    page.lines.add("Next: " + text(job, "/next_step"));
    page.result(job);
    page.asked(job);
    return String.join("\n", page.lines);
  }

  private static String status(JsonNode job) {
    String status = text(job, "/status");
    String more = text(job, "/sub_status");
    return more.isEmpty() ? status : status + " (" + more.replace('_', ' ') + ")";
  }

  private void result(JsonNode job) {
    lines.add("");
    field("Fine-tuned model", text(job, "/fine_tuned_model"));
    JsonNode total = job.at("/progress/total_steps");
    if (total.isNumber()) {
      long step = job.at("/progress/step").asLong();
      field(
          "Step",
          line(
              "%,d of %,d (%d %%)",
              step, total.asLong(), 100 * step / Math.max(1, total.asLong())));
    }
    field("Trained tokens", line("%,d", job.at("/usage/trained_tokens").asLong()));
    field("Device time", line("%.1f s", job.at("/usage/device_seconds").asDouble()));
    field("Queue position", text(job, "/queue/position"));
    time("Created", job.path("created_at"));
    if (!job.path("finished_at").isNumber()) time("ETA", job.path("estimated_finish"));
    time("Finished", job.path("finished_at"));
    field("Worker", text(job, "/worker"));
    if (job.path("attempts").size() > 1) {
      field("Attempts", String.valueOf(job.path("attempts").size()));
    }
    for (JsonNode file : job.path("result_files")) field("Step metrics", file.asString());
  }

  private void asked(JsonNode job) {
    lines.add("");
    field("Model", text(job, "/model"));
    if (!text(job, "/parent_model").isEmpty()) field("Base model", text(job, "/base_model"));
    field("Training file", named(job, "training_file"));
    field("Validation file", named(job, "validation_file"));
    field("Suffix", text(job, "/user_provided_suffix"));
    field("Submitted by", text(job, "/submitted_by"));
    field("Method", text(job, "/method/type"));
    String peft = text(job, "/adapter/peft/peft_type");
    field("Adapter", peft.isEmpty() ? text(job, "/adapter/method/type") : peft);
    for (Map.Entry<String, JsonNode> each : job.path("hyperparameters").properties()) {
      field(title(each.getKey()), each.getValue().asString(""));
    }
    field("Seed", text(job, "/seed"));
    field("Asks for", resources(job.path("resources")));
    StringJoiner pairs = new StringJoiner(", ");
    for (Map.Entry<String, JsonNode> each : job.path("metadata").properties()) {
      pairs.add(each.getKey() + "=" + each.getValue().asString(""));
    }
    field("Metadata", pairs.toString());
  }

  private static String resources(JsonNode asked) {
    StringJoiner told = new StringJoiner(", ");
    String device = text(asked, "/device");
    if (asked.path("devices").isNumber()) told.add(text(asked, "/devices") + " devices");
    if (!device.isEmpty()) told.add(device);
    if (asked.path("memory").isNumber()) {
      told.add(Bytes.gigabytes(asked.path("memory").asLong()) + " of memory");
    }
    if (asked.path("capability").isString()) told.add("capability " + text(asked, "/capability"));
    if (asked.path("worker_class").isString()) {
      told.add("worker class " + text(asked, "/worker_class"));
    }
    limit(told, "at most %s s", asked.path("max_run_seconds"));
    limit(told, "a sign every %s s", asked.path("no_progress_seconds"));
    return told.toString();
  }

  private static void limit(StringJoiner told, String text, JsonNode seconds) {
    if (seconds.isNumber()) told.add(text.formatted(seconds.asString()));
  }

  /** A file by its name and id; one that was deleted by its id. */
  private static String named(JsonNode job, String field) {
    String id = text(job, "/" + field);
    String name = text(job, "/" + field + "_name");
    return name.isEmpty() ? id : name + " (" + id + ")";
  }

  private static String title(String hyperparameter) {
    if (hyperparameter.equals("learning_rate_multiplier")) return "LR multiplier";
    String words = hyperparameter.replaceFirst("^n_", "").replace('_', ' ');
    return words.substring(0, 1).toUpperCase(Locale.ROOT) + words.substring(1);
  }

  private void time(String title, JsonNode seconds) {
    if (seconds.isNumber()) field(title, Table.time(seconds));
  }

  /** Left out where there is none. */
  private void field(String title, String value) {
    if (value.isEmpty()) return;
    String space = " ".repeat(Math.max(1, TITLES - title.length()));
    lines.add(Table.printable(title + space + value));
  }

  private static String text(JsonNode of, String pointer) {
    return Table.printable(of.at(pointer).asString(""));
  }

  private static String line(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
