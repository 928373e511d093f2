package dev.graft.openapi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.openapi.ApiDocument.Operation;
import dev.graft.pg.GraftIT;
import dev.graft.platform.RouteAccess;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.http.server.PathContainer;
import org.springframework.web.servlet.mvc.method.RequestMappingInfo;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;

/** The document and the code have the same routes, and the server hands the document out. */
@GraftIT
class RoutesAreDocumentedIT {
  @Autowired
  @Qualifier("requestMappingHandlerMapping")
  RequestMappingHandlerMapping mappings;

  @Autowired List<RouteAccess> access;
  @LocalServerPort int port;

  @Test
  void everyRouteIsInTheDocumentAndTheDocumentHasNoOther() {
    Set<String> routes =
        mappings.getHandlerMethods().keySet().stream()
            .flatMap(info -> info.getPatternValues().stream().flatMap(path -> routes(info, path)))
            .filter(route -> route.contains(" /v1/"))
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(ApiDocument.graft().operations().stream().map(Operation::toString))
        .containsExactlyInAnyOrderElementsOf(routes);
  }

  private static Stream<String> routes(RequestMappingInfo info, String path) {
    return info.getMethodsCondition().getMethods().stream()
        .map(method -> method + " " + path.replaceAll("\\{\\*?(\\w+)(:[^}]*)?}", "{$1}"));
  }

  @Test
  void everyOperationNamesTheScopeThatOpensIt() {
    for (Operation operation : ApiDocument.graft().operations()) {
      PathContainer path = PathContainer.parsePath(operation.path().replaceAll("\\{\\w+}", "x"));
      String method = operation.method().toUpperCase();
      List<String> scopes =
          access.stream().flatMap(each -> each.roleFor(method, path).stream()).toList();
      assertThat(operation.described().at("/security/0/bearer/0").asString())
          .as(operation.toString())
          .isEqualTo(scopes.getFirst());
    }
  }

  @Test
  void theServerHandsOutTheDocumentAndAPageThatShowsIt() throws Exception {
    assertThat(get("/openapi.yaml").body()).isEqualTo(Files.readString(ApiDocument.FILE));
    HttpResponse<String> page = get("/docs");
    assertThat(page.body()).contains("docs/swagger-ui-bundle.js");
    for (String asset : List.of("swagger-ui-bundle.js", "swagger-ui.css", "start.js")) {
      assertThat(page.body()).contains("docs/" + asset);
      assertThat(get("/docs/" + asset).statusCode()).isEqualTo(200);
    }
    assertThat(get("/docs/swagger-ui.css").headers().firstValue("content-type"))
        .hasValueSatisfying(type -> assertThat(type).startsWith("text/css"));
    assertThat(get("/docs/index.html").statusCode()).isEqualTo(404);
  }

  @Test
  void thePageMayRunItsOwnScriptsAndNothingElse() throws Exception {
    assertThat(get("/docs").headers().allValues("content-security-policy"))
        .singleElement()
        .asString()
        .contains("default-src 'none'", "script-src 'self';", "frame-ancestors 'none'")
        .doesNotContain("unsafe");
    assertThat(get("/docs").body()).doesNotContain("<style").doesNotContain("style=");
    assertThat(get("/docs").body()).doesNotContainPattern("<script(?! src=)");
  }

  private HttpResponse<String> get(String path) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build();
    return HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
  }
}
