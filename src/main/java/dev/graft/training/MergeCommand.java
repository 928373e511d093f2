package dev.graft.training;

import dev.graft.spec.Quantization.NamedQuantization;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.SavedAdapter;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A base model and an adapter as one model that needs no adapter. */
@Command(
    name = "merge",
    mixinStandardHelpOptions = true,
    description =
        "Write a base model with a PEFT adapter in its weights, as a Hugging Face directory.")
@SuppressWarnings("NullAway.Init") // picocli fills the fields
public final class MergeCommand extends AdapterConversion {
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
          "how the base was quantised in training (its rounded weights are merged into):"
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
