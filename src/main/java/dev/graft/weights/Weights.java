package dev.graft.weights;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/** The tensors of a checkpoint, in one file or in shards, by their Hugging Face names. */
public final class Weights implements AutoCloseable {
  private static final int MAX_INDEX = 64 << 20;

  private final List<SafetensorsFile> files;
  private final Map<String, MappedTensor> tensors;

  private Weights(List<SafetensorsFile> files, Map<String, MappedTensor> tensors) {
    this.files = files;
    this.tensors = tensors;
  }

  /** Opens a checkpoint under the names of the configuration. */
  public static Weights open(DirectoryFiles directory, ModelConfig config) {
    return open(directory, tensors -> CheckpointNames.of(config, tensors));
  }

  /** Opens a checkpoint under the names in the files. */
  public static Weights asStored(DirectoryFiles directory) {
    return open(directory, UnaryOperator.identity());
  }

  private static Weights open(
      DirectoryFiles directory, UnaryOperator<Map<String, MappedTensor>> names) {
    Map<String, SafetensorsFile> files = new LinkedHashMap<>();
    try {
      Map<String, MappedTensor> tensors = new LinkedHashMap<>();
      if (directory.has("model.safetensors")) {
        SafetensorsFile file = SafetensorsFile.open(directory.require("model.safetensors"));
        files.put("model.safetensors", file);
        file.tensors().forEach(tensor -> tensors.put(tensor.name(), tensor));
      } else if (directory.has("model.safetensors.index.json")) {
        readShards(directory, files, tensors);
      } else {
        throw new BadModel(
            "the model directory has neither model.safetensors nor model.safetensors.index.json"
                + " (.bin and .pt checkpoints are not supported; convert them to safetensors)");
      }
      return new Weights(List.copyOf(files.values()), names.apply(tensors));
    } catch (RuntimeException e) {
      files.values().forEach(SafetensorsFile::close);
      throw e;
    }
  }

  private static void readShards(
      DirectoryFiles directory,
      Map<String, SafetensorsFile> files,
      Map<String, MappedTensor> tensors) {
    String indexName = "model.safetensors.index.json";
    JsonFields map = JsonFields.read(directory.require(indexName), MAX_INDEX).object("weight_map");
    if (map == null) throw new BadModel(indexName + ": weight_map is missing");
    for (String tensor : map.names()) {
      String shard = map.textOr(tensor, "");
      if (!shard.endsWith(".safetensors")) {
        throw new BadModel(
            indexName + ": shard " + map.shown(tensor) + " is not a .safetensors file");
      }
      SafetensorsFile file =
          files.computeIfAbsent(shard, name -> SafetensorsFile.open(directory.require(name)));
      MappedTensor found = file.find(tensor);
      if (found == null) {
        throw new BadModel(indexName + ": " + shard + " does not contain the tensor " + tensor);
      }
      tensors.put(tensor, found);
    }
  }

  public Set<String> names() {
    return Collections.unmodifiableSet(tensors.keySet());
  }

  /**
   * Returns all tensors.
   *
   * @throws BadModel if one does not have floating point elements
   */
  public List<MappedTensor> floating() {
    return tensors.values().stream().map(Weights::floating).toList();
  }

  public boolean has(String name) {
    return tensors.containsKey(name);
  }

  /** Whether the checkpoint contains a tensor of this name and shape. */
  public boolean has(String name, long... shape) {
    MappedTensor tensor = tensors.get(name);
    return tensor != null && Arrays.equals(tensor.shape(), shape);
  }

  /**
   * Returns a tensor after checking its shape and that its elements are floating point.
   *
   * @throws BadModel if the check fails
   */
  public MappedTensor require(String name, long... shape) {
    MappedTensor tensor = tensors.get(name);
    if (tensor == null) throw new BadModel("the checkpoint does not contain the tensor " + name);
    if (!Arrays.equals(tensor.shape(), shape)) {
      throw new BadModel(
          "tensor %s has shape %s, but config.json requires %s"
              .formatted(name, Arrays.toString(tensor.shape()), Arrays.toString(shape)));
    }
    return floating(tensor);
  }

  /**
   * Returns the weight of a parameter, plain or quantised; the quantised weight of a {@code Conv1D}
   * is (out, in).
   *
   * @throws BadModel if it is missing or its parts do not match
   */
  public StoredWeight stored(ModelConfig.Parameter parameter) {
    String name = parameter.name();
    long[] shape = parameter.shape();
    if (parts(name).isEmpty()) return require(name, shape);
    return switch (parameter.kind()) {
      case LINEAR -> BitsAndBytesFormat.read(tensors, name, shape);
      case CONV1D -> BitsAndBytesFormat.read(tensors, name, shape[1], shape[0]);
      case EMBEDDING, RMS_NORM, LAYER_NORM ->
          throw new BadModel(
              "tensor " + name + " is quantised, but only linear layers may be quantised");
    };
  }

  /** Returns the names of a quantised weight's tensors; empty if it is plain or missing. */
  public List<String> parts(String name) {
    return BitsAndBytesFormat.names(tensors, name);
  }

  /** Checks that the elements of a weight are floating point. */
  static MappedTensor floating(MappedTensor tensor) {
    return switch (tensor.dtype()) {
      case F32, F16, BF16 -> tensor;
      case F64, I64, I32, I8, U8, BOOL ->
          throw new BadModel(
              "tensor %s is %s; supported weights: F32, F16, BF16"
                  .formatted(tensor.name(), tensor.dtype()));
    };
  }

  @Override
  public void close() {
    files.forEach(SafetensorsFile::close);
  }

  /**
   * Normalises the names of a checkpoint: a base saved without a head has no prefix, and old BERT
   * files use {@code gamma} and {@code beta}.
   */
  static final class CheckpointNames {
    private CheckpointNames() {}

    /** Returns the tensors under the names of the configuration. */
    static Map<String, MappedTensor> of(ModelConfig config, Map<String, MappedTensor> stored) {
      String prefix = config.basePrefix();
      boolean bare = stored.keySet().stream().noneMatch(name -> name.startsWith(prefix));
      Set<String> expected = config.parameterNames();
      Map<String, MappedTensor> named = new LinkedHashMap<>();
      stored.forEach(
          (spelled, tensor) -> {
            String name = modern(spelled);
            if (bare && !expected.contains(name) && !config.ignores(name)) name = prefix + name;
            if (named.put(name, renamed(tensor, name)) != null) {
              throw new BadModel("the checkpoint contains the tensor " + name + " under two names");
            }
          });
      return named;
    }

    private static String modern(String name) {
      return name.replace("LayerNorm.gamma", "LayerNorm.weight")
          .replace("LayerNorm.beta", "LayerNorm.bias");
    }

    private static MappedTensor renamed(MappedTensor tensor, String name) {
      if (tensor.name().equals(name)) return tensor;
      return new MappedTensor(new TensorInfo(name, tensor.dtype(), tensor.shape()), tensor.data());
    }
  }
}
