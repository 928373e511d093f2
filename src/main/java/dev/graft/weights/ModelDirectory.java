package dev.graft.weights;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A Hugging Face model directory, read as hostile input: {@code config.json}, {@code
 * generation_config.json} if present, and safetensors in one file or shards. Not thread-safe;
 * closing unmaps the weights.
 */
public final class ModelDirectory implements AutoCloseable {
  static final int MAX_CONFIG = 1 << 20;

  private final Path path;
  private final DirectoryFiles files;
  private final ModelConfig config;
  private final @Nullable QuantizationConfig quantization;
  private @Nullable Weights weights;

  private ModelDirectory(
      Path path,
      DirectoryFiles files,
      ModelConfig config,
      @Nullable QuantizationConfig quantization) {
    this.path = path;
    this.files = files;
    this.config = config;
    this.quantization = quantization;
  }

  /**
   * Reads the configuration; {@link #weights} maps the weights on its first call.
   *
   * @throws BadModel if the directory does not exist or the model is not supported, with the reason
   */
  public static ModelDirectory open(Path path) {
    DirectoryFiles files = new DirectoryFiles(path);
    JsonFields config = JsonFields.read(files.require("config.json"), MAX_CONFIG);
    JsonFields generation =
        files.has("generation_config.json")
            ? JsonFields.read(files.require("generation_config.json"), MAX_CONFIG)
            : null;
    return new ModelDirectory(
        path, files, ConfigReader.read(config, generation), QuantizationConfig.read(config));
  }

  /**
   * Returns the base with another head and a mapping of its own, which the caller closes.
   *
   * @throws IllegalArgumentException if the architecture has no such head
   */
  public ModelDirectory withTask(Task task) {
    return new ModelDirectory(path, files, config.withTask(task), quantization);
  }

  public Path path() {
    return path;
  }

  public ModelConfig config() {
    return config;
  }

  /** Returns the quantisation of the checkpoint; null if it is not quantised. */
  public @Nullable QuantizationConfig quantization() {
    return quantization;
  }

  Path require(String name) {
    return files.require(name);
  }

  /** Returns another file of the directory, such as tokenizer.json; null if it does not exist. */
  public @Nullable Path file(String name) {
    return files.find(name);
  }

  /**
   * @throws BadModel if a file is missing, truncated or breaks the format
   */
  public Weights weights() {
    Weights open = weights;
    if (open == null) {
      open = Weights.open(files, config);
      weights = open;
    }
    return open;
  }

  /**
   * The result of a check.
   *
   * @param parameters number of scalars in the checkpoint; a tied matrix counts once
   * @param dtype element type of the embedding
   */
  public record Facts(long parameters, Dtype dtype) {}

  /**
   * Checks that the weights match the configuration: every tensor, its shape and type, and no
   * tensor that the architecture does not use. A head for classification may be missing; linear
   * layers may be quantised if the configuration allows it.
   *
   * @throws BadModel with the first difference
   */
  public Facts check() {
    Set<String> unknown = new LinkedHashSet<>(weights().names());
    Set<String> maybeNew =
        config.newHead().stream().map(ModelConfig.Parameter::name).collect(Collectors.toSet());
    long scalars = 0;
    Dtype dtype = Dtype.F32;
    for (ModelConfig.Parameter each : config.parameters()) {
      if (maybeNew.contains(each.name()) && !weights().has(each.name())) continue;
      List<String> parts = quantization == null ? List.of() : weights().parts(each.name());
      if (!parts.isEmpty()) {
        weights().stored(each);
        parts.forEach(unknown::remove);
        scalars += Arrays.stream(each.shape()).reduce(1, Math::multiplyExact);
        continue;
      }
      MappedTensor tensor = weights().require(each.name(), each.shape());
      if (scalars == 0) dtype = tensor.dtype();
      scalars += tensor.info().elements();
      unknown.remove(each.name());
    }
    unknown.removeIf(config::ignores);
    if (!unknown.isEmpty()) {
      List<String> some = unknown.stream().limit(5).toList();
      throw new BadModel(
          "the checkpoint contains %d tensors that this architecture does not use, such as %s"
              .formatted(unknown.size(), some));
    }
    return new Facts(scalars, dtype);
  }

  @Override
  public void close() {
    if (weights != null) weights.close();
  }

  /**
   * {@code quantization_config} of a quantised checkpoint. Only bitsandbytes' formats are
   * supported; the tensors of a weight show whether and how it is quantised.
   *
   * @param bits 4 or 8
   */
  public record QuantizationConfig(int bits) {
    private static final String FIELD = "quantization_config";

    /**
     * @return null for a checkpoint that is not quantised
     * @throws BadModel for another method, with its name
     */
    public static @Nullable QuantizationConfig read(JsonFields config) {
      JsonFields c = config.object(FIELD);
      if (c == null) return null;
      boolean four = c.booleanOr("load_in_4bit", false) || c.booleanOr("_load_in_4bit", false);
      boolean eight = c.booleanOr("load_in_8bit", false) || c.booleanOr("_load_in_8bit", false);
      String method = c.textOr("quant_method", four || eight ? "bitsandbytes" : "unknown");
      if (!method.equals("bitsandbytes")) {
        throw c.bad(
            "quant_method",
            "is '"
                + method
                + "'; supported: bitsandbytes (4-bit NF4 and FP4, 8-bit LLM.int8) and"
                + " weights without quantisation");
      }
      if (four == eight) {
        throw c.bad("load_in_4bit", "and load_in_8bit: exactly one must be true");
      }
      String storage = c.textOr("bnb_4bit_quant_storage", "uint8");
      if (!storage.equals("uint8")) {
        throw c.bad("bnb_4bit_quant_storage", "is '" + storage + "'; supported: uint8");
      }
      if (c.booleanOr("llm_int8_has_fp16_weight", false)) {
        throw c.bad("llm_int8_has_fp16_weight", "true is not supported");
      }
      return new QuantizationConfig(four ? 4 : 8);
    }
  }
}
