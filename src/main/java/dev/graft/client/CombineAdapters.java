package dev.graft.client;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.node.ObjectNode;

/** {@code graft adapters combine}. */
@Command(
    name = "combine",
    description = "Have the server make one LoRA of several adapters of one base, and fetch it.")
final class CombineAdapters extends ExportCommand {
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
          "PEFT's combination_type (${DEFAULT-VALUE}): svd, linear, cat, ties, dare_linear,"
              + " dare_ties or magnitude_prune; the last four also with _svd at the end.")
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
