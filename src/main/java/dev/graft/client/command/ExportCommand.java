package dev.graft.client.command;

import dev.graft.client.GraftApi;
import dev.graft.client.JobWatch;
import dev.graft.client.Patience;
import dev.graft.client.Screen;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Has the server make a form of an adapter, and fetches it. */
abstract class ExportCommand extends ApiCommand {
  private static final long POLL = Duration.ofSeconds(1).toNanos();
  private static final long MB = 1_000_000;

  @Option(names = "--out", paramLabel = "FILE", description = "A new file; else its own name.")
  private @Nullable Path out;

  /** {@code graft adapters export}. */
  @Command(
      name = "export",
      description = "Have the server make another form of an adapter, wait for it and fetch it.")
  static final class OfOne extends ExportCommand {
    @Parameters(paramLabel = "ADAPTER_ID", description = "Its id.")
    private String id = "";

    @Option(
        names = "--form",
        required = true,
        paramLabel = "FORM",
        description = "merged, merged_gguf, adapter_gguf, plain_lora, vllm or ollama.")
    private String form = "";

    @Option(names = "--type", paramLabel = "f16|q8_0", description = "Of a merged GGUF file.")
    private @Nullable String type;

    @Option(
        names = "--max-shard-size",
        paramLabel = "SIZE",
        description = "Of merged: bytes of a file of weights, such as 500MB; 5GB unless given.")
    private @Nullable String maxShardSize;

    @Option(
        names = "--base",
        paramLabel = "MODEL",
        description = "The base as vLLM is started with it, or as Ollama calls it.")
    private @Nullable String base;

    @Option(names = "--name", paramLabel = "NAME", description = "What clients of vLLM ask for.")
    private @Nullable String name;

    @Override
    int run(GraftApi api) throws IOException {
      ObjectNode asked = object().put("form", form);
      if (type != null) asked.put("type", type);
      if (maxShardSize != null) asked.put("max_shard_size", maxShardSize);
      if (base != null) asked.put("base", base);
      if (name != null) asked.put("name", name);
      return fetched(api, id, asked);
    }
  }

  /** {@code graft adapters combine}. */
  @Command(
      name = "combine",
      description = "Have the server make one LoRA of several adapters of one base, and fetch it.")
  static final class Combine extends ExportCommand {
    @Parameters(paramLabel = "ADAPTER_ID", arity = "2..9", description = "Their ids.")
    private List<String> ids = List.of();

    @Option(
        names = "--weights",
        required = true,
        split = ",",
        paramLabel = "NUMBER",
        description = "One of each adapter, such as 0.5,0.5; a negative one takes away.")
    private List<Double> weights = List.of();

    @Option(
        names = "--type",
        defaultValue = "svd",
        paramLabel = "TYPE",
        description =
            "PEFT's combination_type (${DEFAULT-VALUE}): linear, cat, ties, dare_linear, dare_ties,"
                + " magnitude_prune, svd, or one of the last four with _svd.")
    private String type = "";

    @Option(
        names = "--density",
        paramLabel = "SHARE",
        description = "Of the numbers that stay, for ties, dare and magnitude_prune.")
    private @Nullable Double density;

    @Option(names = "--majority-sign", paramLabel = "total|frequency", description = "Of ties.")
    private @Nullable String majoritySign;

    @Option(
        names = "--svd-rank",
        paramLabel = "RANK",
        description = "Of the result of a type with svd; the largest of theirs unless given.")
    private @Nullable Integer svdRank;

    @Option(names = "--seed", paramLabel = "N", description = "Of what dare drops (0).")
    private @Nullable Integer seed;

    @Override
    int run(GraftApi api) throws IOException {
      ObjectNode asked = object().put("form", "combined");
      ObjectNode combination = asked.putObject("combination").put("combination_type", type);
      ids.subList(1, ids.size()).forEach(combination.putArray("adapters")::add);
      weights.forEach(combination.putArray("weights")::add);
      if (density != null) combination.put("density", density);
      if (majoritySign != null) combination.put("majority_sign_method", majoritySign);
      if (svdRank != null) combination.put("svd_rank", svdRank);
      if (seed != null) combination.put("seed", seed);
      return fetched(api, ids.getFirst(), asked);
    }
  }

  final int fetched(GraftApi api, String adapter, ObjectNode asked) throws IOException {
    if (out != null) Archive.requireNew(out);
    String path = AdaptersCommand.PATH + "/" + escaped(adapter) + "/exports";
    JsonNode made = watched(api, path, api.post(path, asked));
    if (!made.path("status").asString().equals("succeeded")) {
      note("graft: " + made.path("error").asString("it was not made"));
      return 1;
    }
    Path file = out == null ? Path.of(made.path("filename").asString()).getFileName() : out;
    Archive.requireNew(file);
    Archive.fetched(
        api,
        path + "/" + escaped(made.path("id").asString()) + "/content",
        made.path("sha256").asString(),
        file,
        arrived -> Files.move(arrived, file));
    show(made, file.toString());
    return 0;
  }

  private static JsonNode watched(GraftApi api, String path, JsonNode begun) {
    String one = path + "/" + escaped(begun.path("id").asString());
    Patience patience = new Patience();
    Screen screen = Screen.standard();
    JsonNode export = begun;
    String told = "";
    while (!JobWatch.hasEnded(export)) {
      String state = state(export);
      if (!state.equals(told)) screen.doing("export", state);
      told = state;
      LockSupport.parkNanos(POLL);
      Optional<JsonNode> now = patience.ask(() -> api.get(one));
      if (now.isPresent()) export = now.get();
    }
    screen.done("export", export.path("status").asString());
    return export;
  }

  private static String state(JsonNode export) {
    JsonNode total = export.path("total_bytes");
    return total.isNull()
        ? export.path("status").asString()
        : "%d of %d MB".formatted(export.path("done_bytes").asLong() / MB, total.asLong() / MB);
  }
}
