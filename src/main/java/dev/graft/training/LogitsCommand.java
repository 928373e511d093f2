package dev.graft.training;

import dev.graft.model.AdamW;
import dev.graft.model.ComputePlan;
import dev.graft.model.Execution;
import dev.graft.model.TrainableModel;
import dev.graft.model.TrainingSetup;
import dev.graft.spec.Precision;
import dev.graft.text.Tokenizer;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.SavedAdapter;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** Prints the logits of a base model with an adapter, for comparison with another program. */
@Command(
    name = "logits",
    mixinStandardHelpOptions = true,
    description =
        "Print the logits of a base model with a PEFT adapter as one JSON line: input_ids, and"
            + " logits by position and vocabulary.")
public final class LogitsCommand implements Callable<Integer> {
  private static final AdamW UNUSED = new AdamW(0.9, 0.999, 1e-8, 0, AdamW.Decay.ALL, 0);

  @Option(names = "--model", required = true, description = "Hugging Face directory of the base.")
  private Path model = Path.of("");

  @Option(names = "--adapter", required = true, description = "PEFT directory of an adapter.")
  private Path adapter = Path.of("");

  @Option(
      names = "--text",
      required = true,
      description = "Text to tokenise as it is, without a template.")
  private String text = "";

  @Mixin private DeviceOption device = new DeviceOption();

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    Execution where = new Execution(device.choose(), Precision.F32, ComputePlan.KEEP, 0);
    try (ModelDirectory base = ModelDirectory.open(model);
        SavedAdapter saved = SavedAdapter.read(adapter);
        Tokenizer tokenizer = Tokenizer.load(model)) {
      int[] ids = tokenizer.encode(text).ids();
      try (TrainableModel adapted =
          TrainableModel.load(base, new TrainingSetup(saved.method(), UNUSED, where, 0))) {
        adapted.loadSaved(saved.tensors());
        float[][] logits = adapted.logits(new int[][] {ids})[0];
        var line =
            JsonMapper.shared().writeValueAsString(Map.of("input_ids", ids, "logits", logits));
        spec.commandLine().getOut().println(line);
        spec.commandLine().getOut().flush();
      }
    }
    return 0;
  }
}
