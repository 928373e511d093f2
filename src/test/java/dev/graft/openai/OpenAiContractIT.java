package dev.graft.openai;

import static java.lang.Integer.parseInt;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.MultipartField;
import com.openai.core.ObjectMappers;
import com.openai.errors.OpenAIServiceException;
import com.openai.models.ErrorObject;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FileListParams;
import com.openai.models.files.FileObject;
import com.openai.models.files.FilePurpose;
import com.openai.models.finetuning.checkpoints.permissions.PermissionCreateParams;
import com.openai.models.finetuning.checkpoints.permissions.PermissionListParams;
import com.openai.models.finetuning.jobs.FineTuningJob;
import com.openai.models.finetuning.jobs.FineTuningJobEvent;
import com.openai.models.finetuning.jobs.JobCreateParams;
import com.openai.models.finetuning.jobs.JobListEventsParams;
import com.openai.models.finetuning.jobs.JobListParams;
import com.openai.models.finetuning.jobs.checkpoints.CheckpointListParams;
import com.openai.models.finetuning.jobs.checkpoints.FineTuningJobCheckpoint;
import com.openai.models.models.Model;
import com.openai.models.uploads.Upload;
import com.openai.models.uploads.UploadCompleteParams;
import com.openai.models.uploads.UploadCreateParams;
import com.openai.models.uploads.parts.PartCreateParams;
import com.openai.services.blocking.finetuning.JobService;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Departments;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * What programs written for OpenAI rely on, tried with the official Java client, unmodified,
 * against a started Graft with its real trainer. The scripts {@code contract} in docs/examples make
 * the same promises, under the same numbers, in Python and JavaScript. Number 6 is about webhooks,
 * which Graft does not send.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OpenAiContractIT extends StartedGraft {
  private static final String ROW =
      "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"},"
          + "{\"role\":\"assistant\",\"content\":\"ho\"}]}\n";
  private static final byte[] DATA = ROW.repeat(20).getBytes(UTF_8);

  /** What no client sends: method, path, content type, body, and the status of the answer. */
  private static final String UNSENDABLE =
      """
      PUT    | /v1/files                         | application/json |            | 405
      DELETE | /v1/chat/completions              | application/json |            | 405
      PATCH  | /v1/fine_tuning/jobs              | application/json | {}         | 405
      GET    | /v1/models/no%2Fne                | application/json |            | 404
      DELETE | /v1/models/none                   | application/json |            | 404
      GET    | /v1/adapters/ad_none/files/a%2Fb  | application/json |            | 404
      POST   | /v1/chat/completions              | application/json | {          | 400
      POST   | /v1/chat/completions              | application/json | []         | 400
      POST   | /v1/chat/completions              | application/json | "text"     | 400
      POST   | /v1/chat/completions              | text/plain       | model=tiny | 415
      POST   | /v1/fine_tuning/jobs              | application/json |            | 400
      POST   | /v1/files                         | application/json | {}         | 415
      """;

  private static final HttpClient HTTP = HttpClient.newHttpClient();

  @Autowired private Departments departments;
  @Autowired private ApiKeys keys;
  @Autowired private JdbcClient sql;
  private String key = "";
  private OpenAIClient client;
  private JobService jobs;
  private FileObject file;
  private FineTuningJob job;

  @BeforeAll
  void trainOnce() throws IOException {
    registerTiny();
    key = key("contract"); // whose only jobs and files are those of this class
    client = client(url() + "/v1", key);
    jobs = client.fineTuning().jobs();
    file = upload(DATA);
    job = ended(jobs.create(submission().metadata(metadata("contract", "java")).build()));
  }

  @Test
  void promise01_anUploadedFileBecomesAModelThatChats() throws IOException {
    assertThat(file.status()).isEqualTo(FileObject.Status.PROCESSED);
    assertThat(job.status()).as("%s", job).isEqualTo(FineTuningJob.Status.SUCCEEDED);
    assertThat(job.trainedTokens().orElseThrow()).isPositive();
    assertThat(jobs.listEvents(job.id()).autoPager().stream().map(FineTuningJobEvent::message))
        .anyMatch(message -> message.contains("training loss="));
    List<FineTuningJobCheckpoint> checkpoints = jobs.checkpoints().list(job.id()).items();
    assertThat(checkpoints).isNotEmpty().allMatch(c -> c.fineTuningJobId().equals(job.id()));
    assertThat(content(job.resultFiles().getFirst())).startsWith("step,train_loss");
    String model = job.fineTunedModel().orElseThrow();
    assertThat(client.models().list().data()).extracting(Model::id).contains("tiny", model);
    for (String name : List.of(model, checkpoints.getFirst().fineTunedModelCheckpoint())) {
      ChatCompletion answer = chat(name).validate();
      assertThat(answer.model()).isEqualTo(name);
      assertThat(answer.choices().getFirst().message().content()).isPresent();
    }
  }

  @Test
  void promise02_pagesEndAndRepeatNothing() {
    var events = JobListEventsParams.builder().fineTuningJobId(job.id()).limit(1).build();
    assertThat(jobs.listEvents(events).autoPager().stream().map(FineTuningJobEvent::id))
        .hasSizeGreaterThan(3)
        .doesNotHaveDuplicates();
    var checkpoints = CheckpointListParams.builder().fineTuningJobId(job.id()).limit(1).build();
    assertThat(jobs.checkpoints().list(checkpoints).autoPager().stream())
        .extracting(FineTuningJobCheckpoint::stepNumber)
        .containsExactly(2L, 1L);
    jobs.cancel(jobs.create(submission().build()).id());
    assertThat(ids(JobListParams.builder().limit(1)))
        .hasSizeGreaterThan(1)
        .doesNotHaveDuplicates()
        .endsWith(job.id());
    FileObject another = upload(DATA);
    var files = FileListParams.builder().purpose("fine-tune").limit(1).build();
    assertThat(client.files().list(files).autoPager().stream().map(FileObject::id))
        .doesNotHaveDuplicates()
        .containsSubsequence(another.id(), file.id());
    pagesOfPermissionsEnd();
  }

  private void pagesOfPermissionsEnd() {
    OpenAIClient administrator =
        OpenAIOkHttpClient.builder()
            .baseUrl(url() + "/v1")
            .adminApiKey(keys.createForAdministrator(ApiKeys.UNNAMED, null).secret())
            .build();
    var permissions = administrator.fineTuning().checkpoints().permissions();
    String checkpoint =
        jobs.checkpoints().list(job.id()).items().getLast().fineTunedModelCheckpoint();
    List<String> projects = List.of(departments.ensure("legal"), departments.ensure("sales"));
    permissions.create(
        PermissionCreateParams.builder()
            .fineTunedModelCheckpoint(checkpoint)
            .projectIds(projects)
            .build());
    var one = PermissionListParams.builder().fineTunedModelCheckpoint(checkpoint).limit(1).build();
    assertThat(permissions.list(one).autoPager().stream())
        .extracting(permission -> permission.validate().projectId())
        .containsExactlyInAnyOrderElementsOf(projects);
  }

  @Test
  void promise03_contentAndItsErrorsComeWhateverIsAccepted() throws IOException {
    assertThat(content(file.id())).isEqualTo(ROW.repeat(20));
    OpenAIServiceException error = refused(404, () -> client.files().content("file-none"));
    assertThat(error.code()).contains("not_found");
    assertThat(error.getMessage()).contains("file-none");
  }

  @Test
  void promise04_theIdOfAModelMayHoldASlash() {
    assertThat(refused(404, () -> client.models().retrieve("nobody/knows:this")).getMessage())
        .contains("nobody/knows:this");
    String model = job.fineTunedModel().orElseThrow();
    assertThat(client.models().retrieve(model).id()).isEqualTo(model);
    String checkpoint = model + ":ckpt-step-1";
    assertThat(client.models().retrieve(checkpoint).id()).isEqualTo(checkpoint);
    refused(400, () -> client.models().delete(checkpoint));
  }

  @Test
  void promise05_aRequestThatIsSentAgainMakesOneJob() throws IOException {
    JobCreateParams submission = submission().metadata(metadata("sent", "twice")).build();
    try (LostReply way = new LostReply(url())) {
      FineTuningJob made = client(way.url() + "/v1", key).fineTuning().jobs().create(submission);
      assertThat(way.requests()).isEqualTo(2);
      assertThat(ids(JobListParams.builder().metadata(filter("sent", "twice"))))
          .containsExactly(made.id());
      jobs.cancel(made.id());
    }
    JobCreateParams keyed =
        submission.toBuilder().putAdditionalHeader("Idempotency-Key", "contract-java").build();
    FineTuningJob first = jobs.create(keyed);
    assertThat(jobs.create(keyed).id()).isEqualTo(first.id());
    jobs.cancel(first.id());
  }

  @Test
  void promise07_everyErrorHasTheEnvelope() throws Exception {
    OpenAIServiceException error =
        refused(400, () -> jobs.create(submission().trainingFile("file-none").build()));
    assertThat(error.param()).contains("training_file");
    assertThat(error.headers().values("x-request-id")).hasSize(1);
    error = refused(400, () -> jobs.create(submission().seed(-1).build()));
    assertThat(error.param()).contains("seed");
    refused(400, () -> jobs.cancel(job.id()));
    refused(404, () -> client(url() + "/v1/nothing", key).models().list());
    error = refused(401, () -> client(url() + "/v1", "sk-graft-none").models().list());
    assertThat(error.code()).contains("invalid_api_key");
    // An address under which the client's DELETE /files/{id} meets a route of GET.
    OpenAIClient elsewhere = client(url() + "/v1/adapters/ad_none", key);
    refused(405, () -> elsewhere.files().delete("x"));
    refused(413, () -> jobs.create(submission().suffix("x".repeat(9 << 20)).build()));
    error = refused(400, () -> upload("nonsense".getBytes(UTF_8)));
    assertThat(error.getMessage()).contains("line 1");
    error = refused(400, () -> chat(job.fineTunedModel().orElseThrow() + ":ckpt-step-999"));
    assertThat(error.code()).contains("invalid_state");
    for (String row : UNSENDABLE.lines().toList()) unsendable(row);
  }

  private void unsendable(String row) throws Exception {
    String[] columns = row.split("\\|", -1);
    for (int i = 0; i < columns.length; i++) columns[i] = columns[i].strip();
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(url() + columns[1]))
            .header("authorization", "Bearer " + key)
            .header("accept", "application/binary")
            .header("content-type", columns[2])
            .method(columns[0], BodyPublishers.ofString(columns[3]));
    HttpResponse<String> response = HTTP.send(request.build(), BodyHandlers.ofString());
    assertThat(response.statusCode()).as(row + response.body()).isEqualTo(parseInt(columns[4]));
    assertThat(response.headers().firstValue("x-request-id")).isPresent();
    assertThat(response.headers().firstValue("content-type")).contains("application/json");
    var json = ObjectMappers.jsonMapper();
    var error = json.readTree(response.body()).path("error");
    assertThat(error.fieldNames()).toIterable().contains("param", "code");
    assertThat(json.treeToValue(error, ErrorObject.class).validate().message()).isNotBlank();
  }

  @Test
  void promise08_nothingIsNullThatTheClientTypesAsPresent() {
    FileObject odd = upload(ROW.replace("hi", "a <|end|> b").getBytes(UTF_8));
    FineTuningJob failed = ended(jobs.create(submission().trainingFile(odd.id()).build()));
    assertThat(failed.validate().error().orElseThrow().message()).contains("<|end|>");
    // The only device is taken, so that the next one waits.
    FineTuningJob ahead = jobs.create(submission(1000).build());
    FineTuningJob queued = jobs.create(submission().build()).validate();
    assertThat(jobs.pause(queued.id()).status().asString()).isEqualTo("paused");
    jobs.resume(queued.id()).validate();
    assertThat(jobs.cancel(queued.id()).validate().status())
        .isEqualTo(FineTuningJob.Status.CANCELLED);
    jobs.cancel(ahead.id()).validate();
    for (FineTuningJob each : jobs.list().items()) {
      each.validate();
      jobs.listEvents(each.id()).items().forEach(FineTuningJobEvent::validate);
      jobs.checkpoints().list(each.id()).items().forEach(FineTuningJobCheckpoint::validate);
    }
    client.models().list().data().forEach(Model::validate);
    client.files().list().response().validate();
    FileObject gone = upload(DATA).validate();
    client.files().delete(gone.id()).validate();
    client(url() + "/v1", key("nobody")).files().list().response().validate();
    client.uploads().cancel(begun(1).validate().id()).validate();
  }

  @Test
  void promise09_partsMayArriveInAnyOrderAndOneUploadIsOneFile() throws Exception {
    String upload = begun(DATA.length).id();
    int half = DATA.length / 2;
    String second = part(upload, Arrays.copyOfRange(DATA, half, DATA.length));
    String first = part(upload, Arrays.copyOf(DATA, half));
    UploadCompleteParams complete =
        UploadCompleteParams.builder()
            .uploadId(upload)
            .partIds(List.of(first, second))
            .md5(HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(DATA)))
            .build();
    UploadCompleteParams wrong = complete.toBuilder().md5("0".repeat(32)).build();
    assertThat(refused(400, () -> client.uploads().complete(wrong)).param()).contains("md5");
    Upload done = client.uploads().complete(complete).validate();
    String made = done.file().orElseThrow().id();
    assertThat(content(made)).isEqualTo(ROW.repeat(20));
    assertThat(client.uploads().complete(complete).file().orElseThrow().id()).isEqualTo(made);
    String dropped = begun(DATA.length).id();
    client.uploads().cancel(dropped);
    refused(400, () -> part(dropped, DATA));
    String late = begun(DATA.length).id();
    sql.sql("update upload set expires_at = created_at where id = :id").param("id", late).update();
    assertThat(refused(400, () -> part(late, DATA)).getMessage()).contains("expired");
  }

  @Test
  void promise10_jobsAreFoundByTheirMetadata() {
    assertThat(ids(JobListParams.builder().metadata(filter("contract", "java"))))
        .containsExactly(job.id());
    assertThat(ids(JobListParams.builder().metadata(filter("contract", "nobody")))).isEmpty();
  }

  private FineTuningJob ended(FineTuningJob submitted) {
    await()
        .atMost(Duration.ofMinutes(3))
        .pollInterval(Duration.ofMillis(300))
        .until(() -> jobs.retrieve(submitted.id()).finishedAt().isPresent());
    return jobs.retrieve(submitted.id());
  }

  private JobCreateParams.Builder submission() {
    return submission(3);
  }

  private JobCreateParams.Builder submission(int steps) {
    Map<String, Object> training = Map.of("max_steps", steps, "save_steps", 1);
    return JobCreateParams.builder()
        .model("tiny")
        .trainingFile(file.id())
        .seed(7)
        .putAdditionalBodyProperty(
            "adapter", JsonValue.from(Map.of("peft", Map.of("r", 2), "training", training)));
  }

  private static JobCreateParams.Metadata metadata(String name, String value) {
    return JobCreateParams.Metadata.builder()
        .putAdditionalProperty(name, JsonValue.from(value))
        .build();
  }

  private static JobListParams.Metadata filter(String name, String value) {
    return JobListParams.Metadata.builder().putAdditionalProperty(name, value).build();
  }

  private List<String> ids(JobListParams.Builder params) {
    return jobs.list(params.build()).autoPager().stream().map(FineTuningJob::id).toList();
  }

  private FileObject upload(byte[] content) {
    var named = MultipartField.<InputStream>builder();
    named.value(new ByteArrayInputStream(content)).filename("rows.jsonl");
    return client
        .files()
        .create(
            FileCreateParams.builder().file(named.build()).purpose(FilePurpose.FINE_TUNE).build());
  }

  private String content(String id) throws IOException {
    try (var content = client.files().content(id)) {
      return new String(content.body().readAllBytes(), UTF_8);
    }
  }

  private Upload begun(long bytes) {
    return client
        .uploads()
        .create(
            UploadCreateParams.builder()
                .bytes(bytes)
                .filename("parts.jsonl")
                .mimeType("application/jsonl")
                .purpose(FilePurpose.FINE_TUNE)
                .build());
  }

  private String part(String upload, byte[] data) {
    var part = PartCreateParams.builder().uploadId(upload).data(data).build();
    return client.uploads().parts().create(part).validate().id();
  }

  private ChatCompletion chat(String model) {
    var chat = ChatCompletionCreateParams.builder().model(model).addUserMessage("hi");
    return client.chat().completions().create(chat.maxCompletionTokens(4).build());
  }

  private static OpenAIServiceException refused(int status, ThrowingCallable call) {
    OpenAIServiceException error = catchThrowableOfType(OpenAIServiceException.class, call);
    assertThat(error).isNotNull();
    assertThat(error.statusCode()).as("%s", error.getMessage()).isEqualTo(status);
    assertThat(error.type()).isPresent();
    return error;
  }

  private static OpenAIClient client(String baseUrl, String key) {
    return OpenAIOkHttpClient.builder().baseUrl(baseUrl).apiKey(key).build();
  }
}
