package dev.graft.client;

import picocli.CommandLine.Command;

/** {@code graft models available}: bases and results that the key may call by name. */
@Command(name = "available", description = "Models that your key may use on a server.")
public final class AvailableModels extends ApiCommand {
  private static final Table MODELS =
      new Table()
          .text("MODEL", "/id")
          .time("CREATED", "/created")
          .text("BASE", "/base_model")
          .text("CONTEXT", "/context_length");

  @Override
  int run(GraftApi api) {
    show(list(api, "/v1/models", Integer.MAX_VALUE), MODELS);
    return 0;
  }
}
