package dev.graft.cli;

import dev.graft.spec.AdapterMethod;
import dev.graft.text.Tokenizer;
import dev.graft.training.TrainableModel;
import dev.graft.training.model.AdamW;
import dev.graft.training.model.Plan;
import dev.graft.training.model.TrainableModels;
import dev.graft.weights.LoraAdapter;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a base model with an adapter makes of a text: to be held beside another program's numbers.
 */
@Command(
    name = "logits",
    mixinStandardHelpOptions = true,
    description =
        "Print the logits of a base model with a PEFT adapter as one JSON line: input_ids, and"
            + " logits by position and vocabulary.")
final class LogitsCommand implements Callable<Integer> {
  private static final AdamW UNUSED = new AdamW(0.9, 0.999, 1e-8, 0, AdamW.Decay.ALL, 0);

  @Option(names = "--model", required = true, description = "Hugging Face directory of the base.")
  private Path model = Path.of("");

  @Option(names = "--adapter", required = true, description = "PEFT directory of a LoRA adapter.")
  private Path adapter = Path.of("");

  @Option(names = "--text", required = true, description = "Tokenized as it is, no template.")
  private String text = "";

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    try (ModelDirectory base = ModelDirectory.open(model);
        LoraAdapter lora = LoraAdapter.read(adapter);
        Tokenizer tokenizer = Tokenizer.load(model)) {
      lora.requireFits(base.config());
      int[] ids = tokenizer.encode(text).ids();
      try (TrainableModel adapted =
          TrainableModels.load(base, method(lora), UNUSED, Plan.KEEP, 0)) {
        adapted.load(factors(lora));
        float[][] logits = adapted.logits(new int[][] {ids})[0];
        var line =
            JsonMapper.shared().writeValueAsString(Map.of("input_ids", ids, "logits", logits));
        spec.commandLine().getOut().println(line);
        spec.commandLine().getOut().flush();
      }
    }
    return 0;
  }

  private static AdapterMethod.Lora method(LoraAdapter lora) {
    List<String> modules = new ArrayList<>(lora.factors().keySet());
    return new AdapterMethod.Lora(
        lora.r(), lora.scale() * lora.r(), 0, new AdapterMethod.TargetModules.Names(modules));
  }

  private static List<NamedTensor> factors(LoraAdapter lora) {
    List<NamedTensor> all = new ArrayList<>();
    lora.factors()
        .forEach(
            (module, pair) -> {
              all.add(named(module + ".lora_A.weight", pair.a()));
              all.add(named(module + ".lora_B.weight", pair.b()));
            });
    return all;
  }

  private static NamedTensor named(String name, MappedTensor tensor) {
    return new NamedTensor(name, tensor.dtype(), tensor.shape(), tensor.named().data());
  }
}
