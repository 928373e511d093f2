package dev.graft.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.tiny.TinyBert;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.TinyModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelFilesTests {
  @TempDir Path directory;

  private ModelDirectory model(String... files) throws IOException {
    TinyModels.write(directory, TinyModels.config());
    for (String file : files) {
      Files.writeString(directory.resolve(file), "{}");
    }
    return ModelDirectory.open(directory);
  }

  @Test
  void onlyKnownNamesAreTaken() throws IOException {
    try (var model = model("tokenizer.json", "pytorch_model.bin", "README.md", "merges.txt")) {
      assertThat(ModelFileSelection.of(model).keySet())
          .containsExactly("config.json", "merges.txt", "model.safetensors", "tokenizer.json");
    }
  }

  @Test
  void aModelWithoutTokenizerIsRefused() throws IOException {
    try (var model = model()) {
      assertThatThrownBy(() -> ModelFileSelection.of(model))
          .isInstanceOf(ModelRefused.class)
          .hasMessageContaining("tokenizer.json is missing");
    }
  }

  @Test
  void aMissingChatTemplateIsSaid() throws IOException {
    try (var model = model("tokenizer.json")) {
      assertThat(ModelFileSelection.limitations(model))
          .singleElement()
          .asString()
          .contains("no chat template");
    }
    Files.writeString(directory.resolve("tokenizer_config.json"), "{\"chat_template\":\"x\"}");
    try (var model = ModelDirectory.open(directory)) {
      assertThat(ModelFileSelection.limitations(model)).isEmpty();
    }
  }

  @Test
  void anEncoderIsOneAndNotAChatModelThatLacksThings(@TempDir Path bert) throws IOException {
    try (var model = ModelDirectory.open(TinyBert.write(bert, 1))) {
      assertThat(ModelFileSelection.limitations(model))
          .singleElement()
          .asString()
          .contains("an encoder");
    }
  }
}
