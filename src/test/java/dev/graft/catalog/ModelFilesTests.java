package dev.graft.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.tiny.TinyBert;
import dev.graft.weights.DirectoryFiles;
import dev.graft.weights.TinyModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelFilesTests {
  @TempDir Path directory;

  private DirectoryFiles model(String... files) throws IOException {
    TinyModels.write(directory, TinyModels.config());
    for (String file : files) {
      Files.writeString(directory.resolve(file), "{}");
    }
    return new DirectoryFiles(directory);
  }

  @Test
  void onlyKnownNamesAreTaken() throws IOException {
    DirectoryFiles model = model("tokenizer.json", "pytorch_model.bin", "README.md", "merges.txt");
    assertThat(CheckedModel.ModelFileSelection.of(model).keySet())
        .containsExactly("config.json", "merges.txt", "model.safetensors", "tokenizer.json");
  }

  @Test
  void aModelWithoutTokenizerIsRefused() throws IOException {
    DirectoryFiles model = model();
    assertThatThrownBy(() -> CheckedModel.ModelFileSelection.of(model))
        .isInstanceOf(BaseModels.ModelRefused.class)
        .hasMessageContaining("tokenizer.json is missing");
  }

  @Test
  void aMissingChatTemplateIsSaid() throws IOException {
    model("tokenizer.json");
    assertThat(CheckedModel.of(directory, false).limitations())
        .singleElement()
        .asString()
        .contains("no chat template");
    Files.writeString(directory.resolve("tokenizer_config.json"), "{\"chat_template\":\"x\"}");
    assertThat(CheckedModel.of(directory, false).limitations()).isEmpty();
  }

  @Test
  void anEncoderIsOneAndNotAChatModelThatLacksThings(@TempDir Path bert) throws IOException {
    assertThat(CheckedModel.of(TinyBert.write(bert, 1), false).limitations())
        .singleElement()
        .asString()
        .contains("an encoder");
  }
}
