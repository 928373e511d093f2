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
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code graft models}: the base models of a data directory. */
@Command(
    name = "models",
    description = "Register, list and suggest base models; say which models a key may use.",
    mixinStandardHelpOptions = true,
    subcommands = {
      ModelsCommand.AddModelCommand.class,
      ModelsCommand.ListAll.class,
      ModelsCommand.SuggestModelsCommand.class,
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

  /** {@code graft models add}: from a directory, a GGUF file, or the hub. */
  @Command(
      name = "add",
      description =
          "Check a model, of a directory, a GGUF file or the Hugging Face hub, copy it into Graft,"
              + " and name it.",
      mixinStandardHelpOptions = true)
  @SuppressWarnings("NullAway.Init") // picocli fills the fields
  static final class AddModelCommand implements Callable<Integer> {
    private static final int REFUSED = 2;

    @Spec private CommandSpec spec;

    @Parameters(paramLabel = "NAME", description = "a-z, 0-9, '.', '_', '-'; up to 63 characters")
    private String name;

    @Option(
        names = "--from",
        required = true,
        paramLabel = "DIR|FILE.gguf|hf:ORGANIZATION/MODEL[@REVISION][/FILE.gguf]",
        description =
            "A directory with config.json, tokenizer.json and *.safetensors; a GGUF file of"
                + " llama.cpp, whose weights are dequantised; or a model of the Hugging Face hub, or"
                + " a GGUF file of it: HF_TOKEN, HF_ENDPOINT, HF_HUB_CACHE and HF_HUB_OFFLINE count.")
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
        spec.commandLine().getErr().println("graft: " + refused.getMessage());
        return REFUSED;
      }
    }

    private void fetched(HubModels models) throws IOException {
      try (FetchProgress progress = new FetchProgress(spec.commandLine().getErr(), from)) {
        HubModels.Added added = models.add(name, from, progress);
        progress.close();
        tell(added.model(), added.limitations());
      }
    }

    private void converted(GgufModels models) throws IOException {
      HubModels.Added added = models.add(name, Path.of(from));
      tell(added.model(), added.limitations());
    }

    private void copied(BaseModels models) {
      Path directory = Path.of(from);
      tell(models.register(name, directory), models.limitations(directory));
    }

    private void tell(BaseModel model, List<String> limitations) {
      PrintWriter err = spec.commandLine().getErr();
      spec.commandLine().getOut().println(ModelsCommand.line(model));
      if (model.source() != null) {
        err.println("note: it is " + model.source() + "; its licence: " + license(model));
      }
      limitations.forEach(each -> err.println("note: " + each));
    }

    private static String license(BaseModel model) {
      return model.license() == null ? "its README names none" : model.license();
    }

    private boolean isGguf() {
      return from.toLowerCase(Locale.ROOT).endsWith(".gguf") && Files.isRegularFile(Path.of(from));
    }

    private void requireDirectory() {
      if (Files.isDirectory(Path.of(from))) return;
      if (from.endsWith(".gguf")) throw refused(from + " is no file here");
      if (from.matches("[\\w.-]+/[\\w.-]+(@[\\w.-]+)?") && !Files.exists(Path.of(from))) {
        throw refused(from + " is not a directory here; a model of the hub is hf:" + from);
      }
      throw refused(from + " is not a directory");
    }

    private ParameterException refused(String message) {
      return new ParameterException(spec.commandLine(), message);
    }
  }

  /** A line that says how much of a model is here; on a terminal it is written over. */
  static final class FetchProgress implements HubModels.Progress, AutoCloseable {
    private static final int STEPS = 20;

    private final PrintWriter out;
    private final String what;
    private final boolean terminal = System.console() != null && System.console().isTerminal();
    private long said = -1;

    FetchProgress(PrintWriter out, String what) {
      this.out = out;
      this.what = what;
    }

    /** Says it at every hundredth; without a terminal at every twentieth, each on its line. */
    @Override
    public void at(long bytes, long all) {
      long step = all == 0 ? 0 : (terminal ? 100 : STEPS) * bytes / all;
      if (step == said) return;
      said = step;
      String line =
          "%s  %,d of %,d MB  %3d %%"
              .formatted(
                  what, bytes / 1_000_000, all / 1_000_000, all == 0 ? 100 : 100 * bytes / all);
      if (terminal) out.print("\r" + line);
      else out.println(line);
      out.flush();
    }

    @Override
    public void close() {
      if (terminal && said >= 0) out.println();
      said = -1;
      out.flush();
    }
  }

  /** {@code graft models suggest}: asks neither a server nor the hub. */
  @Command(
      name = "suggest",
      description =
          "Small models of the Hugging Face hub, and whether this machine can train them.",
      mixinStandardHelpOptions = true)
  static final class SuggestModelsCommand implements Callable<Integer> {
    private static final Table MODELS =
        new Table()
            .text("NAME", "/id")
            .column("PARAMETERS", each -> each.path("parameters").asLong() / 1_000_000 + " M")
            .size("SIZE", "/bytes")
            .column("LICENCE", SuggestModelsCommand::licence)
            .column("LORA TAKES", each -> Bytes.gigabytes(each.path("training_memory").asLong()))
            .column("FITS", each -> each.path("fits").isNull() ? "-" : fits(each))
            .text("FROM", "/source");

    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(names = "--json", description = "As JSON, for programs.")
    private boolean json;

    @Override
    public Integer call() {
      Long memory = memory(CudaMachine.here(), ProcessorMemory.total());
      List<SuggestedModel> models = SuggestedModel.on(memory);
      JsonNode tree = JsonMapper.shared().valueToTree(models);
      if (json) {
        spec.commandLine().getOut().println(tree.toPrettyString());
        return 0;
      }
      MODELS.lines(tree).forEach(spec.commandLine().getOut()::println);
      spec.commandLine()
          .getErr()
          .println(
              "A job may take %s here. Add one: graft models add %s --from %s"
                  .formatted(
                      memory == null ? "memory that is not known" : Bytes.gigabytes(memory),
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

    /** Bytes of the largest device that a worker here gives to jobs; null = not known. */
    static @Nullable Long memory(CudaMachine gpus, long total) {
      if (gpus.usable().isEmpty()) return ProcessorMemory.forRuns(total);
      return gpus.usable().stream()
          .flatMap(each -> Stream.ofNullable(each.forRuns()))
          .max(Long::compare)
          .orElse(null);
    }
  }
}
