package dev.graft.training;

import dev.graft.weights.SafetensorsWriter;
import dev.graft.weights.TensorData;
import dev.graft.weights.TensorInfo;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.core.util.Separators;
import tools.jackson.core.util.Separators.Spacing;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Weights in as many files as {@code save_pretrained(max_shard_size=...)} of transformers makes,
 * under its names, with its index where there are several.
 */
final class ShardedWeights {
  private static final String ONE = "model.safetensors";
  private static final String INDEX = ONE + ".index.json";

  /** As Python lays it out. */
  private static final DefaultPrettyPrinter PYTHON =
      new DefaultPrettyPrinter(
              Separators.createDefaultInstance().withObjectNameValueSpacing(Spacing.AFTER))
          .withObjectIndenter(new DefaultIndenter("  ", "\n"));

  private ShardedWeights() {}

  static void write(
      Path directory, List<TensorInfo> layout, long shard, Function<TensorInfo, TensorData> data) {
    List<List<TensorInfo>> shards = shards(layout, shard);
    Map<String, String> files = new TreeMap<>();
    for (int i = 0; i < shards.size(); i++) {
      String name =
          shards.size() == 1
              ? ONE
              : "model-%05d-of-%05d.safetensors".formatted(i + 1, shards.size());
      SafetensorsWriter.write(
          directory.resolve(name), shards.get(i), SafetensorsWriter.PYTORCH, data);
      shards.get(i).forEach(tensor -> files.put(tensor.name(), name));
    }
    if (shards.size() > 1) ResultFiles.write(directory.resolve(INDEX), index(layout, files));
  }

  /** A shard takes tensors in their order until the next one would be too much. */
  static List<List<TensorInfo>> shards(List<TensorInfo> layout, long most) {
    List<List<TensorInfo>> shards = new ArrayList<>(List.of(new ArrayList<>()));
    long held = 0;
    for (TensorInfo each : layout) {
      if (held > 0 && each.bytes() > most - held) {
        shards.add(new ArrayList<>());
        held = 0;
      }
      shards.getLast().add(each);
      held += each.bytes();
    }
    return shards;
  }

  private static String index(List<TensorInfo> layout, Map<String, String> files) {
    ObjectNode index = JsonMapper.shared().createObjectNode();
    index
        .putObject("metadata")
        .put("total_parameters", layout.stream().mapToLong(TensorInfo::elements).sum())
        .put("total_size", layout.stream().mapToLong(TensorInfo::bytes).sum());
    ObjectNode map = index.putObject("weight_map");
    files.forEach(map::put);
    return JsonMapper.shared().writer().with(PYTHON).writeValueAsString(index) + "\n";
  }
}
