package dev.graft.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.HttpResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FileObject;
import com.openai.models.files.FilePurpose;
import com.openai.models.finetuning.jobs.FineTuningJob;
import com.openai.models.finetuning.jobs.FineTuningJobEvent;
import com.openai.models.finetuning.jobs.JobCreateParams;
import com.openai.models.finetuning.jobs.checkpoints.FineTuningJobCheckpoint;
import com.openai.models.models.Model;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The official Java client, unmodified, against a started Graft with its real trainer. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OpenAiSdkIT extends StartedGraft {
  private static final String ROW =
      "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"},"
          + "{\"role\":\"assistant\",\"content\":\"ho\"}]}\n";

  private OpenAIClient client;
  private FineTuningJob job;
  private JobCreateParams.Builder submission = JobCreateParams.builder();

  @BeforeAll
  void trainOnce(@TempDir Path directory) throws Exception {
    registerTiny();
    client = client(key("support"));
    job = train("contract", directory);
    await()
        .atMost(Duration.ofMinutes(3))
        .pollInterval(Duration.ofMillis(300))
        .until(() -> retrieved().finishedAt().isPresent());
    job = retrieved();
    assertThat(job.status()).as("%s", job).isEqualTo(FineTuningJob.Status.SUCCEEDED);
  }

  @Test
  void theJavaClientGoesFromUploadToChat() {
    assertThat(job.fineTunedModel()).hasValueSatisfying(m -> assertThat(m).startsWith("ft:tiny:"));
    assertThat(job.trainedTokens().orElseThrow()).isPositive();
    List<FineTuningJobCheckpoint> checkpoints =
        client.fineTuning().jobs().checkpoints().list(job.id()).autoPager().stream().toList();
    assertThat(checkpoints).isNotEmpty().allMatch(c -> c.fineTuningJobId().equals(job.id()));
    String checkpoint = checkpoints.getFirst().fineTunedModelCheckpoint();

    String model = job.fineTunedModel().orElseThrow();
    assertThat(client.models().list().data()).extracting(Model::id).contains("tiny", model);
    assertThat(client.models().retrieve(checkpoint).id()).isEqualTo(checkpoint);
    assertThatThrownBy(() -> client.models().delete(checkpoint))
        .isInstanceOf(BadRequestException.class);
    for (String name : List.of("tiny", model, checkpoint)) {
      ChatCompletion answer = chat(client, name);
      assertThat(answer.model()).isEqualTo(name);
      assertThat(answer.choices()).hasSize(1);
      assertThat(answer.choices().getFirst().message().content()).isPresent();
      assertThat(answer.usage().orElseThrow().completionTokens()).isBetween(0L, 8L);
      assertThat(answer.validate()).isNotNull();
    }
  }

  @Test
  void aModelThatIsNotThereYetIsRefusedWithItsJob() {
    String model = job.fineTunedModel().orElseThrow();
    assertThatThrownBy(() -> chat(client, model + ":ckpt-step-999"))
        .isInstanceOfSatisfying(
            BadRequestException.class,
            e -> {
              assertThat(e.code()).contains("invalid_state");
              assertThat(e.getMessage()).contains(job.id(), "no checkpoint at this step");
            });
    FineTuningJob waiting = client.fineTuning().jobs().create(submission.build());
    client.fineTuning().jobs().cancel(waiting.id());
    String planned = model.replace(job.id().substring(6), waiting.id().substring(6));
    assertThatThrownBy(() -> chat(client, planned))
        .isInstanceOfSatisfying(
            BadRequestException.class,
            e -> assertThat(e.getMessage()).contains("Its job " + waiting.id()));
    assertThatThrownBy(() -> chat(client, model + "x")).isInstanceOf(NotFoundException.class);
  }

  @Test
  void theAutoPagerEndsAndMeetsEveryEventOnce() {
    Stream<FineTuningJobEvent> events =
        client
            .fineTuning()
            .jobs()
            .listEvents(
                com.openai.models.finetuning.jobs.JobListEventsParams.builder()
                    .fineTuningJobId(job.id())
                    .limit(3)
                    .build())
            .autoPager()
            .stream();
    assertThat(events.map(FineTuningJobEvent::id)).hasSizeGreaterThan(3).doesNotHaveDuplicates();
    assertThat(client.fineTuning().jobs().list().autoPager().stream().map(FineTuningJob::id))
        .contains(job.id());
  }

  @Test
  void contentIsReadWithTheAcceptHeaderOfTheSdk() throws Exception {
    try (HttpResponse content = client.files().content(job.trainingFile())) {
      assertThat(content.body()).hasContent(ROW.repeat(20));
    }
    assertThat(job.resultFiles()).isNotEmpty();
    try (HttpResponse metrics = client.files().content(job.resultFiles().getFirst())) {
      assertThat(new String(metrics.body().readAllBytes(), StandardCharsets.UTF_8))
          .startsWith("step,");
    }
    assertThatThrownBy(() -> client.files().content("file-none"))
        .isInstanceOfSatisfying(NotFoundException.class, e -> assertThat(e.code()).isPresent());
  }

  @Test
  void theClientFindsNoNullWhereItsSchemaHasNone() {
    assertThat(job.validate()).isSameAs(job);
    client.files().retrieve(job.trainingFile()).validate();
    client.models().list().data().forEach(Model::validate);
    client.fineTuning().jobs().listEvents(job.id()).items().forEach(FineTuningJobEvent::validate);
    client
        .fineTuning()
        .jobs()
        .checkpoints()
        .list(job.id())
        .items()
        .forEach(FineTuningJobCheckpoint::validate);
  }

  @Test
  void aNameWithASlashIsAskedForAsOneSegment() {
    assertThatThrownBy(() -> client.models().retrieve("nobody/knows:this"))
        .isInstanceOfSatisfying(
            NotFoundException.class, e -> assertThat(e.getMessage()).contains("nobody/knows:this"));
    String model = job.fineTunedModel().orElseThrow();
    assertThat(client.models().retrieve(model).id()).isEqualTo(model);
  }

  @Test
  void jobsAreFoundByTheirMetadata() {
    var mine =
        com.openai.models.finetuning.jobs.JobListParams.builder()
            .metadata(
                com.openai.models.finetuning.jobs.JobListParams.Metadata.builder()
                    .putAdditionalProperty("purpose", "contract")
                    .build())
            .build();
    assertThat(client.fineTuning().jobs().list(mine).autoPager().stream().map(FineTuningJob::id))
        .containsExactly(job.id());
  }

  @Test
  void anotherDepartmentFindsNothingOfThis() {
    OpenAIClient stranger = client(key("legal"));
    String model = job.fineTunedModel().orElseThrow();
    assertThatThrownBy(() -> stranger.fineTuning().jobs().retrieve(job.id()))
        .isInstanceOf(NotFoundException.class);
    assertThatThrownBy(() -> stranger.models().retrieve(model))
        .isInstanceOf(NotFoundException.class);
    assertThatThrownBy(() -> chat(stranger, model)).isInstanceOf(NotFoundException.class);
    assertThat(stranger.models().list().data()).extracting(Model::id).doesNotContain(model);
  }

  private FineTuningJob train(String purpose, Path directory) throws Exception {
    Path rows = Files.writeString(directory.resolve("train.jsonl"), ROW.repeat(20));
    FileObject file =
        client
            .files()
            .create(FileCreateParams.builder().file(rows).purpose(FilePurpose.FINE_TUNE).build());
    submission =
        JobCreateParams.builder()
            .model("tiny")
            .trainingFile(file.id())
            .suffix("sdk")
            .seed(7)
            .putAdditionalBodyProperty("adapter", JsonValue.from(ADAPTER));
    JobCreateParams.Metadata metadata =
        JobCreateParams.Metadata.builder()
            .putAdditionalProperty("purpose", JsonValue.from(purpose))
            .build();
    return client
        .fineTuning()
        .jobs()
        .create(submission.build().toBuilder().metadata(metadata).build());
  }

  private static final Map<String, Object> ADAPTER =
      Map.of(
          "peft",
          Map.of("peft_type", "LORA", "r", 4, "lora_alpha", 8, "target_modules", "all-linear"),
          "training",
          Map.of("learning_rate", 0.01, "max_steps", 12, "save_steps", 6));

  private FineTuningJob retrieved() {
    return client.fineTuning().jobs().retrieve(job.id());
  }

  private static ChatCompletion chat(OpenAIClient client, String model) {
    return client
        .chat()
        .completions()
        .create(
            ChatCompletionCreateParams.builder()
                .model(model)
                .addUserMessage("hi")
                .maxCompletionTokens(8)
                .build());
  }

  private OpenAIClient client(String key) {
    return OpenAIOkHttpClient.builder().baseUrl(url() + "/v1").apiKey(key).build();
  }
}
