package dev.graft.training;

import dev.graft.weights.ModelDirectory;
import dev.graft.weights.SavedAdapter;
import java.nio.file.Path;
import java.util.Map;
import picocli.CommandLine.Command;

/** An adapter in the form that every program reads alike. */
@Command(
    name = "plain-lora",
    mixinStandardHelpOptions = true,
    description =
        "Write an adapter as plain LoRA: one rank, the scale folded into the factors (rsLoRA,"
            + " rank_pattern, alpha_pattern, some layers only).")
public final class PlainLoraCommand extends AdapterConversion {
  @Override
  void write(Path out, ModelDirectory base, SavedAdapter adapter) {
    PlainForm.write(out, base, baseName(), adapter, Map.of());
  }
}
