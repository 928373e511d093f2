package dev.graft.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.ManifestDirectory;
import dev.graft.catalog.BaseModels.ModelRefused;
import dev.graft.pg.GraftIT;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.TinyModels;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;

@GraftIT
class BaseModelsIT {
  @Autowired private BaseModels models;
  @Autowired private ArtifactStore store;
  @TempDir private Path scratch;

  private Path tinyModel(String directory) throws IOException {
    Path model = TinyModels.write(scratch.resolve(directory), TinyModels.config());
    Files.writeString(model.resolve("tokenizer.json"), "{}");
    return model;
  }

  @Test
  void aRegisteredModelIsItsManifest() throws IOException {
    Path directory = tinyModel("a");
    BaseModel model = models.register("tiny-registered", directory);
    assertThat(model.family()).isEqualTo("llama");
    assertThat(model.contextLength()).isEqualTo(64);
    assertThat(model.parameters()).isPositive();
    assertThat(models.find("tiny-registered")).contains(model);
    assertThat(models.list()).contains(model);
    assertThat(ManifestDirectory.read(store, model.manifest()).files().keySet())
        .containsExactly("config.json", "model.safetensors", "tokenizer.json");
    Path copy = scratch.resolve("copy");
    ManifestDirectory.materialise(store, model.manifest(), copy, name -> true);
    try (ModelDirectory opened = ModelDirectory.open(copy)) {
      assertThat(opened.check().parameters()).isEqualTo(model.parameters());
    }
    assertThat(copy.resolve("model.safetensors"))
        .hasSameBinaryContentAs(directory.resolve("model.safetensors"));
  }

  @Test
  void aNameIsBoundToItsContentForGood() throws IOException {
    Path directory = tinyModel("a");
    BaseModel model = models.register("bound", directory);
    assertThat(models.register("bound", directory)).isEqualTo(model);
    Files.writeString(directory.resolve("tokenizer.json"), "{\"other\":1}");
    assertThatThrownBy(() -> models.register("bound", directory))
        .isInstanceOf(ModelRefused.class)
        .hasMessageContaining("other content");
    assertThat(models.find("bound")).contains(model);
  }

  @Test
  void ofTwinsWhoRegisterOneModelEachIsToldTheSame() throws Exception {
    Path directory = tinyModel("a");
    Callable<BaseModel> twin = () -> models.register("twins", directory);
    List<BaseModel> told = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      for (Future<BaseModel> each : threads.invokeAll(List.of(twin, twin, twin, twin))) {
        told.add(each.get());
      }
    }
    assertThat(told).containsOnly(models.find("twins").orElseThrow());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "Upper", "-a", "a/b", "a b", "..", "é"})
  void namesThatCouldNotBeUsedInAUrlAreRefused(String name) throws IOException {
    Path directory = tinyModel("a");
    assertThatThrownBy(() -> models.register(name, directory)).isInstanceOf(ModelRefused.class);
  }

  @Test
  void aTruncatedWeightFileIsRefused() throws IOException {
    Path directory = tinyModel("a");
    try (var file = new RandomAccessFile(directory.resolve("model.safetensors").toFile(), "rw")) {
      file.setLength(file.length() - 8);
    }
    assertThatThrownBy(() -> models.register("cut", directory))
        .isInstanceOf(ModelRefused.class)
        .hasMessageContaining("model.safetensors");
    assertThat(models.find("cut")).isEmpty();
  }

  @Test
  void anUnsupportedArchitectureIsRefusedByName() throws IOException {
    Path directory = tinyModel("a");
    Files.writeString(
        directory.resolve("config.json"),
        "{\"model_type\":\"mamba\",\"architectures\":[\"MambaForCausalLM\"]}");
    assertThatThrownBy(() -> models.register("mamba", directory))
        .isInstanceOf(ModelRefused.class)
        .hasMessageContaining("amba");
  }

  @Test
  void aMissingDirectoryIsRefused() {
    assertThatThrownBy(() -> models.register("gone", scratch.resolve("nowhere")))
        .isInstanceOf(ModelRefused.class)
        .hasMessageNotContaining(scratch.toString());
  }
}
