package dev.graft.catalog;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.ManifestDirectory;
import dev.graft.artifacts.hub.HubDouble;
import dev.graft.pg.GraftIT;
import dev.graft.platform.GraftProperties;
import dev.graft.platform.RequestFailed;
import dev.graft.tiny.TinyGguf;
import dev.graft.tiny.TinyLlama;
import dev.graft.weights.TinyModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

@GraftIT
class HubModelsIT {
  private static final HubDouble HUB = HubDouble.started();

  @Autowired private HubModels models;
  @Autowired private BaseModels registered;
  @Autowired private ArtifactStore store;
  @Autowired private GraftProperties settings;
  @TempDir private Path scratch;

  @DynamicPropertySource
  static void hub(DynamicPropertyRegistry registry) {
    HUB.configure(registry);
  }

  @AfterAll
  static void end() {
    HUB.close();
  }

  private Map<String, byte[]> tiny() throws IOException {
    Path directory = TinyModels.write(scratch.resolve("model"), TinyModels.config());
    Map<String, byte[]> files = new HashMap<>();
    for (String name : new String[] {"config.json", "model.safetensors"}) {
      files.put(name, Files.readAllBytes(directory.resolve(name)));
    }
    files.put("tokenizer.json", "{}".getBytes(UTF_8));
    files.put("README.md", "---\nlicense: apache-2.0\n---\n# Small\n".getBytes(UTF_8));
    files.put("training_args.bin", new byte[200_000]);
    return files;
  }

  @Test
  void aModelOfTheHubIsRegisteredWithItsCommitLicenceAndCard() throws IOException {
    String commit = HUB.add("acme/tiny", tiny());

    HubModels.Added added = add("from-hub", "hf:acme/tiny");

    assertThat(added.model().source()).isEqualTo("hf:acme/tiny@" + commit);
    assertThat(added.model().license()).isEqualTo("apache-2.0");
    assertThat(registered.find("from-hub")).contains(added.model());
    assertThat(ManifestDirectory.read(store, added.model().manifest()).files().keySet())
        .containsExactly("README.md", "config.json", "model.safetensors", "tokenizer.json");
    assertThat(download("acme--tiny")).doesNotExist();

    HUB.requests.clear();
    assertThat(add("from-hub", "hf:acme/tiny@" + commit).model()).isEqualTo(added.model());
    assertThat(HUB.requests).noneMatch(request -> request.contains("/resolve/"));
  }

  @Test
  void aModelThatNothingTrainsIsRefusedBeforeItsWeightsAreFetched() throws IOException {
    Map<String, byte[]> files = tiny();
    files.put("config.json", "{\"model_type\":\"mamba\"}".getBytes(UTF_8));
    files.put("model.safetensors", new byte[70 << 20]);
    HUB.add("acme/mamba", files);

    assertThatThrownBy(() -> add("mamba", "hf:acme/mamba"))
        .isInstanceOf(BaseModels.ModelRefused.class);

    assertThat(HUB.requests).noneMatch(request -> request.contains("acme/mamba/model.safetensors"));
    assertThat(registered.find("mamba")).isEmpty();
    assertThat(download("acme--mamba")).doesNotExist();
  }

  @Test
  void aModelWithoutSafetensorsIsRefused() throws IOException {
    Map<String, byte[]> files = tiny();
    files.put("pytorch_model.bin", files.remove("model.safetensors"));
    HUB.add("acme/pickled", files);
    assertThatThrownBy(() -> add("pickled", "hf:acme/pickled"))
        .isInstanceOf(BaseModels.ModelRefused.class)
        .hasMessageContaining("model.safetensors");
  }

  @Test
  void aGgufFileOfARepositoryIsAModel() throws IOException {
    Path tiny = TinyLlama.write(scratch.resolve("llama"), 1);
    Path file = TinyGguf.write(scratch.resolve("Tiny-Q8_0.gguf"), tiny, true);
    Map<String, byte[]> files =
        Map.of("Tiny-Q8_0.gguf", Files.readAllBytes(file), "b.gguf", new byte[9]);
    String commit = HUB.add("acme/tiny-GGUF", files);

    HubModels.Added added = add("hub-gguf", "hf:acme/tiny-GGUF@main/Tiny-Q8_0.gguf");

    assertThat(added.model().source()).isEqualTo("hf:acme/tiny-GGUF@" + commit + "/Tiny-Q8_0.gguf");
    assertThat(added.limitations()).first().asString().startsWith("dequantised from Q8_0");
    assertThat(ManifestDirectory.read(store, added.model().manifest()).files().keySet())
        .contains("config.json", "model.safetensors", "tokenizer.json");
    assertThat(HUB.requests).noneMatch(request -> request.contains("/b.gguf"));
    assertThat(download("acme--tiny-GGUF")).doesNotExist();

    HUB.requests.clear();
    assertThat(add("hub-gguf", "hf:acme/tiny-GGUF/Tiny-Q8_0.gguf").model())
        .isEqualTo(added.model());
    assertThat(HUB.requests).noneMatch(request -> request.contains("/resolve/"));
    for (String without : new String[] {"hf:acme/tiny-GGUF", "hf:acme/tiny-GGUF/c.gguf"}) {
      assertThatThrownBy(() -> add("none", without))
          .isInstanceOf(BaseModels.ModelRefused.class)
          .hasMessageEndingWith("such as /Tiny-Q8_0.gguf (2 files: Tiny-Q8_0.gguf, b.gguf).");
    }
  }

  @Test
  void whatTheHubDoesNotHaveIsNotRegistered() {
    assertThatThrownBy(() -> add("none", "hf:acme/none")).isInstanceOf(RequestFailed.class);
    assertThat(registered.find("none")).isEmpty();
  }

  private Path download(String name) {
    return settings.dataDir().resolve("hub-downloads").resolve(name);
  }

  private HubModels.Added add(String name, String source) throws IOException {
    return models.add(name, source, (bytes, all) -> {});
  }
}
