package dev.graft.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.HttpResponse;
import com.openai.errors.BadRequestException;
import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FilePurpose;
import com.openai.models.finetuning.jobs.FineTuningJob;
import com.openai.models.finetuning.jobs.FineTuningJobEvent;
import com.openai.models.finetuning.jobs.JobCreateParams;
import com.openai.models.finetuning.methods.DpoHyperparameters;
import com.openai.models.finetuning.methods.DpoMethod;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** OpenAI's preference fine-tuning by its own client: rows, method, metrics. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PreferenceJobIT extends StartedGraft {
  private OpenAIClient client;
  private @TempDir Path directory;

  @BeforeAll
  void start() throws Exception {
    registerTiny();
    client = OpenAIOkHttpClient.builder().baseUrl(url() + "/v1").apiKey(key("support")).build();
  }

  @Test
  void theAdapterPrefersTheChosenAnswersOfPairsItHasNotSeen() throws Exception {
    FineTuningJob job = submitted(pairs("abcdefgh"), Optional.of(pairs("klmn")));
    await()
        .atMost(Duration.ofMinutes(3))
        .pollInterval(Duration.ofMillis(300))
        .until(() -> client.fineTuning().jobs().retrieve(job.id()).finishedAt().isPresent());
    FineTuningJob done = client.fineTuning().jobs().retrieve(job.id());
    assertThat(done.status()).as("%s", done).isEqualTo(FineTuningJob.Status.SUCCEEDED);
    assertThat(done.validate()).isSameAs(done);
    assertThat(done.fineTunedModel()).isPresent();
    DpoHyperparameters echo =
        done.method().orElseThrow().dpo().orElseThrow().hyperparameters().orElseThrow();
    assertThat(echo.beta().orElseThrow().asNumber()).isEqualTo(0.5);
    Map<String, JsonValue> first = validation(job, false);
    Map<String, JsonValue> last = validation(job, true);
    assertThat(number(first, "valid_loss")).isBetween(0.6931, 0.6932);
    assertThat(number(last, "valid_rewards/accuracies")).isEqualTo(1);
    assertThat(number(last, "valid_rewards/margins")).isGreaterThan(1);
    assertThat(number(last, "valid_loss")).isLessThan(0.4);
    try (HttpResponse csv = client.files().content(done.resultFiles().getFirst())) {
      assertThat(new String(csv.body().readAllBytes(), StandardCharsets.UTF_8))
          .contains("rewards/margins", "valid_rewards/accuracies");
    }
  }

  @Test
  void rowsAndObjectiveMustGoTogether() throws Exception {
    String chat =
        upload(
            "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},"
                + "{\"role\":\"assistant\",\"content\":\"b\"}]}\n");
    String pairs = pairs("ab");
    assertThatThrownBy(() -> submitted(chat, Optional.empty()))
        .isInstanceOfSatisfying(
            BadRequestException.class, e -> assertThat(e.param()).contains("training_file"))
        .hasMessageContaining(
            "begins with a chat row, which the objective dpo does not learn from");
    assertThatThrownBy(() -> submitted(pairs, Optional.of(chat)))
        .isInstanceOfSatisfying(
            BadRequestException.class, e -> assertThat(e.param()).contains("validation_file"));
    assertThatThrownBy(
            () ->
                client
                    .fineTuning()
                    .jobs()
                    .create(JobCreateParams.builder().model("tiny").trainingFile(pairs).build()))
        .hasMessageContaining("begins with a preference row, which the objective sft");
  }

  /** In OpenAI's form: who answers in x is preferred to who answers in y. */
  private String pairs(String questions) throws Exception {
    StringBuilder rows = new StringBuilder();
    for (char question : questions.toCharArray()) {
      rows.append(
          """
          {"input":{"messages":[{"role":"user","content":"%s"}]},\
          "preferred_output":[{"role":"assistant","content":"xxx"}],\
          "non_preferred_output":[{"role":"assistant","content":"yyy"}]}
          """
              .formatted(String.valueOf(question).repeat(4)));
    }
    return upload(rows.toString());
  }

  private String upload(String rows) throws Exception {
    Path file = Files.createTempFile(directory, "rows", ".jsonl");
    Files.writeString(file, rows);
    return client
        .files()
        .create(FileCreateParams.builder().file(file).purpose(FilePurpose.FINE_TUNE).build())
        .id();
  }

  private FineTuningJob submitted(String training, Optional<String> validation) {
    return client
        .fineTuning()
        .jobs()
        .create(
            JobCreateParams.builder()
                .model("tiny")
                .trainingFile(training)
                .validationFile(validation)
                .method(
                    JobCreateParams.Method.builder()
                        .type(JobCreateParams.Method.Type.DPO)
                        .dpo(
                            DpoMethod.builder()
                                .hyperparameters(
                                    DpoHyperparameters.builder()
                                        .beta(0.5)
                                        .batchSize(4)
                                        .nEpochsAuto()
                                        .build())
                                .build())
                        .build())
                .putAdditionalBodyProperty(
                    "adapter",
                    JsonValue.from(
                        Map.of("training", Map.of("learning_rate", 0.01, "max_steps", 24))))
                .build());
  }

  /** The numbers of the first or last event that has those of the validation file. */
  private Map<String, JsonValue> validation(FineTuningJob job, boolean latest) {
    List<Map<String, JsonValue>> newestFirst =
        client.fineTuning().jobs().listEvents(job.id()).autoPager().stream()
            .map(FineTuningJobEvent::_data)
            .filter(data -> !data.isMissing())
            .map(
                data ->
                    data.convert(
                        new com.fasterxml.jackson.core.type.TypeReference<
                            Map<String, JsonValue>>() {}))
            .filter(data -> data != null && data.containsKey("valid_loss"))
            .toList();
    return latest ? newestFirst.getFirst() : newestFirst.getLast();
  }

  private static double number(Map<String, JsonValue> data, String name) {
    return data.get(name).convert(Double.class);
  }
}
