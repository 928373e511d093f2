package dev.graft.training;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Compares Graft with another program on the same steps: each runs in a new process, and the order
 * alternates, so that a machine that gets slower does not favour either.
 *
 * <p>The other program's last line that begins with a brace must be a JSON object with {@code
 * tokens_per_second} (real tokens, without padding) or {@code seconds_per_step}, and {@code
 * peak_rss_mb}; with {@code losses}, a number per step, the first loss is compared too, which shows
 * whether both used the same rows and base model.
 *
 * @param graft the command line of Graft, which prints a {@link StepReport}
 * @param reference the command line of the other program
 */
record ReferenceRounds(List<String> graft, List<String> reference, int rounds) {
  private static final String MAIN = "dev.graft.cli.ToolCommand";

  /**
   * A round with one run of each program.
   *
   * @param speedRatio Graft's speed divided by the other's
   * @param memoryRatio Graft's peak resident memory divided by the other's
   */
  record Round(JsonNode graft, JsonNode reference, double speedRatio, double memoryRatio) {}

  /** The median, minimum and maximum of some numbers. */
  record Spread(double median, double lowest, double highest) {
    static Spread of(List<Round> rounds, Function<Round, Double> number) {
      double[] sorted = rounds.stream().mapToDouble(number::apply).sorted().toArray();
      int middle = sorted.length / 2;
      double median =
          sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
      return new Spread(median, sorted[0], sorted[sorted.length - 1]);
    }
  }

  /**
   * @param lossDifference the largest difference of the first loss, in nats; null if a program
   *     reports none
   */
  record Outcome(
      Spread speedRatio, Spread memoryRatio, @Nullable Double lossDifference, List<Round> rounds) {}

  /** The comparison failed. */
  static final class Unusable extends RuntimeException {
    Unusable(String message) {
      super(message);
    }
  }

  /** Returns the command line of this program with other arguments and the same JVM options. */
  static List<String> thisProgram(String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), MAIN));
    command.addAll(Arrays.asList(arguments));
    return command;
  }

  /**
   * @param each receives every round
   * @throws Unusable if a program fails or its output is incomplete
   */
  Outcome run(Consumer<Round> each) throws IOException, InterruptedException {
    List<Round> all = new ArrayList<>();
    for (int r = 0; r < rounds; r++) {
      Round round = round(r % 2 == 0);
      all.add(round);
      each.accept(round);
    }
    return new Outcome(
        Spread.of(all, Round::speedRatio),
        Spread.of(all, Round::memoryRatio),
        lossDifference(all),
        all);
  }

  private Round round(boolean graftFirst) throws IOException, InterruptedException {
    JsonNode ours;
    JsonNode theirs;
    if (graftFirst) {
      ours = printed(graft, "graft");
      theirs = printed(reference, "the reference");
    } else {
      theirs = printed(reference, "the reference");
      ours = printed(graft, "graft");
    }
    double speed =
        theirs.has("tokens_per_second")
            ? number(ours, "tokens_per_second") / number(theirs, "tokens_per_second")
            : number(theirs, "seconds_per_step") / number(ours, "seconds_per_step");
    double memory = number(ours, "peak_rss_mb") / number(theirs, "peak_rss_mb");
    return new Round(ours, theirs, speed, memory);
  }

  private static double number(JsonNode line, String field) {
    double value = line.path(field).asDouble(0);
    if (value > 0 && Double.isFinite(value)) return value;
    throw new Unusable("%s must be a number above 0 in the line %s".formatted(field, line));
  }

  private static @Nullable Double lossDifference(List<Round> rounds) {
    Double largest = null;
    for (Round round : rounds) {
      JsonNode ours = round.graft().path("losses");
      JsonNode theirs = round.reference().path("losses");
      if (ours.isEmpty() || theirs.isEmpty()) continue;
      double difference = Math.abs(ours.get(0).asDouble(0) - theirs.get(0).asDouble(0));
      largest = largest == null ? difference : Math.max(largest, difference);
    }
    return largest;
  }

  private static JsonNode printed(List<String> command, String name)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    // also stop the running program when this one is stopped
    Thread stop = Thread.ofPlatform().unstarted(() -> stop(process));
    Runtime.getRuntime().addShutdownHook(stop);
    process.getOutputStream().close();
    String output;
    try (var out = process.getInputStream()) {
      output = new String(out.readAllBytes(), StandardCharsets.UTF_8);
    }
    int status = process.waitFor();
    Runtime.getRuntime().removeShutdownHook(stop);
    if (status != 0) {
      throw new Unusable("%s ended with %d: %s".formatted(name, status, command.getLast()));
    }
    return output
        .lines()
        .filter(line -> line.startsWith("{"))
        .reduce((first, second) -> second)
        .map(line -> object(line, name))
        .orElseThrow(() -> new Unusable(name + " printed no line of JSON"));
  }

  private static void stop(Process process) {
    process.descendants().forEach(ProcessHandle::destroy);
    process.destroy();
  }

  private static JsonNode object(String line, String name) {
    try {
      JsonNode json = JsonMapper.shared().readTree(line);
      if (json.isObject()) return json;
    } catch (JacksonException e) {
      // reported below
    }
    throw new Unusable("%s printed a last line that is no JSON object: %s".formatted(name, line));
  }
}
