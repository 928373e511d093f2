package dev.graft.openai;

import static org.assertj.core.api.Assertions.assertThat;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FilePurpose;
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

/** What cannot work is refused when it is submitted, with what to do. */
class RefusedSubmissionIT extends StartedGraft {
  private static final JsonMapper JSON = new JsonMapper();
  private static final String CHAT =
      "{'messages':[{'role':'user','content':'a'},{'role':'assistant','content':'b'}]}";
  private static final String SHARE_GPT =
      "{'conversations':[{'from':'human','value':'a'},{'from':'gpt','value':'b'}]}";
  private static final String TOOL_CALL =
      "{'messages':[{'role':'user','content':'Rain?'},{'role':'assistant','tool_calls':[{'id':'1',"
          + "'type':'function','function':{'name':'weather','arguments':'{}'}}]}]}";

  private final HttpClient http = HttpClient.newHttpClient();
  private @TempDir Path directory;
  private String key = "";

  @BeforeEach
  void aKeyAndAModel() throws Exception {
    key = key("refused");
    registerTiny();
  }

  @Test
  void rowsOfOtherRolesAreFoundByTheReportAndRefusedWithTheRolesToName() throws Exception {
    String file = upload(SHARE_GPT);
    JsonNode report = JSON.readTree(get("/v1/files/" + file + "/report").body());
    assertThat(report.path("findings"))
        .anySatisfy(
            found -> {
              assertThat(found.path("check").asString()).isEqualTo("nothing_to_train");
              assertThat(found.path("severity").asString()).isEqualTo("error");
            });
    for (String route : new String[] {"jobs", "quotes", "preview"}) {
      refused(
          post(route, "'model':'tiny','training_file':'%s'".formatted(file)),
          "training_file",
          "no row with an assistant turn that trains. Its roles are gpt, human; name them system,"
              + " user, assistant and tool");
    }
    refused(
        post(
            "jobs",
            "'model':'tiny','training_file':'%s','validation_file':'%s'"
                .formatted(upload(CHAT), file)),
        "validation_file",
        "no row with an assistant turn");
  }

  @Test
  void rowsOfOtherRolesAreTakenWhereEveryTokenTrains() throws Exception {
    HttpResponse<String> preview =
        post(
            "preview",
            "'model':'tiny','training_file':'%s','adapter':{'data':{'assistant_only_loss':false}}"
                .formatted(upload(SHARE_GPT)));
    assertThat(preview.statusCode()).as(preview.body()).isEqualTo(200);
  }

  @Test
  void turnsWhoseWeightIsNothingAreRefusedWithTheWeight() throws Exception {
    String file = upload(CHAT.replace("'content':'b'", "'content':'b','weight':0"));
    refused(
        post("jobs", "'model':'tiny','training_file':'%s'".formatted(file)),
        "training_file",
        "Give an assistant turn the weight 1");
  }

  @Test
  void toolCallsThatTheModelsTemplateLeavesOutAreRefusedAtTheirLine() throws Exception {
    String file = upload(CHAT + "\n\n" + TOOL_CALL);
    refused(
        post("jobs", "'model':'tiny','training_file':'%s'".formatted(file)),
        "training_file",
        "line 3 has tool calls in turn 1, which the model's chat template leaves out");
  }

  @Test
  void rowsOfAnotherObjectiveNameTheObjectiveToSet() throws Exception {
    String file = upload("{'text':'a','label':'x'}");
    refused(
        post("jobs", "'model':'tiny','training_file':'%s'".formatted(file)),
        "training_file",
        "begins with a text with a label, which the objective sft does not learn from. Set"
            + " adapter.objective to classification");
  }

  @Test
  void settingsAreRefusedWithTheirRangeAndTheNameThatWasMeant() throws Exception {
    String job = "'model':'tiny','training_file':'%s',".formatted(upload(CHAT));
    refused(
        post("jobs", job + "'adapter':{'training':{'learning_rate':5}}"),
        "adapter.training.learning_rate",
        "must be a number from 0 to 1; typical values for this method are 1e-5 to 0.001");
    refused(
        post("jobs", job + "'adapter':{'training':{'learing_rate':1e-4}}"),
        "adapter.training.learing_rate",
        "unknown setting; did you mean learning_rate? All settings: docs/settings.md");
    refused(
        post("jobs", job + "'hyperparameters':{'epochs':1}"),
        "hyperparameters.epochs",
        "did you mean n_epochs?");
    refused(
        post("jobs", job + "'n_epochs':1"), "n_epochs", "did you mean adapter.training.num_train");
    refused(post("jobs", job + "'training_fil':1"), "training_fil", "did you mean training_file?");
  }

  @Test
  void anUnknownModelIsNamedWithTheNearestThatThereAre() throws Exception {
    String file = upload(CHAT);
    String job = "'model':'tinny','training_file':'%s'".formatted(file);
    refused(post("jobs", job), "model", "No such model: 'tinny'. Did you mean 'tiny'?");
    HttpResponse<String> chat =
        send(
            "/v1/chat/completions",
            "{'model':'tinny','messages':[{'role':'user','content':'a'}]}".replace('\'', '"'));
    refused(chat, "model", "The model 'tinny' does not exist. Did you mean 'tiny'?");
    refused(get("/v1/models/tinny"), "model", "Did you mean 'tiny'?");
    refused(
        send("/v1/adapter_configs/validate", "{\"model\":\"tinny\",\"adapter\":{}}"),
        "model",
        "Did you mean 'tiny'?");
  }

  private static void refused(HttpResponse<String> answer, String param, String message) {
    assertThat(answer.statusCode()).as(answer.body()).isIn(400, 404);
    JsonNode error = JSON.readTree(answer.body()).path("error");
    assertThat(error.path("param").asString()).as(answer.body()).isEqualTo(param);
    assertThat(error.path("message").asString()).contains(message);
  }

  private String upload(String rows) throws Exception {
    Path file = Files.createTempFile(directory, "rows", ".jsonl");
    Files.writeString(file, rows.replace('\'', '"') + "\n");
    OpenAIClient client = OpenAIOkHttpClient.builder().baseUrl(url() + "/v1").apiKey(key).build();
    return client
        .files()
        .create(FileCreateParams.builder().file(file).purpose(FilePurpose.FINE_TUNE).build())
        .id();
  }

  private HttpResponse<String> post(String route, String settings) throws Exception {
    return send("/v1/fine_tuning/" + route, "{" + settings.replace('\'', '"') + "}");
  }

  private HttpResponse<String> send(String path, String body) throws Exception {
    return http.send(
        HttpRequest.newBuilder(URI.create(url() + path))
            .header("authorization", "Bearer " + key)
            .header("content-type", "application/json")
            .POST(BodyPublishers.ofString(body))
            .build(),
        BodyHandlers.ofString());
  }

  private HttpResponse<String> get(String path) throws Exception {
    return http.send(
        HttpRequest.newBuilder(URI.create(url() + path))
            .header("authorization", "Bearer " + key)
            .build(),
        BodyHandlers.ofString());
  }
}
