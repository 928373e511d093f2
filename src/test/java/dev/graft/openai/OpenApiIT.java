package dev.graft.openai;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The served document says what the code does. */
class OpenApiIT extends StartedGraft {
  @Autowired
  @Qualifier("requestMappingHandlerMapping")
  private RequestMappingHandlerMapping mappings;

  @Test
  void everyPublicRouteIsInTheDocument() throws Exception {
    JsonNode paths = document().path("paths");
    Set<String> documented = new TreeSet<>();
    paths
        .properties()
        .forEach(
            path ->
                path.getValue()
                    .propertyNames()
                    .forEach(method -> documented.add(method.toUpperCase() + " " + path.getKey())));
    Set<String> routes = new TreeSet<>();
    mappings
        .getHandlerMethods()
        .keySet()
        .forEach(
            info ->
                info.getPatternValues().stream()
                    .filter(pattern -> pattern.startsWith("/v1/"))
                    .forEach(
                        pattern ->
                            info.getMethodsCondition()
                                .getMethods()
                                .forEach(
                                    method ->
                                        routes.add(
                                            method
                                                + " "
                                                + pattern.replaceAll(
                                                    "\\{\\*?(\\w+)(:[^}]*)?}", "{$1}")))));
    assertThat(routes).isNotEmpty();
    assertThat(documented).containsAll(routes);
  }

  @Test
  void everyOperationHasAnIdASummaryATagItsErrorsAndTheBearerScheme() throws Exception {
    JsonNode document = document();
    assertThat(document.at("/info/title").asString()).isEqualTo("Graft");
    assertThat(document.at("/components/securitySchemes/bearer/scheme").asString())
        .isEqualTo("bearer");
    Set<String> ids = new HashSet<>();
    for (var path : document.path("paths").properties()) {
      for (var operation : path.getValue().properties()) {
        String name = operation.getKey() + " " + path.getKey();
        JsonNode described = operation.getValue();
        assertThat(ids.add(described.path("operationId").asString())).as(name).isTrue();
        assertThat(described.path("operationId").asString()).as(name).doesNotContain("_");
        assertThat(described.path("summary").asString("")).as(name).isNotBlank();
        assertThat(described.path("tags")).as(name).isNotEmpty();
        assertThat(described.at("/responses/401/content").isObject()).as(name).isTrue();
      }
    }
  }

  @Test
  void fieldsAreNamedAsTheyTravel() throws Exception {
    JsonNode schemas = document().at("/components/schemas");
    assertThat(schemas.at("/Adapter/properties").propertyNames()).contains("base_model", "job_id");
    assertThat(schemas.at("/ErrorEnvelope/properties/error/required")).hasSize(4);
  }

  private JsonNode document() throws Exception {
    HttpRequest request = HttpRequest.newBuilder(URI.create(url() + "/v3/api-docs")).build();
    String body = HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body();
    return new JsonMapper().readTree(body);
  }
}
