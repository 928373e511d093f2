package dev.graft.catalog;

import dev.graft.weights.ModelDirectory;
import dev.graft.weights.config.ModelConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Which files of a model directory make the model: known names only, never pickled weights. */
final class ModelFileSelection {
  private static final String INDEX = "model.safetensors.index.json";
  private static final String WHOLE = "model.safetensors";
  private static final String TEMPLATE = "chat_template.jinja";
  private static final String TOKENIZER_CONFIG = "tokenizer_config.json";
  private static final long MAX_TEXT_BYTES = 64L << 20;
  private static final JsonMapper JSON = new JsonMapper();
  private static final List<String> TEXT =
      List.of(
          "config.json",
          "generation_config.json",
          "tokenizer.json",
          TOKENIZER_CONFIG,
          "special_tokens_map.json",
          "added_tokens.json",
          TEMPLATE,
          "vocab.json",
          "vocab.txt",
          "merges.txt");

  private ModelFileSelection() {}

  /** The files to store, by name; the directory has passed {@link ModelDirectory#check}. */
  static SortedMap<String, Path> of(ModelDirectory model) throws IOException {
    SortedMap<String, Path> files = new TreeMap<>();
    for (String name : TEXT) {
      Path file = model.file(name);
      if (file != null) {
        files.put(name, small(name, file));
      }
    }
    if (!files.containsKey("tokenizer.json")) {
      throw new ModelRefused(
          "tokenizer.json is missing; save the tokenizer in its fast form beside the weights");
    }
    for (String name : weightFiles(model)) {
      files.put(name, required(model, name));
    }
    return files;
  }

  /** What will not work with this model, one sentence each; empty if all does. */
  static List<String> limitations(ModelDirectory model) throws IOException {
    if (ModelConfig.isEncoder(model.config().modelType())) {
      return List.of("an encoder: it trains to classify texts or to rate them, and writes none");
    }
    List<String> limitations = new ArrayList<>();
    if (model.file(TEMPLATE) == null && !hasTemplate(model.file(TOKENIZER_CONFIG))) {
      limitations.add(
          "no chat template: training on chat rows and chat completions will be refused for this"
              + " model; prompt/completion and text rows work");
    }
    if (model.config().eosTokenIds().isEmpty()) {
      limitations.add("no end-of-text token: answers end only at their length limit");
    }
    return limitations;
  }

  private static List<String> weightFiles(ModelDirectory model) throws IOException {
    if (model.file(WHOLE) != null) {
      return List.of(WHOLE);
    }
    List<String> names = new ArrayList<>(List.of(INDEX));
    JsonNode shards = json(required(model, INDEX)).path("weight_map");
    shards.values().stream().map(JsonNode::asString).distinct().forEach(names::add);
    return names;
  }

  private static boolean hasTemplate(@Nullable Path tokenizerConfig) throws IOException {
    if (tokenizerConfig == null) {
      return false;
    }
    JsonNode template = json(tokenizerConfig).path("chat_template");
    return template.isString() || template.isArray();
  }

  private static Path required(ModelDirectory model, String name) {
    Path file = model.file(name);
    if (file == null) {
      throw new ModelRefused(name + " is missing from the model directory");
    }
    return file;
  }

  private static Path small(String name, Path file) throws IOException {
    if (Files.size(file) > MAX_TEXT_BYTES) {
      throw new ModelRefused(name + " is larger than " + MAX_TEXT_BYTES + " bytes");
    }
    return file;
  }

  private static JsonNode json(Path file) throws IOException {
    try {
      return JSON.readTree(Files.readAllBytes(file));
    } catch (JacksonException e) {
      throw new ModelRefused(file.getFileName() + " is not valid JSON");
    }
  }
}
