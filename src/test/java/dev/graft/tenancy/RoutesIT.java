package dev.graft.tenancy;

import static dev.graft.tenancy.ApiClient.error;
import static dev.graft.tenancy.ApiClient.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.graft.pg.GraftIT;
import dev.graft.tenancy.ApiKey.NewKey;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;

/** What holds on every route there is: made from the routes that Spring has mapped. */
@GraftIT
class RoutesIT {
  private static final Pattern VARIABLE = Pattern.compile("\\{[^}]*}");

  /** Variables that are no id of a thing: what stands there. */
  private static final Map<String, String> WORDS =
      Map.of("{*name}", "/adapter_config.json", "{rate_limit}", "rl-requests");

  /** What a route wants to read before it looks for the thing; else {@code {}}. */
  private static final Map<String, String> BODIES =
      Map.of(
          "POST /v1/uploads/{id}/complete", "{\"part_ids\": [\"part_x\"]}",
          "POST /v1/uploads/{id}/parts",
              "--X\r\n"
                  + "Content-Disposition: form-data; name=\"data\"; filename=\"a\"\r\n\r\n"
                  + "a\r\n"
                  + "--X--\r\n",
          "POST /v1/adapter_configs/{config}/versions", "{\"adapter\": {}}",
          "POST /v1/organization/projects/{project}/users/{user}", "{\"role\": \"member\"}");

  /** Ids of what belongs to the organisation, not to a department. */
  private static final Set<String> OF_NO_DEPARTMENT =
      Set.of("{engine}", "{admin_key}", "{worker_token}");

  @Autowired
  @Qualifier("requestMappingHandlerMapping")
  RequestMappingHandlerMapping mappings;

  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ServiceAccountService accounts;
  @Autowired ApiKeys keys;
  @Autowired AuditEntries audit;
  @Autowired JdbcClient sql;
  private String own = "";
  private ApiClient anyone = new ApiClient(0, "");

  @BeforeEach
  void aDepartment() {
    anyone = new ApiClient(port, "");
    own = departments.ensure("own " + UUID.randomUUID());
  }

  @Test
  void everyRouteIsClassified() {
    assertThat(routes()).containsExactlyInAnyOrderElementsOf(ClassifiedRoutes.scopes().keySet());
  }

  @TestFactory
  Stream<DynamicTest> noRouteOpensWithoutAKey() {
    return routes().stream()
        .map(
            route ->
                dynamicTest(
                    route,
                    () -> {
                      HttpResponse<String> answer = call(anyone, route);
                      assertThat(text(error(answer, 401), "code")).isEqualTo("invalid_api_key");
                      assertThat(answer.headers().firstValue("www-authenticate")).isPresent();
                    }));
  }

  @TestFactory
  Stream<DynamicTest> everyRouteOpensByItsScopeAndByNoOther() {
    Map<String, ApiClient> byScope = new LinkedHashMap<>();
    ServiceAccount owner = accounts.create(own, "all", Role.OWNER);
    for (Permission permission : Permission.values()) {
      NewKey key = new NewKey(owner, "one scope", true, List.of(permission.scope()), null);
      byScope.put(permission.scope(), anyone.as(keys.create(key, null).secret()));
    }
    return ClassifiedRoutes.scopes().entrySet().stream()
        .map(
            route ->
                dynamicTest(
                    route.getKey(),
                    () -> {
                      for (var client : byScope.entrySet()) {
                        int status = call(client.getValue(), route.getKey()).statusCode();
                        if (client.getKey().equals(route.getValue())) {
                          assertThat(status).as(client.getKey()).isNotIn(401, 403);
                        } else {
                          assertThat(status).as(client.getKey()).isEqualTo(403);
                        }
                      }
                    }));
  }

  @TestFactory
  Stream<DynamicTest> everyRouteOpensToItsRoles() {
    ApiClient member = anyone.as(keyOf(Role.MEMBER));
    ApiClient owner = anyone.as(keyOf(Role.OWNER));
    ApiClient none = anyone.as(keyOf(Role.NONE));
    ApiClient administrator =
        anyone.as(keys.createForAdministrator(ApiKeys.UNNAMED, null).secret());
    ApiClient both = anyone.as(keys.create(own, Caller.Scope.ADMIN).secret());
    return ClassifiedRoutes.scopes().entrySet().stream()
        .map(
            route ->
                dynamicTest(
                    route.getKey(),
                    () -> {
                      String scope = route.getValue();
                      boolean organization = scope.startsWith("api.organization");
                      boolean project = scope.startsWith("api.project");
                      boolean keeping = scope.equals("api.project.write");
                      opens(member, route.getKey(), !organization && !keeping);
                      opens(owner, route.getKey(), !organization);
                      opens(none, route.getKey(), false);
                      opens(administrator, route.getKey(), organization || project);
                      opens(both, route.getKey(), true);
                    }));
  }

