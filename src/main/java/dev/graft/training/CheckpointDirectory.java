package dev.graft.training;

import dev.graft.weights.Dtype;
import dev.graft.weights.FourBitTensor;
import dev.graft.weights.Int8Tensor;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelConfig.Parameter;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SafetensorsWriter;
import dev.graft.weights.StoredWeight;
import dev.graft.weights.TensorData;
import dev.graft.weights.TensorInfo;
import dev.graft.weights.WrittenConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Function;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.core.util.Separators;
import tools.jackson.core.util.Separators.Spacing;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Writes a whole Hugging Face checkpoint directory. */
final class CheckpointDirectory {
  private CheckpointDirectory() {}

  /** Provides the tensors, one at a time. */
  interface Tensors {
    /** Returns the default element type of a tensor. */
    Dtype dtype(Parameter parameter);

    /** Returns its numbers in an element type. */
    TensorData data(Parameter parameter, Dtype dtype);
  }

  /** Writes a checkpoint with one file of weights. */
  static void write(
      Path directory,
      ModelDirectory base,
      Tensors tensors,
      CheckpointPrecision precision,
      String card) {
    write(directory, base, tensors, precision, card, Long.MAX_VALUE);
  }

  /**
   * Writes config.json, weights, model card and tokenizer files.
   *
   * @param shard maximum bytes of a file of weights, unless one tensor is larger
   * @throws java.io.UncheckedIOException if a file cannot be written
   */
  static void write(
      Path directory,
      ModelDirectory base,
      Tensors tensors,
      CheckpointPrecision precision,
      String card,
      long shard) {
    Map<String, Parameter> byName = new HashMap<>();
    base.config().parameters().forEach(each -> byName.put(each.name(), each));
    List<TensorInfo> layout = layout(base, tensors, precision);
    ResultFormat.create(directory);
    ResultFormat.write(
        directory.resolve("config.json"),
        WrittenConfig.of(base, precision == CheckpointPrecision.F32));
    ShardedWeights.write(
        directory,
        layout,
        shard,
        info -> tensors.data(Objects.requireNonNull(byName.get(info.name())), info.dtype()));
    ResultFormat.write(directory.resolve("README.md"), card);
    ResultFormat.copyCompanions(base, directory);
  }

  /** Returns the tensors of the files of weights, in the order of the forward pass. */
  static List<TensorInfo> layout(
      ModelDirectory base, Tensors tensors, CheckpointPrecision precision) {
    return base.config().parameters().stream()
        .map(each -> new TensorInfo(each.name(), type(tensors, each, precision), each.shape()))
        .toList();
  }

  private static Dtype type(Tensors tensors, Parameter parameter, CheckpointPrecision precision) {
    return switch (precision) {
      case AS_BASE -> tensors.dtype(parameter);
      case F32 -> Dtype.F32;
    };
  }

  /** Element type of the weights of a written checkpoint. */
  enum CheckpointPrecision {
    /** Each tensor as the base model stores it, rounded to nearest even. */
    AS_BASE,
    F32
  }

  /**
   * Writes config.json, weights, model card and tokenizer files.
   *
   * @param trained parameters in f32 under their Hugging Face names; the others are the base's
   * @throws java.io.UncheckedIOException if a file cannot be written
   */
  public static void writeTrained(
      Path directory,
      ModelDirectory base,
      String baseModelName,
      List<NamedTensor> trained,
      CheckpointDirectory.CheckpointPrecision precision,
      Map<String, String> facts) {
    Map<String, Integer> places = new HashMap<>();
    for (NamedTensor each : trained) {
      places.put(each.name(), places.size());
      if (each.dtype() != Dtype.F32) {
        throw new IllegalArgumentException("parameter " + each.name() + " is not in f32");
      }
    }
    boolean whole = places.size() == base.config().parameters().size();
    String card = ModelCard.trained(base, baseModelName, whole, facts);
    CheckpointDirectory.write(directory, base, new Trained(base, trained, places), precision, card);
  }

  /** Reads one tensor after the other, because together they may exceed the heap. */
  private record Trained(
      ModelDirectory base, List<NamedTensor> trained, Map<String, Integer> places)
      implements CheckpointDirectory.Tensors {
    @Override
    public Dtype dtype(Parameter parameter) {
      return storedType(base, parameter);
    }

    @Override
    public TensorData data(Parameter parameter, Dtype dtype) {
      Integer place = places.get(parameter.name());
      if (place != null) return Dtype.narrow(trained.get(place).data(), dtype);
      return base.weights().require(parameter.name(), parameter.shape()).data(dtype);
    }
  }

  /**
   * Writes weights in the same files as {@code save_pretrained(max_shard_size=...)} of
   * transformers, with its names, and with its index if there are several.
   */
  static final class ShardedWeights {
    private static final String ONE = "model.safetensors";
    private static final String INDEX = ONE + ".index.json";

    /** The layout of Python. */
    private static final DefaultPrettyPrinter PYTHON =
        new DefaultPrettyPrinter(
                Separators.createDefaultInstance().withObjectNameValueSpacing(Spacing.AFTER))
            .withObjectIndenter(new DefaultIndenter("  ", "\n"));

    private ShardedWeights() {}

    static void write(
        Path directory,
        List<TensorInfo> layout,
        long shard,
        Function<TensorInfo, TensorData> data) {
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
      if (shards.size() > 1) ResultFormat.write(directory.resolve(INDEX), index(layout, files));
    }

    /** Fills shards with tensors in their order, up to the maximum size. */
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

  /**
   * Returns the element type of a parameter in the base's checkpoint; for a new head and for 8 bits
   * that of the embedding.
   */
  static Dtype storedType(ModelDirectory base, Parameter parameter) {
    boolean isNew =
        base.config().newHead().stream().anyMatch(each -> each.name().equals(parameter.name()))
            && !base.weights().has(parameter.name(), parameter.shape());
    return isNew ? ofEmbedding(base) : storedType(base, base.weights().stored(parameter));
  }

  private static Dtype storedType(ModelDirectory base, StoredWeight stored) {
    return switch (stored) {
      case MappedTensor plain -> plain.dtype();
      case FourBitTensor four -> four.dtype();
      case Int8Tensor eight -> ofEmbedding(base);
    };
  }

  private static Dtype ofEmbedding(ModelDirectory base) {
    Parameter table = base.config().parameter(base.config().inputEmbedding());
    return base.weights().require(table.name(), table.shape()).dtype();
  }
}
