package dev.graft.client;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/** The demo's base model, which is bundled in the jar as a Hugging Face directory. */
public final class BundledModel {
  /** The model's registered name. */
  public static final String NAME = "graft-demo-base";

  private static final List<String> FILES =
      List.of(
          "README.md",
          "config.json",
          "generation_config.json",
          "chat_template.jinja",
          "tokenizer.json",
          "tokenizer_config.json",
          "model.safetensors");

  private BundledModel() {}

  /** Writes the model's files into {@code directory}, replacing older ones. */
  public static void extract(Path directory) throws IOException {
    Files.createDirectories(directory);
    for (String file : FILES) {
      try (var in = BundledModel.class.getResourceAsStream("base-model/" + file)) {
        if (in == null)
          throw new IOException("the jar does not contain the demo base model; missing: " + file);
        Files.copy(in, directory.resolve(file), StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }
}
