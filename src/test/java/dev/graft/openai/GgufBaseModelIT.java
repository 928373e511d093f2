package dev.graft.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FilePurpose;
import com.openai.models.finetuning.jobs.FineTuningJob;
import com.openai.models.finetuning.jobs.JobCreateParams;
import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.ManifestDirectory;
import dev.graft.catalog.BaseModels.ModelRefused;
import dev.graft.catalog.GgufModels;
import dev.graft.catalog.HubModels;
import dev.graft.platform.GraftProperties;
import dev.graft.tiny.TinyGguf;
import dev.graft.tiny.TinyLlama;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;

/** A base model that comes as a GGUF file, and a job on it. */
class GgufBaseModelIT extends StartedGraft {
  @Autowired private GgufModels models;
  @Autowired private ArtifactStore store;
  @Autowired private GraftProperties settings;
  @TempDir private Path directory;

  @Test
  void aJobTrainsOnAModelOfAQuantisedFile() throws Exception {
    Path original = TinyLlama.write(directory.resolve("tiny"), 1);
    Path file = TinyGguf.write(directory.resolve("tiny-q8_0.gguf"), original, true);

    HubModels.Added added = models.add("tiny-gguf", file);

    assertThat(added.limitations())
        .first()
        .isEqualTo("dequantised from Q8_0: training starts from rounded weights");
    assertThat(added.model().source()).isEqualTo("gguf:tiny-q8_0.gguf");
    assertThat(added.model().license()).isEqualTo("mit");
    assertThat(ManifestDirectory.read(store, added.model().manifest()).files().keySet())
        .contains("README.md", "chat_template.jinja", "model.safetensors", "tokenizer.json");
    assertThat(models.add("tiny-gguf", file).model()).isEqualTo(added.model());
    assertThat(trained("tiny-gguf").status()).isEqualTo(FineTuningJob.Status.SUCCEEDED);
    nothingIsLeft();
  }

  private FineTuningJob trained(String model) throws IOException {
    OpenAIClient client =
        OpenAIOkHttpClient.builder().baseUrl(url() + "/v1").apiKey(key("gguf")).build();
    Path rows =
        Files.writeString(
            directory.resolve("rows.jsonl"),
            "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},"
                + "{\"role\":\"assistant\",\"content\":\"b\"}]}\n");
    String file =
        client
            .files()
            .create(FileCreateParams.builder().file(rows).purpose(FilePurpose.FINE_TUNE).build())
            .id();
    Map<String, Object> adapter =
        Map.of("peft", Map.of("r", 4), "training", Map.of("max_steps", 2));
    var jobs = client.fineTuning().jobs();
    String job =
        jobs.create(
                JobCreateParams.builder()
                    .model(model)
                    .trainingFile(file)
                    .putAdditionalBodyProperty("adapter", JsonValue.from(adapter))
                    .build())
            .id();
    await().atMost(Duration.ofMinutes(3)).until(() -> jobs.retrieve(job).finishedAt().isPresent());
    return jobs.retrieve(job);
  }

  @Test
  void aFileThatNothingTrainsIsRefusedAndLeavesNothing() throws IOException {
    Path file = Files.writeString(directory.resolve("bad.gguf"), "GGUF");
    assertThatExceptionOfType(ModelRefused.class)
        .isThrownBy(() -> models.add("bad", file))
        .withMessageContaining("bad.gguf: the version needs 4 bytes at 4")
        .withMessageNotContaining(directory.toString());
    nothingIsLeft();
  }

  private void nothingIsLeft() throws IOException {
    try (var left = Files.list(settings.dataDir().resolve("gguf-imports"))) {
      assertThat(left).isEmpty();
    }
  }
}
