package dev.graft.openapi;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Whoever wrote a program for the last release keeps it. */
class BreakingChangesTests {
  private static final Path RELEASED =
      Path.of("src/test/resources/dev/graft/openapi/released.yaml").toAbsolutePath();
  private static final String JOB = "/components/schemas/FineTuningJob";
  private static final String NEW_JOB = "/components/schemas/NewFineTuningJob";
  private static final String JOBS = "/paths/~1v1~1fine_tuning~1jobs";

  private final JsonNode changed = ApiDocument.read(ApiDocument.FILE);

  @Test
  void nothingThatTheLastReleaseDocumentedIsBroken() {
    ApiDocument released = new ApiDocument(ApiDocument.read(RELEASED));
    ApiDocument now = new ApiDocument(ApiDocument.read(ApiDocument.FILE));
    assertThat(released.operations()).isNotEmpty();
    assertThat(BreakingChanges.between(released, now)).isEmpty();
  }

  @Test
  void moreOfEverythingBreaksNothing() {
    object("/paths").set("/v1/new", at(JOBS));
    object(JOB + "/properties").put("colour", "red").putObject("size").put("type", "integer");
    ((ArrayNode) at(JOB + "/properties/status/enum")).add("parked");
    object(NEW_JOB + "/properties").putObject("colour").put("type", "string");
    object(NEW_JOB + "/properties/priority").put("maximum", 1000);
    assertThat(changes()).isEmpty();
  }

  @Test
  void whatIsGoneBreaks() {
    object("/paths").remove("/v1/files");
    object(JOBS).remove("get");
    object(JOB + "/properties").remove("status");
    object(NEW_JOB + "/properties").remove("suffix");
    assertThat(changes())
        .contains(
            "GET /v1/files is gone",
            "POST /v1/files is gone",
            "GET /v1/fine_tuning/jobs is gone",
            "POST /v1/fine_tuning/jobs answer.status is gone",
            "POST /v1/fine_tuning/jobs request.suffix is gone");
  }

  @Test
  void whatMustBeSentNowAndWhatMayBeMissingNowBreaks() {
    ((ArrayNode) at(NEW_JOB + "/required")).add("seed");
    ((ArrayNode) at(JOB + "/required")).remove(0);
    object(JOBS + "/post/parameters/0").removeAll();
    object(JOBS + "/post/parameters/0")
        .put("name", "colour")
        .put("in", "query")
        .put("required", true)
        .putObject("schema");
    assertThat(changes())
        .contains(
            "POST /v1/fine_tuning/jobs request.seed must be sent now",
            "POST /v1/fine_tuning/jobs answer.id may be missing now",
            "POST /v1/fine_tuning/jobs has no parameter idempotency-key in header any more",
            "POST /v1/fine_tuning/jobs needs the parameter colour in query");
  }

  @Test
  void anotherTypeBreaks() {
    object(JOB + "/properties/seed").put("type", "string");
    object(JOB + "/properties/finished_at").put("type", "integer");
    object(NEW_JOB + "/properties/seed").put("type", "integer");
    object(NEW_JOB + "/properties/suffix").put("pattern", "[a-z]+");
    object(NEW_JOB + "/properties/priority").put("minimum", 0);
    object(JOB + "/properties/object").put("const", "job");
    assertThat(changes())
        .contains(
            "POST /v1/fine_tuning/jobs answer.seed may now be [string]",
            "POST /v1/fine_tuning/jobs request.seed can no longer be [null]",
            "POST /v1/fine_tuning/jobs request.suffix has another pattern: \"[a-z]+\"",
            "POST /v1/fine_tuning/jobs request.priority has another minimum: 0",
            "POST /v1/fine_tuning/jobs answer.object has lost a value: [\"job\"]")
        .noneMatch(change -> change.contains("finished_at"));
  }

  @Test
  void anotherNameOrScopeOrStatusBreaks() {
    object(JOBS + "/post").put("operationId", "submitJob");
    object(JOBS + "/get/security/0").putArray("bearer").add("api.organization.read");
    object(JOBS + "/get/responses").remove("200");
    object("/paths/~1v1~1chat~1completions/post/responses/200/content").remove("text/event-stream");
    assertThat(changes())
        .contains(
            "POST /v1/fine_tuning/jobs has another operationId: \"submitJob\"",
            "GET /v1/fine_tuning/jobs has no answer 200 any more",
            "POST /v1/chat/completions gives no text/event-stream any more")
        .anyMatch(change -> change.startsWith("GET /v1/fine_tuning/jobs has another security"));
  }

  private List<String> changes() {
    return BreakingChanges.between(
        new ApiDocument(ApiDocument.read(ApiDocument.FILE)), new ApiDocument(changed));
  }

  private JsonNode at(String pointer) {
    assertThat(changed.at(pointer).isMissingNode()).as(pointer).isFalse();
    return changed.at(pointer);
  }

  private ObjectNode object(String pointer) {
    return (ObjectNode) at(pointer);
  }
}
