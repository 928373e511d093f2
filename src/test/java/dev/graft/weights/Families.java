package dev.graft.weights;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import tools.jackson.databind.node.ObjectNode;

/**
 * Configurations that transformers 5.24 wrote ({@code -v4}: as version 4 spells it), the tensors it
 * wrote beside them, and what PEFT 0.21 makes of {@code all-linear} for them.
 */
public final class Families {
  public static final List<String> NAMES =
      List.of(
          "bert",
          "bert-multilabel",
          "bert-regression",
          "distilbert",
          "gemma",
          "gemma2",
          "gemma3",
          "gemma3-v4",
          "gpt-neox",
          "gpt2",
          "granite",
          "llama",
          "llama-cls",
          "llama-dynamic",
          "llama-linear",
          "llama-tied",
          "llama-yarn",
          "llama31",
          "llama31-v4",
          "mistral",
          "olmo2",
          "phi3",
          "phi3-longrope",
          "qwen2",
          "qwen3",
          "roberta",
          "smollm3",
          "xlm-roberta");

  private Families() {}

  public static ModelConfig read(String family) {
    return read(family, config -> {});
  }

  /** The configuration of a family with changes. */
  public static ModelConfig read(String family, Consumer<ObjectNode> change) {
    ObjectNode config = json(family);
    change.accept(config);
    return ConfigReader.read(new JsonFields("config.json", "", config), null);
  }

  public static DecoderConfig decoder(String family, Consumer<ObjectNode> change) {
    return (DecoderConfig) read(family, change);
  }

  public static ObjectNode json(String family) {
    return (ObjectNode) TinyModels.JSON.readTree(text(family, "config.json"));
  }

  /** Lines of a file beside the configuration. */
  public static List<String> lines(String family, String file) {
    return text(family, file).lines().toList();
  }

  private static String text(String family, String file) {
    String name = "families/" + family + "/" + file;
    try (InputStream in = Families.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
