package dev.graft.training;

import dev.graft.model.ComputePlan;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Repeats golden runs of the reference and compares every step. */
@Command(
    name = "parity",
    description = "Repeat training runs of the reference and compare every step.",
    mixinStandardHelpOptions = true)
public final class ParityCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "DIR", description = "directory with a case.json per subdirectory")
  private Path directory = Path.of(".");

  @Option(names = "--only", paramLabel = "CASE", split = ",", description = "run only these cases")
  private List<String> only = List.of();

  @Mixin private DeviceOption device = new DeviceOption();

  @Option(names = "--plan", description = "${COMPLETION-CANDIDATES}", defaultValue = "KEEP")
  private ComputePlan.Kind plan = ComputePlan.Kind.KEEP;

  @Option(names = "--loss-chunk", description = "number of rows whose logits exist at a time")
  private int lossChunk;

  @Option(names = "--loss-tile", description = "vocabulary words whose logits exist at a time")
  private int lossTile = ComputePlan.LOSS_TILE;

  @Option(names = "--query-block", description = "number of attention queries at a time")
  private int queryBlock = ComputePlan.KEEP.queryBlock();

  @Option(
      names = "--attention",
      description = "${COMPLETION-CANDIDATES} (default: the fastest of the device)")
  private ComputePlan.@Nullable Attention attention;

  @Option(
      names = "--shared-prefix",
      description = "minimum length in tokens of a common prefix that is computed once, 0 = never")
  private int sharedPrefix = ComputePlan.KEEP.sharedPrefix();

  @Option(
      names = "--least-lane",
      description =
          "minimum tokens of rows that a thread computes in parallel with others, 0 = never")
  private int leastLane = ComputePlan.KEEP.leastLane();

  @Option(
      names = "--models",
      paramLabel = "DIR",
      description = "directory with the tokenizers of data cases (default: ../models beside them)")
  private @Nullable Path models;

  @Option(
      names = "--adapters",
      paramLabel = "OUT",
      description = "write the adapter that each run trained to OUT/CASE")
  private @Nullable Path adapters;

  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    ComputePlan how = plan();
    int passed = 0;
    int failed = 0;
    int skipped = 0;
    for (Supplier<GoldenResult> each : cases(device.choose(), how).values()) {
      GoldenResult result = each.get();
      out.println(result);
      out.flush();
      if (result.skipped() != null) skipped++;
      else if (result.passed()) passed++;
      else failed++;
    }
    out.printf("%d passed, %d failed, %d skipped%n", passed, failed, skipped);
    out.flush();
    return failed == 0 ? 0 : 1;
  }

  private ComputePlan plan() {
    try {
      return new ComputePlan(plan, lossChunk, lossTile, queryBlock, sharedPrefix)
          .attending(attention)
          .inLanes(leastLane);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  /** Golden runs and fixtures of data, by name. */
  private SortedMap<String, Supplier<GoldenResult>> cases(String on, ComputePlan how)
      throws IOException {
    if (!Files.isDirectory(directory)) {
      throw new ParameterException(spec.commandLine(), directory + " is not a directory");
    }
    SortedMap<String, Supplier<GoldenResult>> cases = new TreeMap<>();
    try (Stream<Path> entries = Files.list(directory)) {
      entries
          .filter(entry -> Files.isRegularFile(entry.resolve("case.json")))
          .forEach(
              run -> {
                String name = run.getFileName().toString();
                Path out = adapters == null ? null : adapters.resolve(name);
                cases.put(name, () -> GoldenRun.run(run, on, how, out));
              });
    }
    Path tokenizers = models != null ? models : directory.resolve("../models");
    for (JsonFixture fixture : JsonFixture.in(directory)) {
      cases.put(fixture.caseName(), () -> fixture.run(directory, tokenizers));
    }
    for (String name : only) {
      if (!cases.containsKey(name)) {
        throw new ParameterException(spec.commandLine(), directory + " has no case " + name);
      }
    }
    if (!only.isEmpty()) cases.keySet().retainAll(only);
    if (cases.isEmpty()) {
      throw new ParameterException(spec.commandLine(), directory + " holds no golden cases");
    }
    return cases;
  }
}
