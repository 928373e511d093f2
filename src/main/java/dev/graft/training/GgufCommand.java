package dev.graft.training;

import dev.graft.weights.AdapterCard;
import dev.graft.weights.Dtype;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.SavedAdapter;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** An adapter as the one file that llama.cpp and Ollama load. */
@Command(
    name = "gguf",
    mixinStandardHelpOptions = true,
    description =
        "Write an adapter as a GGUF file for llama.cpp and Ollama, with what they would ignore"
            + " folded into the factors.")
@SuppressWarnings("NullAway.Init") // picocli fills the fields
public final class GgufCommand extends AdapterConversion {
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

  @Option(
      names = "--outtype",
      defaultValue = "F16",
      description = "element type of the factors: ${COMPLETION-CANDIDATES}")
  private Type type;

  @Override
  void write(Path out, ModelDirectory base, SavedAdapter adapter) {
    if (Files.isDirectory(out)) {
      throw new IllegalArgumentException(out + " is a directory; name a file");
    }
    AdapterCard card = AdapterCard.named(adapterDirectory(), adapterName());
    GgufForm.write(out, base, adapter, card, type.dtype);
  }
}
