package dev.graft.client;

import dev.graft.platform.Bytes;
import java.io.IOException;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/** {@code graft jobs check}: whether settings would do with a base model, before there is a job. */
@Command(
    name = "check",
    description = "Say what settings would train of a base model, or what is wrong with them.")
final class JobsCheck extends ApiCommand {
  private static final int REFUSED = 2;

  @Option(names = "--model", required = true, paramLabel = "MODEL", description = "The base.")
  private String model = "";

  @Option(
      names = "--adapter",
      required = true,
      paramLabel = "NAME|FILE",
      description = "A preset, a configuration, or a file ending in .json with the adapter object.")
  private String adapter = "";

  @Override
  int run(GraftApi api) throws IOException {
    JsonNode found =
        api.post(
            "/v1/adapter_configs/validate",
            object().put("model", model).set("adapter", JobsCreate.adapter(adapter)));
    if (found.path("valid").asBoolean(false)) {
      show(found, sentence(found));
      return 0;
    }
    if (connection.json()) say(found.toPrettyString());
    for (JsonNode error : found.path("errors")) {
      note(error.path("path").asString("") + ": " + error.path("message").asString(""));
    }
    return REFUSED;
  }

  private static String sentence(JsonNode found) {
    return String.format(
        Locale.ROOT,
        "trains %,d parameters beside the %,d of %s, in %d of its modules; takes up to %s of"
            + " memory%s",
        found.path("trainable_parameters").asLong(),
        found.path("parameters").asLong(),
        found.path("model").asString(""),
        found.path("modules").size(),
        Bytes.gigabytes(found.path("memory_bytes").asLong()),
        found.path("fits_worker").asBoolean(true) ? "" : ", which no worker that is there has");
  }
}
