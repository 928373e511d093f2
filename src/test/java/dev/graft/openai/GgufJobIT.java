package dev.graft.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FilePurpose;
import com.openai.models.finetuning.jobs.FineTuningJob;
import com.openai.models.finetuning.jobs.JobCreateParams;
import dev.graft.weights.GgufContents;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A job whose result brings the file for llama.cpp. */
class GgufJobIT extends StartedGraft {
  private final HttpClient http = HttpClient.newHttpClient();
  @TempDir private Path directory;

  @Test
  void theFileIsServedBesideTheAdapter() throws Exception {
    registerTiny();
    String key = key("edge");
    OpenAIClient client = OpenAIOkHttpClient.builder().baseUrl(url() + "/v1").apiKey(key).build();
    Path rows = Files.writeString(directory.resolve("rows.jsonl"), "{\"text\":\"abcabc\"}\n");
    String file =
        client
            .files()
            .create(FileCreateParams.builder().file(rows).purpose(FilePurpose.FINE_TUNE).build())
            .id();
    Map<String, Object> adapter =
        Map.of(
            "peft", Map.of("r", 4, "use_rslora", true),
            "output", Map.of("gguf", true),
            "training", Map.of("max_steps", 2));
    FineTuningJob job =
        client
            .fineTuning()
            .jobs()
            .create(
                JobCreateParams.builder()
                    .model("tiny")
                    .trainingFile(file)
                    .putAdditionalBodyProperty("adapter", JsonValue.from(adapter))
                    .build());
    await()
        .atMost(Duration.ofMinutes(3))
        .until(() -> client.fineTuning().jobs().retrieve(job.id()).finishedAt().isPresent());
    Path all = directory.resolve("adapters.json");
    JsonNode made = JsonMapper.shared().readTree(get("/v1/adapters", key, all)).at("/data/0");
    String files = "/v1/adapters/" + made.path("id").asString() + "/files/";
    Path gguf = get(files + "gguf/adapter-f16.gguf", key, directory.resolve("adapter.gguf"));
    assertThat(GgufContents.read(gguf).fields())
        .contains(
            List.of("general.architecture", "STRING", "llama"),
            List.of("adapter.lora.alpha", "FLOAT32", 4f));
    assertThat(made.path("compatibility").toString())
        .contains(
            "\"llama.cpp\",\"verdict\":\"loads\",\"reasons\":[\"its file gguf/adapter-f16.gguf\"]");
  }

  private Path get(String path, String key, Path to) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url() + path))
            .header("Authorization", "Bearer " + key)
            .build();
    var answer = http.send(request, BodyHandlers.ofFile(to));
    assertThat(answer.statusCode()).isEqualTo(200);
    return answer.body();
  }
}