  @TestFactory
  Stream<DynamicTest> anotherDepartmentsThingsAreNotThereAndReachingForThemIsNoted()
      throws Exception {
    ApiClient administrator =
        anyone.as(keys.createForAdministrator(ApiKeys.UNNAMED, null).secret());
    String other = departments.ensure("other " + UUID.randomUUID());
    Map<String, String> foreign = new ForeignThings(sql, administrator).make(other);
    ServiceAccount owner = accounts.create(own, "all", Role.OWNER);
    // May do everything, but reaches only its own department.
    String key = keys.create(new NewKey(owner, "own", false, null, null), null).secret();
    List<DynamicTest> tests = new ArrayList<>();
    for (var route : ClassifiedRoutes.scopes().entrySet()) {
      if (route.getValue().startsWith("api.organization")) continue;
      Matcher variable = VARIABLE.matcher(route.getKey());
      while (variable.find()) {
        String name = variable.group();
        if (WORDS.containsKey(name) || OF_NO_DEPARTMENT.contains(name)) continue;
        String pattern = route.getKey().substring(route.getKey().indexOf(' ') + 1, variable.end());
        tests.add(
            dynamicTest(
                route.getKey() + " with another's " + name,
                () -> {
                  assertThat(foreign)
                      .as("ForeignThings makes what stands at " + pattern)
                      .containsKey(pattern);
                  isNotThereAndNoted(anyone.as(key), route.getKey(), name, foreign.get(pattern));
                }));
      }
    }
    return tests.stream();
  }

  private void isNotThereAndNoted(ApiClient client, String route, String variable, String id)
      throws Exception {
    long before = noted(id);
    String ownFirst = variable.equals("{project}") ? route : route.replace("{project}", own);
    String path = ownFirst.replace(variable, URLEncoder.encode(id, StandardCharsets.UTF_8));
    String body = BODIES.getOrDefault(route, "{}");
    HttpResponse<String> answer = call(client, path, body);
    assertThat(text(error(answer, 404), "message")).doesNotContain("department");
    await().untilAsserted(() -> assertThat(noted(id)).isEqualTo(before + 1));
  }

  private long noted(String id) {
    return audit
        .older(
            new AuditEntries.Filters(
                null,
                null,
                List.of(own),
                List.of("access.denied"),
                List.of(),
                List.of(),
                List.of(id)),
            null,
            1000)
        .size();
  }

  private void opens(ApiClient client, String route, boolean expected) throws Exception {
    int status = call(client, route).statusCode();
    if (expected) assertThat(status).isNotIn(401, 403);
    else assertThat(status).isEqualTo(403);
  }

  private String keyOf(Role role) {
    ServiceAccount account = accounts.create(own, role.wire(), role);
    return keys.create(new NewKey(account, "key", false, null, null), null).secret();
  }

  private static HttpResponse<String> call(ApiClient client, String route) throws Exception {
    return call(client, route, "{}");
  }

  /** Where the route still has variables, with a word, or the id of nothing. */
  private static HttpResponse<String> call(ApiClient client, String route, String body)
      throws Exception {
    String[] parts = route.split(" ", 2);
    String path =
        VARIABLE
            .matcher(parts[1])
            .replaceAll(name -> Matcher.quoteReplacement(WORDS.getOrDefault(name.group(), "x")));
    String content = parts[0].equals("POST") ? body : null;
    return client.send(parts[0], path.replace("//", "/"), content);
  }

  private Set<String> routes() {
    Set<String> routes = new TreeSet<>();
    mappings
        .getHandlerMethods()
        .keySet()
        .forEach(
            info ->
                info.getPatternValues().stream()
                    .filter(pattern -> pattern.startsWith("/v1/"))
                    // What an id may not be is no part of its route's name.
                    .map(pattern -> pattern.replaceAll("\\{(\\w+):[^}]*}", "{$1}"))
                    .forEach(
                        pattern ->
                            info.getMethodsCondition()
                                .getMethods()
                                .forEach(method -> routes.add(method + " " + pattern))));
    return routes;
  }
}
