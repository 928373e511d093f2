package dev.graft.client;

import dev.graft.platform.Bytes;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import tools.jackson.databind.JsonNode;

/** {@code graft models available}: lists base models and fine-tuned models that the key may use. */
@Command(name = "available", description = "List the models on a server that your key may use.")
public final class AvailableModelsCommand extends ApiCommand {
  private static final Table MODELS =
      new Table()
          .text("MODEL", "/id")
          .time("CREATED", "/created")
          .text("BASE", "/base_model")
          .text("CONTEXT", "/context_length")
          .text("TASK", "/task");

  @Override
  int run(GraftApi api) {
    List<JsonNode> models = new ArrayList<>();
    api.get("/v1/models").path("data").forEach(models::add); // not paged, as at OpenAI
    show(models, MODELS);
    return 0;
  }

  /** {@code graft models imports}. */
  @Command(
      name = "imports",
      description = "List imports of base models, newest first (for administrators).")
  public static final class Imports extends ApiCommand.ListCommand {
    public Imports() {
      super(
          "/v1/base_model_imports",
          new Table()
              .text("IMPORT", "/id")
              .time("CREATED", "/created_at")
              .text("NAME", "/name")
              .text("STATUS", "/status")
              .column("DONE", Imports::done)
              .text("SOURCE", "/source")
              .text("REASON", "/error"));
    }

    private static String done(JsonNode each) {
      long all = each.path("total_bytes").asLong(0);
      return all == 0 ? "-" : Bytes.shown(each.path("bytes").asLong()) + " of " + Bytes.shown(all);
    }
  }
}
