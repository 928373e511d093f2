package dev.graft.cli;

import dev.graft.training.export.GgufForm;
import dev.graft.weights.AdapterCard;
import dev.graft.weights.BadModel;
import dev.graft.weights.Dtype;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.SavedAdapter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** An adapter as the one file that llama.cpp and Ollama load. */
@Command(
    name = "gguf",
    mixinStandardHelpOptions = true,
    description =
        "Write an adapter as a GGUF file for llama.cpp and Ollama, with what they would ignore folded"
            + " into the factors.")
@SuppressWarnings("NullAway.Init") // picocli fills the fields
final class GgufCommand implements Callable<Integer> {
  private static final int REQUEST_WRONG = 2;

  /** Names of llama.cpp. */
  private enum Type {
    F16(Dtype.F16),
    F32(Dtype.F32),
    BF16(Dtype.BF16);

    private final Dtype dtype;

    Type(Dtype dtype) {
      this.dtype = dtype;
    }
  }

  @Option(names = "--model", required = true, paramLabel = "DIR", description = "the base model")
  private Path model;

  @Option(names = "--adapter", required = true, paramLabel = "DIR", description = "PEFT directory")
  private Path adapter;

  @Option(names = "--out", required = true, paramLabel = "FILE", description = "for the result")
  private Path out;

  @Option(
      names = "--outtype",
      defaultValue = "F16",
      description = "element type of the factors: ${COMPLETION-CANDIDATES}")
  private Type type;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    if (Files.isDirectory(out)) return refused(out + " is a directory; name a file");
    try (ModelDirectory base = ModelDirectory.open(model);
        SavedAdapter saved = SavedAdapter.read(adapter)) {
      Path name = adapter.toAbsolutePath().normalize().getFileName();
      AdapterCard card = AdapterCard.read(adapter, name == null ? "adapter" : name.toString());
      GgufForm.write(out, base, saved, card, type.dtype);
    } catch (BadModel | IllegalArgumentException refused) {
      return refused(String.valueOf(refused.getMessage()));
    }
    spec.commandLine().getOut().println(out);
    return 0;
  }

  private int refused(String why) {
    spec.commandLine().getErr().println("graft: " + why);
    return REQUEST_WRONG;
  }
}
