package dev.graft.client;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.node.StringNode;

/** {@code graft jobs create}: one command from a file on this machine to a model. */
@Command(
    name = "create",
    description = "Start a job; prints its id, or with --watch the model it made.")
final class JobsCreate extends ApiCommand {
  @Option(names = "--model", required = true, paramLabel = "MODEL", description = "The base.")
  private String model = "";

  @Option(
      names = "--training-file",
      required = true,
      paramLabel = "FILE",
      description = "An id (file-...), or a file on this machine, which is uploaded.")
  private String training = "";

  @Option(
      names = "--validation-file",
      paramLabel = "FILE",
      description = "Rows that are held out: an id or a file.")
  private @Nullable String validation;

  @Option(
      names = "--adapter",
      paramLabel = "NAME|FILE",
      description =
          "A preset (draft, balanced, quality, edge), the department's configuration of that name,"
              + " or a file ending in .json with the adapter object.")
  private @Nullable String adapter;

  @Option(names = "--suffix", paramLabel = "NAME", description = "A part of the model's name.")
  private @Nullable String suffix;

  @Option(names = "--seed", paramLabel = "N", description = "Of everything that is random.")
  private @Nullable Long seed;

  @Mixin private ResourceOptions resources = new ResourceOptions();

  @Option(
      names = "--quote",
      description = "Print an estimate; a file is uploaded, nothing is started.")
  private boolean quote;

  @Option(names = "--watch", description = "Follow it to its end.")
  private boolean watch;

  @Override
  int run(GraftApi api) throws IOException {
    ObjectNode job = object().put("model", model);
    if (adapter != null) job.set("adapter", adapter(adapter));
    job.put("training_file", TrainingFileUpload.idOf(api, training));
    if (validation != null) job.put("validation_file", TrainingFileUpload.idOf(api, validation));
    if (suffix != null) job.put("suffix", suffix);
    if (seed != null) job.put("seed", seed);
    ObjectNode asked = resources.asked();
    if (asked != null) job.set("resources", asked);
    if (quote) {
      JsonNode found = api.post("/v1/fine_tuning/quotes", job);
      show(found, QuoteText.text(found));
      note("training file: " + found.path("training_file").asString(""));
      for (JsonNode warning : found.path("warnings")) note("warning: " + warning.asString(""));
      return 0;
    }
    JsonNode created = api.create("/v1/fine_tuning/jobs", job);
    String id = created.path("id").asString();
    if (!watch) {
      show(created, id);
      return 0;
    }
    note(id);
    return JobsCommand.follow(this, api, id);
  }

  /** A name as it is, a file as what is in it. */
  static JsonNode adapter(String given) throws IOException {
    if (!given.endsWith(".json")) return StringNode.valueOf(given);
    try {
      return JsonMapper.shared().readTree(Files.readString(Path.of(given)));
    } catch (JacksonException e) {
      throw new IllegalArgumentException(given + " is not JSON: " + e.getOriginalMessage(), e);
    }
  }
}
