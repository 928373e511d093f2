package dev.graft.jobs;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The result file of a job: one line a step, with the columns of OpenAI's, then the rewards of
 * pairs and the other measures of the validation file, by name.
 */
final class ResultCsv {
  private static final List<String> COLUMNS =
      List.of("train_loss", "train_mean_token_accuracy", "valid_loss", "valid_mean_token_accuracy");

  private ResultCsv() {}

  /**
   * @param metrics data of the metrics events, oldest first; a step reported again (after a resume)
   *     replaces the earlier one
   */
  static byte[] of(List<String> metrics) {
    Map<Integer, Map<String, String>> steps = new TreeMap<>();
    for (String line : metrics) {
      JsonNode data = JsonMapper.shared().readTree(line);
      Map<String, String> values =
          steps.computeIfAbsent(data.path("step").asInt(), step -> new TreeMap<>());
      data.properties().forEach(field -> values.put(field.getKey(), field.getValue().asString("")));
    }
    Set<String> columns = new LinkedHashSet<>(COLUMNS);
    steps.values().stream()
        .flatMap(values -> values.keySet().stream())
        .filter(name -> name.startsWith("valid_") || name.startsWith("rewards/"))
        .sorted()
        .forEach(columns::add);
    List<String> names = new ArrayList<>(columns);
    names.set(1, "train_accuracy");
    StringBuilder csv = new StringBuilder("step,").append(String.join(",", names)).append('\n');
    steps.forEach(
        (step, values) -> {
          List<String> cells = new ArrayList<>(List.of(step.toString()));
          columns.forEach(column -> cells.add(values.getOrDefault(column, "")));
          csv.append(String.join(",", cells)).append('\n');
        });
    return csv.toString().getBytes(StandardCharsets.UTF_8);
  }
}
