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
 * A model directory of a type that Graft's own kernels do not support but {@code engines/ray}
 * trains with transformers, read as hostile input. The trainer checks that the checkpoint is
 * complete.
 *
 * @param modelType {@code model_type}
 * @param parameters number of scalars in the checkpoint
 * @param contextLength {@code max_position_embeddings}, in tokens
 */
public record TransformersModel(String modelType, long parameters, int contextLength) {
  /** The class of each type; the tests of {@code engines/ray} train one of each. */
  private static final SortedMap<String, String> CLASSES = classes();

  private static final String TOKENS = "model.embed_tokens.weight";

  /** Returns all supported values of {@code model_type}, sorted. */
  public static List<String> types() {
    return List.copyOf(CLASSES.keySet());
  }

  /** Whether only transformers trains models of a type. */
  public static boolean isType(String modelType) {
    return CLASSES.containsKey(modelType);
  }

  /**
   * Whether a directory has a model of such a type.
   *
   * @throws BadModel if the configuration cannot be read
   */
  public static boolean is(DirectoryFiles files) {
    return isType(config(files).textOr("model_type", ""));
  }

  /**
   * @throws BadModel with the first problem
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
          "shows that the weights are quantised, but training on Ray needs bf16; save the model in"
              + " bf16");
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
   * Returns the context length, in tokens, of a model of any type that can be registered.
   *
   * @param json its {@code config.json}
   * @throws BadModel if it cannot be read or the type is not supported
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
