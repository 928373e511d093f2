package dev.graft.cli;

import dev.graft.catalog.BaseModel;
import dev.graft.catalog.BaseModels;
import dev.graft.client.AvailableModelsCommand;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code graft models}: the base models of a data directory. */
@Command(
    name = "models",
    description = "Register, list and suggest base models; say which models a key may use.",
    mixinStandardHelpOptions = true,
    subcommands = {
      AddModelCommand.class,
      ModelsCommand.ListAll.class,
      SuggestModelsCommand.class,
      AvailableModelsCommand.class,
      AvailableModelsCommand.Imports.class
    })
public final class ModelsCommand {
  @Command(
      name = "list",
      description = "The registered base models of a data directory, one a line.",
      mixinStandardHelpOptions = true)
  @SuppressWarnings("NullAway.Init") // picocli fills the fields
  static final class ListAll implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Mixin private ServerOptions options;

    @Override
    public Integer call() {
      PrintWriter out = spec.commandLine().getOut();
      try (ServerContext server = ServerContext.open(options)) {
        server.get(BaseModels.class).list().forEach(model -> out.println(line(model)));
        return 0;
      }
    }
  }

  static String line(BaseModel model) {
    return "%s\t%s\t%,d parameters\t%,d tokens of context\tsha256:%s"
        .formatted(
            model.name(),
            model.family(),
            model.parameters(),
            model.contextLength(),
            model.manifest());
  }
}
