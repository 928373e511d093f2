package dev.graft.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FilePurpose;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a job would take, and then takes. */
class QuoteIT extends StartedGraft {
  private static final JsonMapper JSON = new JsonMapper();
  private static final String ROW =
      """
      {"messages":[{"role":"user","content":"%d"},{"role":"assistant","content":"four"}]}
      """;

  @Autowired private JdbcClient sql;
  private final HttpClient http = HttpClient.newHttpClient();
  private OpenAIClient client = OpenAIOkHttpClient.builder().apiKey("none").build();
  private String key = "";
  private String file = "";

  @BeforeEach
  void aFileAndAModel(@TempDir Path directory) throws IOException {
    key = key("quotes");
    client = OpenAIOkHttpClient.builder().baseUrl(url() + "/v1").apiKey(key).build();
    registerTiny();
    file = upload(directory, 10);
  }

  private String upload(Path directory, int rows) throws IOException {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < rows; i++) text.append(ROW.formatted(i));
    Path path = Files.writeString(directory.resolve("rows.jsonl"), text);
    return client
        .files()
        .create(FileCreateParams.builder().file(path).purpose(FilePurpose.FINE_TUNE).build())
        .id();
  }

  @Test
  void saysWhatAJobThenTakes() throws Exception {
    String settings =
        "\"adapter\":{\"training\":{\"per_device_train_batch_size\":4,\"num_train_epochs\":2}}";
    JsonNode quote = ok(quote(settings));
    assertThat(quote.at("/data/rows").asLong()).isEqualTo(10);
    assertThat(quote.at("/data/total_steps").asLong()).isEqualTo(6);
    assertThat(quote.at("/data/epochs").asDouble()).isEqualTo(2);
    assertThat(quote.at("/data/exact").asBoolean()).isTrue();
    assertThat(quote.at("/memory/bytes").asLong()).isPositive();
    assertThat(quote.at("/queue/position").asLong()).isEqualTo(1);
    assertThat(quote.at("/run/seconds").isNull()).isTrue();
    assertThat(quote.at("/adapter/peft/peft_type").asString()).isEqualTo("LORA");
    assertThat(quote.path("approval").asBoolean()).isFalse();
    assertThat(quote.path("warnings")).isEmpty();

    String job = ok(post("/v1/fine_tuning/jobs", settings)).path("id").asString();
    await()
        .atMost(Duration.ofMinutes(2))
        .until(
            () -> get("/v1/fine_tuning/jobs/" + job).path("status").asString(),
            "succeeded"::equals);
    JsonNode ended = get("/v1/fine_tuning/jobs/" + job);
    assertThat(ended.at("/progress/total_steps").asLong()).isEqualTo(6);
    assertThat(ended.path("trained_tokens").asLong())
        .isEqualTo(2 * quote.at("/data/trained_tokens_per_epoch").asLong());

    JsonNode again = ok(quote(settings));
    assertThat(again.at("/run/tokens_per_second").asDouble()).isPositive();
    assertThat(again.at("/run/seconds").isNumber()).isTrue();
    JsonNode other =
        ok(quote("\"adapter\":{\"peft\":{\"peft_type\":\"IA3\"},\"training\":{\"max_steps\":1}}"));
    assertThat(other.at("/run/tokens_per_second").isNull()).as("no such job has run").isTrue();
  }

  @Test
  void theSpeedIsThatOfTheLastFive() throws Exception {
    String settings =
        "\"adapter\":{\"training\":{\"max_steps\":1},\"peft\":{\"peft_type\":\"VERA\"}}";
    String job = ok(post("/v1/fine_tuning/jobs", settings)).path("id").asString();
    await()
        .atMost(Duration.ofMinutes(2))
        .until(
            () -> get("/v1/fine_tuning/jobs/" + job).path("status").asString(),
            "succeeded"::equals);
    for (int hours = 9; hours > 0; hours--) earlier(job, hours, hours > 4 ? 1e9 : 100);
    sql.sql("update job_progress set tokens_per_second = 100 where job_id = ?").param(job).update();
    assertThat(ok(quote(settings)).at("/run/tokens_per_second").asDouble()).isEqualTo(100);
  }

  /** The same job once more, that many hours before. */
  private void earlier(String job, int hours, double speed) {
    String others =
        sql.sql(
                """
                select string_agg(quote_ident(column_name), ', ') from information_schema.columns
                 where table_name = 'job' and is_generated = 'NEVER'
                   and column_name not in ('id', 'created_at')
                """)
            .query(String.class)
            .single();
    String id = job + "-" + hours;
    sql.sql(
            "insert into job (id, created_at, %s) select ?, created_at - ? * interval '1 hour', %s from job where id = ?"
                .formatted(others, others))
        .params(id, hours, job)
        .update();
    sql.sql("insert into job_progress (job_id, tokens_per_second) values (?, ?)")
        .params(id, speed)
        .update();
  }

  @Test
  void warnsOfWhatWouldBeCutAndOfLimits() throws Exception {
    assertThat(
            ok(quote("\"adapter\":{\"training\":{\"max_length\":8}}")).path("warnings").toString())
        .contains("10 rows are longer than max_length");
    sql.sql("update department set max_queued = 0 where name = 'quotes'").update();
    try {
      JsonNode quote = ok(quote("\"seed\":1"));
      assertThat(quote.path("warnings").toString()).contains("0 waiting jobs, and its limit is 0");
      assertThat(post("/v1/fine_tuning/jobs", "\"seed\":1").statusCode()).isEqualTo(429);
    } finally {
      sql.sql("update department set max_queued = 100 where name = 'quotes'").update();
    }
  }

  @Test
  void refusesWhatAJobIsRefusedFor() throws Exception {
    for (String settings :
        new String[] {
          "\"colour\":1",
          "\"validation_file\":\"file-none\"",
          "\"adapter\":{\"peft\":{\"r\":0}}",
          "\"adapter\":{\"peft\":{\"target_modules\":[\"nothing\"]}}"
        }) {
      HttpResponse<String> refused = quote(settings);
      assertThat(refused.statusCode()).as(refused.body()).isEqualTo(400);
      HttpResponse<String> job = post("/v1/fine_tuning/jobs", settings);
      assertThat(JSON.readTree(refused.body()).at("/error/param"))
          .isEqualTo(JSON.readTree(job.body()).at("/error/param"));
    }
    key = key("another department");
    HttpResponse<String> foreign = quote("\"seed\":1");
    assertThat(foreign.statusCode()).isEqualTo(400);
    assertThat(JSON.readTree(foreign.body()).at("/error/message"))
        .isEqualTo(
            JSON.readTree(post("/v1/fine_tuning/jobs", "\"seed\":1").body()).at("/error/message"));
  }

  private static JsonNode ok(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return JSON.readTree(answer.body());
  }

  private HttpResponse<String> quote(String settings) throws Exception {
    return post("/v1/fine_tuning/quotes", settings);
  }

  private HttpResponse<String> post(String path, String settings) throws Exception {
    String body = "{\"model\":\"tiny\",\"training_file\":\"%s\",%s}".formatted(file, settings);
    return http.send(
        request(path)
            .header("content-type", "application/json")
            .POST(BodyPublishers.ofString(body))
            .build(),
        BodyHandlers.ofString());
  }

  private JsonNode get(String path) throws Exception {
    return ok(http.send(request(path).build(), BodyHandlers.ofString()));
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(url() + path))
        .header("authorization", "Bearer " + key);
  }
}
