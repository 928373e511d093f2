package dev.graft.cli;

import dev.graft.catalog.BaseModel;
import dev.graft.catalog.BaseModels;
import dev.graft.catalog.GgufModels;
import dev.graft.catalog.HubModels;
import dev.graft.platform.RequestFailed;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code graft models add}: from a directory, a GGUF file, or the hub. */
@Command(
    name = "add",
    description =
        "Check a model, of a directory, a GGUF file or the Hugging Face hub, copy it into Graft,"
            + " and name it.",
    mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli fills the fields
final class AddModelCommand implements Callable<Integer> {
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
