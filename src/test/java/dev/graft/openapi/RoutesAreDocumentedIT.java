package dev.graft.openapi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.graft.openapi.ApiDocument.Operation;
import dev.graft.pg.GraftIT;
import dev.graft.platform.RouteGate.RouteAccess;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.http.server.PathContainer;
import org.springframework.web.servlet.mvc.method.RequestMappingInfo;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;

/** The document and the code have the same routes, and the server hands the document out. */
@GraftIT
class RoutesAreDocumentedIT {
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  @Autowired
  @Qualifier("requestMappingHandlerMapping")
  RequestMappingHandlerMapping mappings;

  @Autowired List<RouteAccess> access;
  @Autowired ApiKeys keys;
  @Autowired Departments departments;
  @LocalServerPort int port;
  private String key = "";

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

  /** {@code OPTIONS} and each 405; HEAD is wherever GET is, and OPTIONS everywhere. */
  @TestFactory
  Stream<DynamicTest> everyPathAllowsTheMethodsThatTheDocumentSaysAndNoOther() {
    key = keys.create(departments.ensure("all"), Caller.Scope.ADMIN).secret();
    return ApiDocument.graft().operations().stream()
        .map(each -> each.path().replaceAll("\\{\\w+}", "1"))
        .distinct()
        .map(path -> dynamicTest(path, () -> allows(path, documented(path))));
  }

  /** Of the path with these words, or of that with an id in their place. */
  private static Set<String> documented(String path) {
    Set<String> exactly = methods(each -> each.path().equals(path));
    return exactly.isEmpty()
        ? methods(each -> path.matches(each.path().replaceAll("\\{\\w+}", "[^/]+")))
        : exactly;
  }

  private static Set<String> methods(Predicate<Operation> which) {
    return ApiDocument.graft().operations().stream()
        .filter(which)
        .map(each -> each.method().toUpperCase(Locale.ROOT))
        .collect(Collectors.toSet());
  }

  private void allows(String path, Set<String> documented) throws Exception {
    Set<String> all = new TreeSet<>(documented);
    all.add("OPTIONS");
    if (all.contains("GET")) all.add("HEAD");
    assertThat(allowed(send("OPTIONS", path), 200)).containsExactlyInAnyOrderElementsOf(all);
    for (String method : List.of("GET", "POST", "PUT", "PATCH", "DELETE", "QUERY")) {
      if (all.contains(method)) continue;
      assertThat(allowed(send(method, path), 405))
          .as(method)
          .containsExactlyInAnyOrderElementsOf(all);
    }
  }

  private static List<String> allowed(HttpResponse<String> answer, int status) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    return List.of(answer.headers().firstValue("allow").orElseThrow().split(", ?"));
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
    return send("GET", path);
  }

  private HttpResponse<String> send(String method, String path) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
            .method(method, BodyPublishers.noBody());
    if (!key.isEmpty()) request.header("authorization", "Bearer " + key);
    return HTTP.send(request.build(), BodyHandlers.ofString());
  }
}
