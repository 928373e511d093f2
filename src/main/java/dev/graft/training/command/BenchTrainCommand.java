package dev.graft.training.command;

import dev.graft.spec.Precision;
import dev.graft.training.ComputePlan;
import dev.graft.training.Execution;
import dev.graft.training.bench.TrainingBenchmark;
import dev.graft.weights.ModelDirectory;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** Times training steps on random tokens; the last line of {@code --json} is a contract. */
@Command(
    name = "train",
    description = "Time LoRA training steps on random tokens.",
    mixinStandardHelpOptions = true)
final class BenchTrainCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--model", required = true, paramLabel = "DIR")
  private Path model = Path.of(".");

  @Option(names = "--batch", defaultValue = "4", description = "rows of a step")
  private int batch;

  @Option(names = "--length", defaultValue = "256", description = "tokens of a row")
  private int length;

  @Option(names = "--rank", defaultValue = "8", description = "of LoRA; 0 = full fine-tuning")
  private int rank;

  @Option(names = "--steps", defaultValue = "10", description = "measured steps")
  private int steps;

  @Option(names = "--dtype", defaultValue = "F32", description = "of products: f32 or bf16")
  private Precision dtype = Precision.F32;

  @Option(names = "--checkpointing", defaultValue = "OFF", description = "off or on")
  private Checkpointing checkpointing = Checkpointing.OFF;

  @Option(names = "--query-block", description = "queries of attention at a time")
  private int queryBlock = ComputePlan.KEEP.queryBlock();

  @Option(names = "--json", description = "one JSON object on the last line")
  private boolean json;

  enum Checkpointing {
    OFF,
    ON
  }

  @Override
  public Integer call() throws IOException {
    if (batch < 1 || length < 2 || steps < 1 || rank < 0) {
      throw refused("--batch and --steps must be at least 1, --length at least 2");
    }
    ComputePlan.Kind kind =
        switch (checkpointing) {
          case OFF -> ComputePlan.Kind.KEEP;
          case ON -> ComputePlan.Kind.RECOMPUTE;
        };
    Execution execution = Execution.cpu(dtype, new ComputePlan(kind, 0, queryBlock));
    try (ModelDirectory base = ModelDirectory.open(model)) {
      print(new TrainingBenchmark(batch, length, rank, steps, execution).run(base), kind);
    }
    return 0;
  }

  private ParameterException refused(String why) {
    return new ParameterException(spec.commandLine(), why);
  }

  private void print(TrainingBenchmark.Result result, ComputePlan.Kind kind) {
    PrintWriter out = spec.commandLine().getOut();
    String plan = kind.name().toLowerCase(Locale.ROOT);
    if (json) {
      Map<String, Object> line = new LinkedHashMap<>();
      line.put("tokens_per_second", Math.round(result.tokensPerSecond() * 10) / 10.0);
      line.put("peak_rss_mb", result.peakRssMb());
      line.put(
          "gemm_bound_tokens_per_second",
          Math.round(result.gemmBoundTokensPerSecond() * 10) / 10.0);
      line.put("losses", result.losses());
      line.put("dtype", dtype.name().toLowerCase(Locale.ROOT));
      line.put("plan", plan);
      out.println(new JsonMapper().writeValueAsString(line));
    } else {
      out.printf(
          Locale.ROOT,
          "%.0f tokens/s (matrix products alone: %.0f), peak memory %d MB, plan %s%n",
          result.tokensPerSecond(),
          result.gemmBoundTokensPerSecond(),
          result.peakRssMb(),
          plan);
    }
    out.flush();
  }
}
