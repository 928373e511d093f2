package dev.graft.weights;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A model directory of a type that Graft's own kernels lack and {@code engines/ray} trains by
 * transformers, read as hostile input. Which tensors an architecture has is transformers' to know:
 * the trainer refuses a checkpoint that lacks one.
 *
 * @param modelType {@code model_type}
 * @param parameters scalars in the checkpoint
 * @param contextLength {@code max_position_embeddings}, in tokens
 */
public record TransformersModel(String modelType, long parameters, int contextLength) {
  /** The class of each type; tests of {@code engines/ray} train one of each. */
  private static final SortedMap<String, String> CLASSES = classes();

  private static final String TOKENS = "model.embed_tokens.weight";

  /** Every {@code model_type}, in order. */
  public static List<String> types() {
    return List.copyOf(CLASSES.keySet());
  }

  /** Whether models of that type are trained by transformers alone. */
  public static boolean isType(String modelType) {
    return CLASSES.containsKey(modelType);
  }

  /**
   * Whether the directory says that it is of such a type.
   *
   * @throws BadModel if it has no configuration that can be read
   */
  public static boolean is(DirectoryFiles files) {
    return isType(config(files).textOr("model_type", ""));
  }

  /**
   * @throws BadModel with the first thing that is wrong with it
   */
  public static TransformersModel check(DirectoryFiles files) {
    JsonFields config = config(files);
    String type = config.textOr("model_type", "");
    List<String> expected = List.of(Objects.requireNonNull(CLASSES.get(type), type));
    if (!expected.equals(config.texts("architectures"))) {
      throw config.bad(
          "architectures", "is %s, not %s".formatted(config.shown("architectures"), expected));
    }
    if (!config.isEmpty("quantization_config")) {
      throw config.bad(
          "quantization_config",
          "says that the weights are quantised; save the model in bf16, as training on Ray needs"
              + " it");
    }
    try (Weights weights = Weights.asStored(files)) {
      long scalars = 0;
      for (MappedTensor each : weights.floating()) scalars += each.info().elements();
      weights.require(
          TOKENS,
          config.requireInt("vocab_size", 1, 1 << 24),
          config.requireInt("hidden_size", 1, 1 << 16));
      return new TransformersModel(type, scalars, context(config));
    }
  }

  /**
   * Tokens of context of a model of any type that can be registered.
   *
   * @param json its {@code config.json}
   * @throws BadModel if it cannot be read, or the type is of no such model
   */
  public static int contextLength(byte[] json) {
    JsonFields config = JsonFields.parse("config.json", json);
    return isType(config.textOr("model_type", ""))
        ? context(config)
        : ModelConfig.read(json).contextLength();
  }

  private static int context(JsonFields config) {
    return config.requireInt("max_position_embeddings", 1, 1 << 28);
  }

  private static JsonFields config(DirectoryFiles files) {
    return JsonFields.read(files.require("config.json"), ModelDirectory.MAX_CONFIG);
  }

  private static SortedMap<String, String> classes() {
    String name = "transformers-types.txt";
    try (InputStream in = TransformersModel.class.getResourceAsStream(name)) {
      byte[] bytes = Objects.requireNonNull(in, name).readAllBytes();
      SortedMap<String, String> classes = new TreeMap<>();
      new String(bytes, StandardCharsets.UTF_8)
          .lines()
          .map(line -> line.split(" ", 2))
          .forEach(words -> classes.put(words[0], words[1]));
      return classes;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
