package dev.graft.training;

import dev.graft.spec.Quantization.NamedQuantization;
import dev.graft.training.CheckpointDirectory.CheckpointPrecision;
import dev.graft.weights.AdapterCard;
import dev.graft.weights.BadModel;
import dev.graft.weights.Dtype;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.SavedAdapter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** A command that reads a base model and its adapter, and writes another form of them. */
@SuppressWarnings("NullAway.Init") // picocli fills the fields
public abstract class AdapterConversion implements Callable<Integer> {
  private static final int REQUEST_WRONG = 2;

  @Option(names = "--model", required = true, paramLabel = "DIR", description = "the base model")
  private Path model;

  @Option(names = "--adapter", required = true, paramLabel = "DIR", description = "PEFT directory")
  private Path adapter;

  @Option(names = "--out", required = true, paramLabel = "PATH", description = "path of the result")
  private Path out;

  @Spec private CommandSpec spec;

  /**
   * @throws BadModel if files cannot be read, or cannot be written in that form
   * @throws IllegalArgumentException if there is no such form
   */
  abstract void write(Path out, ModelDirectory base, SavedAdapter adapter);

  @Override
  public final Integer call() {
    try (ModelDirectory base = ModelDirectory.open(model);
        SavedAdapter saved = SavedAdapter.read(adapter)) {
      write(out, base, saved);
    } catch (BadModel | IllegalArgumentException refused) {
      spec.commandLine().getErr().println("graft: " + refused.getMessage());
      return REQUEST_WRONG;
    }
    spec.commandLine().getOut().println(out);
    return 0;
  }

  /** Returns the name of the base in the written files. */
  final String baseName() {
    return name(model, "base");
  }

  final Path adapterDirectory() {
    return adapter;
  }

  final String adapterName() {
    return name(adapter, "adapter");
  }

  private static String name(Path directory, String otherwise) {
    Path name = directory.toAbsolutePath().normalize().getFileName();
    return name == null ? otherwise : name.toString();
  }

  /** Writes an adapter as one file for llama.cpp and Ollama. */
  @Command(
      name = "gguf",
      mixinStandardHelpOptions = true,
      description =
          "Write an adapter as a GGUF file for llama.cpp and Ollama; settings that they ignore are"
              + " folded into the factors.")
  @SuppressWarnings("NullAway.Init") // picocli fills the fields
  public static final class GgufCommand extends AdapterConversion {
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
      PlainForm.writeGguf(out, base, adapter, card, type.dtype);
    }
  }

  /** Writes a base model and an adapter as one model. */
  @Command(
      name = "merge",
      mixinStandardHelpOptions = true,
      description =
          "Write a base model with a PEFT adapter in its weights, as a Hugging Face directory.")
  @SuppressWarnings("NullAway.Init") // picocli fills the fields
  public static final class MergeCommand extends AdapterConversion {
    /** Names of {@link CheckpointPrecision}. */
    private enum Type {
      BASE(CheckpointPrecision.AS_BASE),
      FLOAT32(CheckpointPrecision.F32);

      private final CheckpointPrecision precision;

      Type(CheckpointPrecision precision) {
        this.precision = precision;
      }
    }

    @Option(
        names = "--dtype",
        defaultValue = "BASE",
        description = "element type of the weights: ${COMPLETION-CANDIDATES}")
    private Type dtype;

    @Option(
        names = "--quantization",
        description =
            "quantisation of the base in training (the adapter is merged into its rounded weights):"
                + " ${COMPLETION-CANDIDATES}")
    private @Nullable NamedQuantization quantization;

    @Mixin private DeviceOption device = new DeviceOption();

    @Override
    void write(Path out, ModelDirectory base, SavedAdapter adapter) {
      if (!device.isProcessor()) {
        device.choose();
        throw new IllegalArgumentException(
            "merging computes on the cpu, with the same bytes on every machine; leave out --device");
      }
      MergedModel.write(
          out,
          base,
          baseName(),
          adapter,
          quantization == null ? null : quantization.quantization(),
          dtype.precision,
          Map.of());
    }
  }

  /** Writes an adapter in a form that all programs read alike. */
  @Command(
      name = "plain-lora",
      mixinStandardHelpOptions = true,
      description =
          "Write an adapter as plain LoRA: one rank, the scale folded into the factors (rsLoRA,"
              + " rank_pattern, alpha_pattern, some layers only).")
  public static final class PlainLoraCommand extends AdapterConversion {
    @Override
    void write(Path out, ModelDirectory base, SavedAdapter adapter) {
      PlainForm.write(out, base, baseName(), adapter, Map.of());
    }
  }
}
