package dev.graft.cli;

import dev.graft.catalog.SuggestedModel;
import dev.graft.client.Table;
import dev.graft.kernels.CudaMachine;
import dev.graft.platform.Bytes;
import dev.graft.training.ProcessorMemory;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code graft models suggest}: asks neither a server nor the hub. */
@Command(
    name = "suggest",
    description = "Small models of the Hugging Face hub, and whether this machine can train them.",
    mixinStandardHelpOptions = true)
final class SuggestModelsCommand implements Callable<Integer> {
  private static final Table MODELS =
      new Table()
          .text("NAME", "/id")
          .column("PARAMETERS", each -> each.path("parameters").asLong() / 1_000_000 + " M")
          .size("SIZE", "/bytes")
          .column("LICENCE", SuggestModelsCommand::licence)
          .column("LORA TAKES", each -> Bytes.gigabytes(each.path("training_memory").asLong()))
          .column("FITS", each -> each.path("fits").isNull() ? "-" : fits(each))
          .text("FROM", "/source");

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--json", description = "As JSON, for programs.")
  private boolean json;

  @Override
  public Integer call() {
    Long memory = memory(CudaMachine.here(), ProcessorMemory.total());
    List<SuggestedModel> models = SuggestedModel.on(memory);
    JsonNode tree = JsonMapper.shared().valueToTree(models);
    if (json) {
      spec.commandLine().getOut().println(tree.toPrettyString());
      return 0;
    }
    MODELS.lines(tree).forEach(spec.commandLine().getOut()::println);
    spec.commandLine()
        .getErr()
        .println(
            "A job may take %s here. Add one: graft models add %s --from %s"
                .formatted(
                    memory == null ? "memory that is not known" : Bytes.gigabytes(memory),
                    models.getFirst().id(),
                    models.getFirst().source()));
    return 0;
  }

  private static String licence(JsonNode model) {
    String name = model.path("license").asString();
    return model.path("gated").asBoolean() ? name + " (accept it on the hub)" : name;
  }

  private static String fits(JsonNode model) {
    return model.path("fits").asBoolean() ? "yes" : "no";
  }

  /** Bytes of the largest device that a worker here gives to jobs; null = not known. */
  static @Nullable Long memory(CudaMachine gpus, long total) {
    if (gpus.usable().isEmpty()) return ProcessorMemory.forRuns(total);
    return gpus.usable().stream()
        .flatMap(each -> Stream.ofNullable(each.forRuns()))
        .max(Long::compare)
        .orElse(null);
  }
}
