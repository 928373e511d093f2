package dev.graft.cli;

import dev.graft.training.export.PlainForm;
import dev.graft.weights.BadModel;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.SavedAdapter;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** An adapter in the form that every program reads alike. */
@Command(
    name = "plain-lora",
    mixinStandardHelpOptions = true,
    description =
        "Write an adapter as plain LoRA: one rank, the scale folded into the factors (rsLoRA,"
            + " rank_pattern, alpha_pattern, some layers only).")
@SuppressWarnings("NullAway.Init") // picocli fills the fields
final class PlainLoraCommand implements Callable<Integer> {
  private static final int REQUEST_WRONG = 2;

  @Option(names = "--model", required = true, paramLabel = "DIR", description = "the base model")
  private Path model;

  @Option(names = "--adapter", required = true, paramLabel = "DIR", description = "PEFT directory")
  private Path adapter;

  @Option(names = "--out", required = true, paramLabel = "DIR", description = "for the result")
  private Path out;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    try (ModelDirectory base = ModelDirectory.open(model);
        SavedAdapter saved = SavedAdapter.read(adapter)) {
      Path name = model.toAbsolutePath().normalize().getFileName();
      PlainForm.write(out, base, name == null ? "base" : name.toString(), saved, Map.of());
    } catch (BadModel | IllegalArgumentException refused) {
      spec.commandLine().getErr().println("graft: " + refused.getMessage());
      return REQUEST_WRONG;
    }
    spec.commandLine().getOut().println(out);
    return 0;
  }
}
