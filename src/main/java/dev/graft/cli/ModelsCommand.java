package dev.graft.cli;

import dev.graft.catalog.BaseModel;
import dev.graft.catalog.BaseModels;
import dev.graft.catalog.GgufModels;
import dev.graft.catalog.HubModels;
import dev.graft.catalog.SuggestedModel;
import dev.graft.client.AvailableModelsCommand;
import dev.graft.client.Table;
import dev.graft.kernels.CudaMachine;
import dev.graft.platform.Bytes;
import dev.graft.platform.RequestFailed;
import dev.graft.training.ProcessorMemory;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code graft models}: manages base models. */
@Command(
    name = "models",
    description = "Register, list and suggest base models; list the models that your key may use.",
    mixinStandardHelpOptions = true,
    subcommands = {
      ModelsCommand.AddModelCommand.class,
      ModelsCommand.ListAll.class,
      ModelsCommand.SuggestModelsCommand.class,
      AvailableModelsCommand.class,
      AvailableModelsCommand.Imports.class
    })
final class ModelsCommand {
  @Command(
      name = "list",
      description = "List the base models registered in a data directory, one per line.",
      mixinStandardHelpOptions = true)
  @SuppressWarnings("NullAway.Init") // picocli fills the fields
  static final class ListAll extends CliCommand implements Callable<Integer> {
    @Mixin private ServerOptions options;

