package dev.graft.openapi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.openapi.ApiDocument.Operation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The document is complete, and true to itself. */
class ApiDocumentTests {
  private final ApiDocument document = ApiDocument.graft();

  /** Generators read it by SnakeYAML, which is stricter than what reads it here. */
  @Test
  void generatorsReadIt() throws IOException {
    Map<String, Object> read = new Yaml().load(Files.readString(Path.of("docs/openapi.yaml")));
    assertThat(read).containsKeys("openapi", "paths", "components");
  }

  @Test
  void everyOperationHasAnIdOfItsOwnATagOfTheListASummaryAndAScope() {
    Set<String> ids = new HashSet<>();
    Set<String> tags = texts(document.root().path("tags").findValues("name"));
    for (Operation operation : document.operations()) {
      JsonNode described = operation.described();
      assertThat(described.path("operationId").asString())
          .as(operation.toString())
          .matches("[a-zA-Z]+");
      assertThat(ids.add(described.path("operationId").asString()))
          .as(operation.toString())
          .isTrue();
      assertThat(tags).as(operation.toString()).contains(described.at("/tags/0").asString());
      assertThat(described.path("summary").asString()).as(operation.toString()).isNotBlank();
      assertThat(described.at("/security/0/bearer")).as(operation.toString()).hasSize(1);
    }
  }

  @Test
  void everyOperationNamesTheErrorsThatAllHave() {
    for (Operation operation : document.operations()) {
      Set<String> statuses = Set.copyOf(operation.described().path("responses").propertyNames());
      assertThat(statuses)
          .as(operation.toString())
          .contains("400", "401", "403", "406", "429", "500");
      if (operation.path().contains("{")) assertThat(statuses).contains("404");
      if (operation.described().has("requestBody")) assertThat(statuses).contains("413", "415");
    }
  }

  @Test
  void everyErrorIsInTheEnvelopeWithAnExampleAndEveryAnswerHasARequestId() {
    for (Operation operation : document.operations()) {
      for (var response : operation.described().path("responses").properties()) {
        JsonNode described = document.resolve(response.getValue());
        String name = operation + " " + response.getKey();
        assertThat(described.path("headers").has("x-request-id")).as(name).isTrue();
        if (response.getKey().compareTo("400") < 0) continue;
        JsonNode content = described.at("/content/application~1json");
        assertThat(content.at("/schema/$ref").asString()).as(name).endsWith("/ErrorEnvelope");
        assertThat(content.at("/example/error/message").asString()).as(name).isNotBlank();
      }
    }
  }

  /** In YAML's short form a comma ends a text that has no quotes; the rest becomes a key. */
  @Test
  void noTextIsCutAtItsComma() {
    assertThat(keysWithSpaces(document.root())).isEmpty();
  }

  private static Stream<String> keysWithSpaces(JsonNode node) {
    Stream<String> own =
        node.properties().stream()
            .filter(each -> each.getValue().isNull() && each.getKey().contains(" "))
            .map(Map.Entry::getKey);
    return Stream.concat(own, node.valueStream().flatMap(ApiDocumentTests::keysWithSpaces));
  }

  @Test
  void everyVariableOfAPathIsAParameter() {
    for (Operation operation : document.operations()) {
      Set<String> declared =
          list(operation.described().path("parameters"))
              .map(document::resolve)
              .filter(each -> each.path("in").asString().equals("path"))
              .map(each -> "{" + each.path("name").asString() + "}")
              .collect(Collectors.toSet());
      Set<String> used =
          Stream.of(operation.path().split("/"))
              .filter(part -> part.startsWith("{"))
              .collect(Collectors.toSet());
      assertThat(declared).as(operation.toString()).isEqualTo(used);
    }
  }

  @Test
  void everyReferenceLeadsSomewhereAndNothingIsThereForNothing() {
    Set<String> used = new TreeSet<>(texts(document.root().findValues("$ref")));
    for (String reference : used) {
      assertThat(document.root().at(reference.substring(1)).isMissingNode())
          .as(reference)
          .isFalse();
    }
    for (String kind : List.of("schemas", "responses", "parameters", "headers")) {
      for (String name : document.root().path("components").path(kind).propertyNames()) {
        assertThat(used).contains("#/components/" + kind + "/" + name);
      }
    }
  }

  @Test
  void everyExampleIsWhatItsSchemaSays() {
    int examples = 0;
    for (String name : document.root().at("/components/schemas").propertyNames()) {
      JsonNode schema = document.root().at("/components/schemas/" + name);
      for (JsonNode example : schema.path("examples")) {
        assertThat(document.problems(reference(name), example)).as(name).isEmpty();
        examples++;
      }
    }
    assertThat(examples).isGreaterThan(50);
  }

  @Test
  void everyBodyOfARequestOrAnswerHasAnExampleAndNoRequestTakesMoreThanItNames() {
    for (Operation operation : document.operations()) {
      JsonNode body = operation.described().at("/requestBody/content/application~1json/schema");
      if (body.isMissingNode()) continue;
      JsonNode schema = document.resolve(body.has("anyOf") ? body.at("/anyOf/0") : body);
      assertThat(schema.path("examples")).as(operation.toString()).isNotEmpty();
      assertThat(schema.path("additionalProperties").asBoolean(true))
          .as(operation.toString())
          .isFalse();
    }
  }

  @Test
  void theVersionIsTheProjects() throws IOException {
    String version = document.root().at("/info/version").asString();
    assertThat(Files.readString(Path.of("pom.xml")))
        .containsPattern("<artifactId>graft</artifactId>\\s*<version>" + version + "(-SNAPSHOT)?<");
  }

  private static JsonNode reference(String schema) {
    return JsonMapper.shared().createObjectNode().put("$ref", "#/components/schemas/" + schema);
  }

  private static Set<String> texts(List<JsonNode> nodes) {
    return nodes.stream().map(JsonNode::asString).collect(Collectors.toSet());
  }

  private static Stream<JsonNode> list(JsonNode node) {
    return StreamSupport.stream(node.spliterator(), false);
  }
}
