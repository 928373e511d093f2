package dev.graft.openapi;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Where OpenAI's description of its API is at hand, answers are held against that too. */
class OpenAiSchemasTests {
  private static final String GIVEN =
      "{'paths': {'/fine_tuning/jobs/{job}': {'get': {'responses': {'200': {'content':"
          + " {'application/json': {'schema': {'$ref': '#/components/schemas/Job'}}}}}}},"
          + " '/uploads/{id}': {'get': {'responses': {'200': {'content': {'application/json':"
          + " {'schema': {'$ref': '#/components/schemas/Upload'}}}}}}}}, 'components': {'schemas':"
          + " {'Job': {'type': 'object', 'required': ['id'], 'properties': {'status': {'type':"
          + " 'string', 'enum': ['running']}}}, 'Upload': {'properties': {'part': {'type':"
          + " 'string', 'enum': ['a'], 'nullable': true}, 'file': {'allOf': [{'type': 'object'},"
          + " {'nullable': true}]}}}, 'ErrorResponse': {'type': 'object', 'required':"
          + " ['error']}}}}";

  private final ApiDocument openAi = new ApiDocument(OpenAiSchemas.modern(json(GIVEN)));

  @Test
  void whatOpenAiDoesNotSayIsFound() {
    assertThat(job(200, "{'id': 'ftjob-1', 'status': 'running', 'adapter': {}}")).isEmpty();
    assertThat(job(200, "{'status': 'running'}")).hasSize(1);
    assertThat(job(200, "{'id': 'ftjob-1', 'status': 'resting'}")).hasSize(1);
    assertThat(job(404, "{'message': 'no'}")).hasSize(1);
    assertThat(job(404, "{'error': {}}")).isEmpty();
  }

  @Test
  void anExemptionCoversItsValueAtItsPlaceAlone() {
    assertThat(job(200, "{'id': 'ftjob-1', 'status': 'paused'}")).isEmpty();
    assertThat(job(200, "{'id': 'ftjob-1', 'status': null}")).isNotEmpty();
  }

  @Test
  void nullIsSpelledInTheOlderWayToo() {
    assertThat(problems("/v1/uploads/upload_1", 200, "{'file': null}")).isEmpty();
    assertThat(problems("/v1/uploads/upload_1", 200, "{'part': null}")).isEmpty();
    assertThat(problems("/v1/uploads/upload_1", 200, "{'file': 7}")).isNotEmpty();
    assertThat(problems("/v1/uploads/upload_1", 200, "{'part': 'b'}")).isNotEmpty();
  }

  @Test
  @EnabledIfSystemProperty(
      named = OpenAiSchemas.FILE,
      matches = ".+",
      disabledReason = "needs OpenAI's API description: -Dgraft.openai.schemas=FILE")
  void theGivenFileDescribesMostOfWhatGraftSharesWithOpenAi() {
    ApiDocument given = OpenAiSchemas.document().orElseThrow();
    List<ApiDocument.Operation> shared =
        ApiDocument.graft().operations().stream()
            .filter(each -> shared(given, each.method(), each.path()))
            .toList();
    assertThat(shared).hasSizeGreaterThan(40);
  }

  private static boolean shared(ApiDocument given, String method, String path) {
    String requested = path.substring("/v1".length()).replaceAll("\\{\\w+}", "x");
    return given.path(requested).flatMap(each -> given.operation(method, each)).isPresent();
  }

  private List<String> job(int status, String body) {
    return problems("/v1/fine_tuning/jobs/ftjob-1", status, body);
  }

  private List<String> problems(String path, int status, String body) {
    byte[] bytes = json(body).toString().getBytes(StandardCharsets.UTF_8);
    return OpenAiSchemas.problems(
        openAi,
        new Exchange(
            "GET", path, Set.of(), null, new byte[0], status, "application/json", Set.of(), bytes));
  }

  private static JsonNode json(String text) {
    return JsonMapper.shared().readTree(text.replace('\'', '"'));
  }
}
