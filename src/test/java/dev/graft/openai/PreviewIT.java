package dev.graft.openai;

import static org.assertj.core.api.Assertions.assertThat;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FileObject;
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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a person sees before a job is submitted. */
class PreviewIT extends StartedGraft {
  private static final JsonMapper JSON = new JsonMapper();

  private final HttpClient http = HttpClient.newHttpClient();
  private String key = "";
  private String file = "";

  @BeforeEach
  void aFileAndAModel(@TempDir Path directory) throws IOException {
    key = key("preview");
    registerTiny();
    file =
        upload(
            Files.writeString(
                directory.resolve("rows.jsonl"),
                """
                {"messages":[{"role":"user","content":"Größe?"},{"role":"assistant","content":"läuft"}]}

                {"messages":[{"role":"user","content":"b"},{"role":"assistant","content":"zwei"}]}
                {"messages":[{"role":"user","content":"c"},{"role":"assistant","content":"drei"}]}
                """));
  }

  private String upload(Path rows) {
    OpenAIClient client = OpenAIOkHttpClient.builder().baseUrl(url() + "/v1").apiKey(key).build();
    FileObject uploaded =
        client
            .files()
            .create(FileCreateParams.builder().file(rows).purpose(FilePurpose.FINE_TUNE).build());
    return uploaded.id();
  }

  @Test
  void rowsAreTokensAndTheAssistantsAreTrained() throws Exception {
    HttpResponse<String> answer = preview("\"rows\":2");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    JsonNode data = JSON.readTree(answer.body()).path("data");
    assertThat(data.size()).isEqualTo(2);
    assertThat(data.path(0).path("text").asString()).contains("Größe?").contains("läuft");
    assertThat(data.path(1).path("line").asInt()).isEqualTo(3);
    assertThat(trained(data.path(1))).isEqualTo("zwei<|end|>");
  }

  @Test
  void settingsOfTheJobDecideWhatIsShown() throws Exception {
    JsonNode row =
        JSON.readTree(preview("\"rows\":1,\"adapter\":{\"training\":{\"max_length\":8}}").body())
            .path("data")
            .path(0);
    assertThat(row.path("cut").asBoolean()).isTrue();
    assertThat(row.path("tokens").size()).isEqualTo(8);
  }

  @Test
  void withoutALengthRowsAreCutAtTheModelsContext(@TempDir Path directory) throws Exception {
    String row = "{\"prompt\":\"a\",\"completion\":\"" + "b".repeat(20_000) + "\"}\n";
    file = upload(Files.writeString(directory.resolve("long.jsonl"), row));
    JsonNode shown =
        JSON.readTree(preview("\"adapter\":{\"training\":{\"max_length\":null}}").body())
            .path("data")
            .path(0);
    assertThat(shown.path("cut").asBoolean()).isTrue();
    assertThat(shown.path("tokens").size()).isBetween(9, 19_999);
  }

  @Test
  void whatAJobWouldRefuseIsRefusedAtItsPath() throws Exception {
    assertParam(preview("\"rows\":21"), "rows");
    assertParam(preview("\"colour\":1"), "colour");
    assertParam(preview("\"adapter\":{\"peft\":{\"r\":0}}"), "adapter.peft.r");
  }

  private static void assertParam(HttpResponse<String> answer, String param) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(400);
    assertThat(JSON.readTree(answer.body()).at("/error/param").asString()).isEqualTo(param);
  }

  private static String trained(JsonNode row) {
    StringBuilder text = new StringBuilder();
    for (JsonNode token : row.path("tokens")) {
      if (token.path("trained").asBoolean()) text.append(token.path("text").asString());
    }
    return text.toString();
  }

  private HttpResponse<String> preview(String settings) throws Exception {
    String body = "{\"model\":\"tiny\",\"training_file\":\"%s\",%s}".formatted(file, settings);
    return http.send(
        HttpRequest.newBuilder(URI.create(url() + "/v1/fine_tuning/preview"))
            .header("authorization", "Bearer " + key)
            .header("content-type", "application/json")
            .POST(BodyPublishers.ofString(body))
            .build(),
        BodyHandlers.ofString());
  }
}