    @Override
    public Integer call() {
      try (ServerContext server = ServerContext.open(options)) {
        server.get(BaseModels.class).list().forEach(model -> print(line(model)));
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

  /** {@code graft models add}: adds a model from a directory, a GGUF file or the hub. */
  @Command(
      name = "add",
      description =
          "Add a model from a directory, a GGUF file or the Hugging Face hub: check it, copy it and"
              + " give it a name.",
      mixinStandardHelpOptions = true)
  @SuppressWarnings("NullAway.Init") // picocli fills the fields
  static final class AddModelCommand extends CliCommand implements Callable<Integer> {
    private static final int REFUSED = 2;

    @Parameters(paramLabel = "NAME", description = "a-z, 0-9, '.', '_', '-'; up to 63 characters")
    private String name;

    @Option(
        names = "--from",
        required = true,
        paramLabel = "DIR|FILE.gguf|hf:ORGANIZATION/MODEL[@REVISION][/FILE.gguf]",
        description =
            "A directory with config.json, tokenizer.json and *.safetensors; a GGUF file of"
                + " llama.cpp, whose weights are dequantised; or a model, or a GGUF file of a"
                + " model, on the Hugging Face hub. HF_TOKEN, HF_ENDPOINT, HF_HUB_CACHE and"
                + " HF_HUB_OFFLINE are respected.")
    private String from;

    @Mixin private ServerOptions options;

    @Override
    public Integer call() throws IOException {
      boolean ofHub = HubModels.isSource(from);
      boolean ofFile = !ofHub && isGguf();
      if (!ofHub && !ofFile) requireDirectory();
      try (ServerContext server = ServerContext.open(options)) {
        if (ofHub) fetched(server.get(HubModels.class));
        else if (ofFile) converted(server.get(GgufModels.class));
        else copied(server.get(BaseModels.class));
        return 0;
      } catch (RequestFailed refused) {
        note("graft: " + refused.getMessage());
        return REFUSED;
      }
    }

    private void fetched(HubModels models) throws IOException {
      try (FetchProgress progress = new FetchProgress(spec.commandLine().getErr(), from)) {
        HubModels.Added added = models.add(name, from, progress);
        progress.close();
        print(added.model(), added.limitations());
      }
    }

    private void converted(GgufModels models) throws IOException {
      HubModels.Added added = models.add(name, Path.of(from));
      print(added.model(), added.limitations());
    }

    private void copied(BaseModels models) {
      Path directory = Path.of(from);
      print(models.register(name, directory), models.limitations(directory));
    }

    private void print(BaseModel model, List<String> limitations) {
      print(ModelsCommand.line(model));
      if (model.source() != null) {
        note("note: the source is " + model.source() + "; licence: " + license(model));
      }
      limitations.forEach(each -> note("note: " + each));
    }

    private static String license(BaseModel model) {
      return model.license() == null ? "none is given in its README" : model.license();
    }

    private boolean isGguf() {
      return from.toLowerCase(Locale.ROOT).endsWith(".gguf") && Files.isRegularFile(Path.of(from));
    }

    private void requireDirectory() {
      if (Files.isDirectory(Path.of(from))) return;
      if (from.endsWith(".gguf")) throw wrong(from + " is not a file");
      if (from.matches("[\\w.-]+/[\\w.-]+(@[\\w.-]+)?") && !Files.exists(Path.of(from))) {
        throw wrong(from + " is not a directory; to use a model of the hub, write hf:" + from);
      }
      throw wrong(from + " is not a directory");
    }
  }

  /** Prints how much of a model has been downloaded; on a terminal it overwrites one line. */
  static final class FetchProgress implements HubModels.Progress, AutoCloseable {
    private static final int STEPS = 20;

    private final PrintWriter out;
    private final String what;
    private final boolean terminal = System.console() != null && System.console().isTerminal();
    private long printed = -1;

    FetchProgress(PrintWriter out, String what) {
      this.out = out;
      this.what = what;
    }

    /** Prints progress at every percent on a terminal, otherwise a line at every five percent. */
    @Override
    public void at(long bytes, long all) {
      long step = all == 0 ? 0 : (terminal ? 100 : STEPS) * bytes / all;
      if (step == printed) return;
      printed = step;
      String line =
          "%s  %s of %s  %3d %%"
              .formatted(
                  what, Bytes.shown(bytes), Bytes.shown(all), all == 0 ? 100 : 100 * bytes / all);
      if (terminal) out.print("\r" + line);
      else out.println(line);
      out.flush();
    }

    @Override
    public void close() {
      if (terminal && printed >= 0) out.println();
      printed = -1;
      out.flush();
    }
  }

  /**
   * {@code graft models suggest}: lists suitable models without connecting to a server or the hub.
   */
  @Command(
      name = "suggest",
      description =
          "List small models of the Hugging Face hub, and whether this machine can train them.",
      mixinStandardHelpOptions = true)
  static final class SuggestModelsCommand extends CliCommand implements Callable<Integer> {
    private static final Table MODELS =
        new Table()
            .text("NAME", "/id")
            .column("PARAMETERS", each -> each.path("parameters").asLong() / 1_000_000 + " M")
            .size("SIZE", "/bytes")
            .column("LICENCE", SuggestModelsCommand::licence)
            .column("LORA NEEDS", each -> Bytes.gigabytes(each.path("training_memory").asLong()))
            .column("FITS", each -> each.path("fits").isNull() ? "-" : fits(each))
            .text("FROM", "/source");

    @Option(names = "--json", description = "Print JSON, for scripts.")
    private boolean json;

    @Override
    public Integer call() {
      Long memory = memory(CudaMachine.here(), ProcessorMemory.total());
      List<SuggestedModel> models = SuggestedModel.on(memory);
      JsonNode tree = JsonMapper.shared().valueToTree(models);
      if (json) {
        print(tree.toPrettyString());
        return 0;
      }
      MODELS.lines(tree).forEach(this::print);
      note(
          "A job may use %s here. To add a model: graft models add %s --from %s"
              .formatted(
                  memory == null ? "an unknown amount of memory" : Bytes.gigabytes(memory),
                  models.getFirst().id(),
                  models.getFirst().source()));
      return 0;
    }

    private static String licence(JsonNode model) {
      String name = model.path("license").asString();
      return model.path("gated").asBoolean() ? name + " (accept it on the hub)" : name;
    }

    private static String fits(JsonNode model) {
      return model.path("fits").asBoolean() ? "yes" : "no";
    }

    /**
     * Returns the bytes of memory that a worker on this machine gives to jobs, on its largest
     * device; null = not known.
     */
    static @Nullable Long memory(CudaMachine gpus, long total) {
      if (gpus.usable().isEmpty()) return ProcessorMemory.forRuns(total);
      return gpus.usable().stream()
          .flatMap(each -> Stream.ofNullable(each.forRuns()))
          .max(Long::compare)
          .orElse(null);
    }
  }
}
