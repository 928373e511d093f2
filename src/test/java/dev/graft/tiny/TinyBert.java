package dev.graft.tiny;

import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.SafetensorsWriter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A whole encoder for tests of the whole way: a BERT of two layers with random weights and no head.
 * Its tokens are bytes; a text stands between {@link #FIRST} and {@link #LAST}.
 */
public final class TinyBert {
  public static final int FIRST = 2;
  public static final int LAST = 4;

  private static final JsonMapper JSON = new JsonMapper();
  private static final String CONFIG =
      """
      {"model_type": "bert", "architectures": ["BertModel"], "vocab_size": 261, "hidden_size": 32,
       "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
       "max_position_embeddings": 64, "type_vocab_size": 2, "pad_token_id": 0, "hidden_act": "gelu",
       "layer_norm_eps": 1e-12, "initializer_range": 0.02, "torch_dtype": "float32"}
      """;

  private TinyBert() {}

  /** Writes the model's directory; equal seeds give equal bytes. */
  public static Path write(Path directory, long seed) throws IOException {
    return write(directory, seed, CONFIG, false);
  }

  /** The same with a head, of random weights too, whose classes are {@code no} and {@code yes}. */
  public static Path writeClassifier(Path directory, long seed) throws IOException {
    String config =
        CONFIG
            .replace("BertModel", "BertForSequenceClassification")
            .replace(
                "{\"model_type\"",
                "{\"id2label\": {\"0\": \"no\", \"1\": \"yes\"},"
                    + " \"label2id\": {\"no\": 0, \"yes\": 1}, \"model_type\"");
    return write(directory, seed, config, true);
  }

  private static Path write(Path directory, long seed, String config, boolean headed)
      throws IOException {
    Files.createDirectories(directory);
    Files.writeString(directory.resolve("config.json"), config);
    Files.writeString(directory.resolve("tokenizer.json"), tokenizer());
    try (ModelDirectory model = ModelDirectory.open(directory)) {
      var head =
          model.config().newHead().stream()
              .map(ModelConfig.Parameter::name)
              .collect(Collectors.toSet());
      if (headed) head.clear();
      List<ModelConfig.Parameter> stored =
          model.config().parameters().stream().filter(each -> !head.contains(each.name())).toList();
      SafetensorsWriter.write(
          directory.resolve("model.safetensors"), TinyLlama.weights(stored, seed));
    }
    return directory;
  }

  /** The bytes of {@link TinyLlama}, framed as BERT's are. */
  private static String tokenizer() throws IOException {
    try (InputStream in = TinyLlama.class.getResourceAsStream("tokenizer.json")) {
      ObjectNode tokenizer = (ObjectNode) JSON.readTree(Objects.requireNonNull(in));
      tokenizer.set(
          "post_processor",
          JSON.readTree(
              """
              {"type": "TemplateProcessing",
               "single": [{"SpecialToken": {"id": "<|user|>", "type_id": 0}},
                          {"Sequence": {"id": "A", "type_id": 0}},
                          {"SpecialToken": {"id": "<|end|>", "type_id": 0}}],
               "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
               "special_tokens": {
                 "<|user|>": {"id": "<|user|>", "ids": [2], "tokens": ["<|user|>"]},
                 "<|end|>": {"id": "<|end|>", "ids": [4], "tokens": ["<|end|>"]}}}
              """));
      return tokenizer.toString();
    }
  }
}
