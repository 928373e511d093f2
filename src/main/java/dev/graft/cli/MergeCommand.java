package dev.graft.cli;

import dev.graft.spec.NamedQuantization;
import dev.graft.training.export.MergedModel;
import dev.graft.training.export.Precision;
import dev.graft.weights.BadModel;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.SavedAdapter;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** A base model and an adapter as one model that needs no adapter. */
@Command(
    name = "merge",
    mixinStandardHelpOptions = true,
    description =
        "Write a base model with a PEFT adapter in its weights, as a Hugging Face directory.")
@SuppressWarnings("NullAway.Init") // picocli fills the fields
final class MergeCommand implements Callable<Integer> {
  private static final int REQUEST_WRONG = 2;

  /** Names of {@link Precision}. */
  private enum Type {
    BASE(Precision.AS_BASE),
    FLOAT32(Precision.F32);

    private final Precision precision;

    Type(Precision precision) {
      this.precision = precision;
    }
  }

  @Option(names = "--model", required = true, paramLabel = "DIR", description = "the base model")
  private Path model;

  @Option(names = "--adapter", required = true, paramLabel = "DIR", description = "PEFT directory")
  private Path adapter;

  @Option(names = "--out", required = true, paramLabel = "DIR", description = "for the result")
  private Path out;

  @Option(
      names = "--dtype",
      defaultValue = "BASE",
      description = "element type of the weights: ${COMPLETION-CANDIDATES}")
  private Type dtype;

  @Option(
      names = "--quantization",
      description =
          "how the base was quantised in training (its rounded weights are merged into):"
              + " ${COMPLETION-CANDIDATES}")
  private @Nullable NamedQuantization quantization;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    try (ModelDirectory base = ModelDirectory.open(model);
        SavedAdapter saved = SavedAdapter.read(adapter)) {
      Path name = model.toAbsolutePath().normalize().getFileName();
      MergedModel.write(
          out,
          base,
          name == null ? "base" : name.toString(),
          saved,
          quantization == null ? null : quantization.quantization(),
          dtype.precision,
          Map.of());
    } catch (BadModel | IllegalArgumentException refused) {
      spec.commandLine().getErr().println("graft: " + refused.getMessage());
      return REQUEST_WRONG;
    }
    spec.commandLine().getOut().println(out);
    return 0;
  }
}
