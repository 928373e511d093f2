package dev.graft.weights.gguf;

import dev.graft.weights.BadModel;
import dev.graft.weights.ModelConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * What became of a GGUF file.
 *
 * @param quantised types that its weights were rounded to, such as {@code Q4_K, Q6_K}; null if none
 */
public record GgufModel(@Nullable String quantised) {
  /**
   * Writes config.json, the tokenizer's files, README.md and model.safetensors. Equal files give
   * equal bytes. Memory: some megabytes, and the vocabulary; disk: four bytes for each weight that
   * was quantised.
   *
   * @param directory an empty one
   * @throws BadModel if the file breaks the format, or is not a model that Graft can train
   * @throws UncheckedIOException if the directory cannot be written
   */
  public static GgufModel write(Path file, Path directory) {
    try (GgufFile gguf = GgufFile.open(file)) {
      requireWhole(gguf);
      ObjectNode config = new GgufConfig(gguf).json();
      String json = Json.text(config);
      GgufVocabulary vocabulary = GgufVocabulary.read(gguf.keys());
      GgufTokenizer tokenizer = new GgufTokenizer(gguf.keys(), vocabulary);
      ObjectNode tokens = tokenizer.json();
      GgufModel model = new GgufModel(quantised(gguf));
      write(directory, "config.json", json);
      write(directory, "tokenizer.json", Json.text(tokens));
      write(directory, "tokenizer_config.json", Json.text(tokenizer.settings()));
      String template = gguf.keys().text("tokenizer.chat_template");
      if (template != null) write(directory, "chat_template.jinja", template);
      write(directory, "README.md", GgufCard.of(gguf, model));
      GgufWeights.write(
          gguf,
          ModelConfig.read(json.getBytes(StandardCharsets.UTF_8)),
          directory.resolve("model.safetensors"));
      return model;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void requireWhole(GgufFile gguf) {
    String type = gguf.keys().text("general.type");
    if (type != null && !type.equals("model")) {
      throw gguf.keys().bad("general.type", "is '" + type + "', not a model");
    }
    Integer parts = gguf.keys().integer("split.count", 0, 1 << 16);
    if (parts != null && parts > 1) {
      throw gguf.keys()
          .bad(
              "split.count",
              "says that this is one of %d parts; join them with llama-gguf-split --merge"
                  .formatted(parts));
    }
  }

  private static @Nullable String quantised(GgufFile gguf) {
    String types =
        gguf.tensors().stream()
            .map(GgufTensor::type)
            .filter(GgmlType::quantised)
            .distinct()
            .sorted()
            .map(Enum::name)
            .collect(Collectors.joining(", "));
    return types.isEmpty() ? null : types;
  }

  private static void write(Path directory, String name, String text) throws IOException {
    Files.writeString(directory.resolve(name), text);
  }
}
