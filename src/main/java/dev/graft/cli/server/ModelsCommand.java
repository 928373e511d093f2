package dev.graft.cli.server;

import dev.graft.catalog.BaseModel;
import dev.graft.catalog.BaseModels;
import dev.graft.client.command.AvailableModelsCommand;
import dev.graft.platform.errors.RequestFailed;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code graft models}: the base models of a data directory. */
@Command(
    name = "models",
    description = "Register and list base models; say which models a key may use.",
    mixinStandardHelpOptions = true,
    subcommands = {
      ModelsCommand.Add.class,
      ModelsCommand.ListAll.class,
      AvailableModelsCommand.class
    })
public final class ModelsCommand {
  private static final int REFUSED = 2;

  @Command(
      name = "add",
      description = "Check a Hugging Face model directory, copy it into Graft, and name it.",
      mixinStandardHelpOptions = true)
  @SuppressWarnings("NullAway.Init") // picocli fills the fields
  static final class Add implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Parameters(paramLabel = "NAME", description = "a-z, 0-9, '.', '_', '-'; up to 63 characters")
    private String name;

    @Option(
        names = "--from",
        required = true,
        paramLabel = "DIR",
        description = "directory with config.json, tokenizer.json and *.safetensors")
    private String from;

    @Mixin private ServerOptions options;

    @Override
    public Integer call() {
      Path directory = directory();
      try (ServerContext server = ServerContext.open(options)) {
        BaseModels models = server.get(BaseModels.class);
        BaseModel model = models.register(name, directory);
        spec.commandLine().getOut().println(line(model));
        models
            .limitations(directory)
            .forEach(l -> spec.commandLine().getErr().println("note: " + l));
        return 0;
      } catch (RequestFailed refused) {
        spec.commandLine().getErr().println("graft: " + refused.getMessage());
        return REFUSED;
      }
    }

    private Path directory() {
      Path directory = Path.of(from);
      if (Files.isDirectory(directory)) {
        return directory;
      }
      if (from.endsWith(".gguf")) {
        throw refused("GGUF files cannot be registered yet; give a Hugging Face directory");
      }
      if (!Files.exists(directory) && from.matches("[\\w.-]+/[\\w.-]+(@[\\w.-]+)?")) {
        throw refused(
            from
                + " is not a directory here, and hub repositories cannot be fetched yet;"
                + " download it and give its directory");
      }
      throw refused(from + " is not a directory");
    }

    private ParameterException refused(String message) {
      return new ParameterException(spec.commandLine(), message);
    }
  }

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

  private static String line(BaseModel model) {
    return "%s\t%s\t%,d parameters\t%,d tokens of context\tsha256:%s"
        .formatted(
            model.name(),
            model.family(),
            model.parameters(),
            model.contextLength(),
            model.manifest());
  }
}
