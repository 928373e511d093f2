package dev.graft.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.pg.GraftIT;
import dev.graft.spec.TrainingSpec;
import dev.graft.tenancy.ApiClient;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Who gets in, with what, and what a page never does. */
@GraftIT
class ConsoleIT {
  private static final List<String> PAGES =
      List.of(
          "/console/jobs",
          "/console/new-job",
          "/console/files",
          "/console/models",
          "/console/playground",
          "/console/evaluations",
          "/console/evaluations/new",
          "/console/departments",
          "/console/base-models");

  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired JdbcClient sql;
  private String department = "";
  private ApiKeys.Created key = null;
  private PageClient browser = null;

  @BeforeEach
  void aKey() {
    department = departments.ensure("console " + UUID.randomUUID());
    key = keys.create(department, Caller.Scope.ADMIN);
    browser = new PageClient(port);
  }

  @Test
  void everyPageOpensToWhoeverIsSignedIn() throws Exception {
    assertThat(browser.signIn(key.secret()).headers().firstValue("location"))
        .hasValueSatisfying(to -> assertThat(to).endsWith("/console"));
    assertThat(browser.get("/console").headers().firstValue("location")).hasValue("/console/jobs");
    for (String page : PAGES) {
      HttpResponse<String> answer = browser.get(page);
      assertThat(answer.statusCode()).as(page + answer.body()).isEqualTo(200);
      assertThat(answer.body()).as(page).contains("</html>", "Sign out");
    }
    assertThat(browser.get("/console/departments/" + department).body())
        .contains(key.secret().substring(0, 12))
        .doesNotContain(key.secret());
  }

  @Test
  void withoutASessionEveryPageLeadsToTheSignInAndBack() throws Exception {
    for (String page : PAGES) {
      HttpResponse<String> answer = browser.get(page);
      assertThat(answer.statusCode()).isEqualTo(302);
      assertThat(answer.headers().firstValue("location"))
          .hasValueSatisfying(to -> assertThat(to).endsWith("/console/sign-in?to=" + page));
    }
    HttpResponse<String> part =
        browser.get(
            "/console/jobs?part=rows",
            "hx-request",
            "true",
            "hx-current-url",
            "http://127.0.0.1:" + port + "/console/jobs?after=x");
    assertThat(part.headers().firstValue("hx-redirect"))
        .hasValue("/console/sign-in?to=/console/jobs?after%3Dx");
  }

  @Test
  void aKeyInAHeaderIsNoSession() throws Exception {
    assertThat(browser.get("/console/jobs", "authorization", "Bearer " + key.secret()).statusCode())
        .isEqualTo(302);
  }

  @Test
  void aWrongKeyOpensNothingAndSaysSo() throws Exception {
    HttpResponse<String> answer = browser.signIn("sk-graft-nobody");
    assertThat(answer.statusCode()).isEqualTo(401);
    assertThat(answer.body()).contains("unknown, expired or revoked");
    assertThat(browser.session()).isEmpty();
  }

  @Test
  void scriptsAndOtherSitesCannotReadTheCookie() throws Exception {
    List<String> cookies = browser.signIn(key.secret()).headers().allValues("set-cookie");
    assertThat(cookies)
        .anySatisfy(
            cookie ->
                assertThat(cookie)
                    .startsWith("graft_session=ses-graft-")
                    .contains("HttpOnly", "SameSite=Lax", "Max-Age=43200"));
  }

  @Test
  void aSessionIsAsLongAsItsKeyAndNoLonger() throws Exception {
    browser.signIn(key.secret());
    assertThat(browser.get("/console/jobs").statusCode()).isEqualTo(200);
    keys.revoke(key.id());
    assertThat(browser.get("/console/jobs").statusCode()).isEqualTo(302);
  }

  @Test
  void aSessionEndsByItself() throws Exception {
    browser.signIn(key.secret());
    sql.sql("update web_session set expires_at = created_at where key_id = :key")
        .param("key", key.id())
        .update();
    assertThat(browser.get("/console/jobs").statusCode()).isEqualTo(302);
  }

  @Test
  void whoSignsOutIsOutOnTheServerToo() throws Exception {
    browser.signIn(key.secret());
    String session = browser.session();
    browser.get("/console/jobs");
    browser.post("/console/sign-out", Map.of());
    assertThat(browser.session()).isEmpty();
    browser.bringBack(session);
    assertThat(browser.get("/console/jobs").statusCode()).isEqualTo(302);
    assertThat(
            sql.sql("select type from audit_log where department_id = :d order by effective_at, id")
                .param("d", department)
                .query(String.class)
                .list())
        .containsSubsequence("login.succeeded", "logout.succeeded");
  }

  @Test
  void noTokenOfASessionIsStored() throws Exception {
    browser.signIn(key.secret());
    assertThat(
            sql.sql("select encode(hash, 'escape') || id from web_session")
                .query(String.class)
                .list())
        .noneMatch(row -> row.contains(browser.session()));
  }

  @Test
  void aFormOfAnotherSiteDoesNothing() throws Exception {
    browser.signIn(key.secret());
    String name = "made elsewhere " + UUID.randomUUID();
    HttpResponse<String> answer =
        browser.postFromElsewhere("/console/departments", Map.of("name", name));
    assertThat(answer.statusCode()).isEqualTo(403);
    assertThat(answer.body()).contains("nothing was changed");
    assertThat(departments.find(name)).isEmpty();
    browser.get("/console/departments");
    assertThat(browser.post("/console/departments", Map.of("name", name)).statusCode())
        .isEqualTo(302);
    assertThat(departments.find(name)).isPresent();
  }

  @Test
  void anotherDepartmentsThingsAreNotThere() throws Exception {
    String other = keys.create(departments.ensure("other"), Caller.Scope.USER).secret();
    String file = upload(other, "theirs.jsonl");
    browser.signIn(key.secret());
    HttpResponse<String> answer = browser.get("/console/files/" + file);
    assertThat(answer.statusCode()).isEqualTo(404);
    assertThat(answer.body()).doesNotContain("theirs.jsonl").contains("Request", "role=\"alert\"");
  }

  @Test
  void aMemberSeesNoOrganisation() throws Exception {
    browser.signIn(keys.create(department, Caller.Scope.USER).secret());
    assertThat(browser.get("/console/jobs").body()).doesNotContain("Organisation");
    assertThat(browser.get("/console/departments").statusCode()).isEqualTo(404);
    assertThat(browser.get("/console/base-models").statusCode()).isEqualTo(403);
    HttpResponse<String> own = browser.get("/console/departments/" + department);
    assertThat(own.statusCode()).isEqualTo(200);
    assertThat(own.body()).contains("Limits").doesNotContain("Create key");
    String other = departments.ensure("not theirs");
    assertThat(browser.get("/console/departments/" + other).statusCode()).isEqualTo(404);
  }

  @Test
  void namesOfFilesAreTextAndNothingElse() throws Exception {
    String file = upload(key.secret(), "<img src=x onerror=alert(1)>.jsonl");
    browser.signIn(key.secret());
    for (String page : List.of("/console/files", "/console/files/" + file, "/console/new-job")) {
      assertThat(browser.get(page).body())
          .as(page)
          .contains("&lt;img")
          .doesNotContain("<img src=x");
    }
  }

  @Test
  void pagesRunTheirOwnScriptsOnlyAndAllOfThemAreThere() throws Exception {
    HttpResponse<String> page = browser.get("/console/sign-in");
    assertThat(page.headers().firstValue("content-security-policy"))
        .hasValueSatisfying(
            policy ->
                assertThat(policy)
                    .contains("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'")
                    .doesNotContain("unsafe"));
    browser.signIn(key.secret());
    Matcher assets =
        Pattern.compile("(?:src|href)=\"(/console/assets/[^\"]+)\"")
            .matcher(page.body() + browser.get("/console/jobs").body());
    assertThat(assets.results().map(found -> found.group(1)).distinct().toList())
        .hasSizeGreaterThan(3)
        .allSatisfy(asset -> assertThat(browser.get(asset).statusCode()).isEqualTo(200));
    assertThat(browser.get("/console/assets/nothing.js").statusCode()).isEqualTo(404);
  }

  @Test
  void theLimitsHaveTheNumbersOfTheDocuments() throws Exception {
    browser.signIn(key.secret());
    assertThat(browser.get("/console/departments/" + department).body())
        .contains(">1.1 TB<", ">1,000<", ">30,000<", "Highest priority", "Approval");
  }

  @Test
  void theSeedThatAFormShowsIsTheOneThatIsUsed() throws Exception {
    browser.signIn(key.secret());
    upload(key.secret(), "seeded.jsonl");
    assertThat(browser.get("/console/new-job").body())
        .contains("name=\"seed\" type=\"number\" min=\"0\" placeholder=\"42\"");
    assertThat(TrainingSpec.DEFAULT_SEED).isEqualTo(42);
    assertThat(browser.get("/console/evaluations/new").body())
        .contains("name=\"seed\" type=\"number\" min=\"0\" value=\"42\"");
  }

  @Test
  void theIconIsForAnyone() throws Exception {
    HttpResponse<String> icon = browser.get("/favicon.ico");
    assertThat(icon.statusCode()).isEqualTo(200);
    assertThat(icon.headers().firstValue("content-type")).hasValue("image/svg+xml");
  }

  @Test
  void anAddressThatIsNoneIsAPage() throws Exception {
    browser.signIn(key.secret());
    HttpResponse<String> answer = browser.get("/console/nothing/here");
    assertThat(answer.statusCode()).isEqualTo(404);
    assertThat(answer.body()).contains("There is no such page.");
  }

  @Test
  void whatTheServerRefusesStandsBesideTheForm() throws Exception {
    browser.signIn(key.secret());
    browser.get("/console/new-job");
    HttpResponse<String> answer =
        browser.post(
            "/console/new-job/quote",
            Map.of("model", "none", "trainingFile", "file-x", "config", "own", "settings", "{"));
    assertThat(answer.statusCode()).isEqualTo(400);
    assertThat(answer.body()).contains("adapter is not JSON");
  }

  @Test
  void onePageSendsManyForms() throws Exception {
    browser.signIn(key.secret());
    browser.get("/console/new-job");
    Map<String, String> form = Map.of("model", "none", "trainingFile", "file-x");
    for (int i = 0; i < 3; i++) {
      assertThat(browser.post("/console/new-job/quote", form).statusCode()).isEqualTo(404);
    }
  }

  private String upload(String as, String name) throws Exception {
    String body =
        "--X\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nfine-tune\r\n"
            + "--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\""
            + name
            + "\"\r\n\r\n{\"prompt\": \"a\", \"completion\": \" b\"}\r\n--X--\r\n";
    return ApiClient.text(
        ApiClient.ok(new ApiClient(port, as).send("POST", "/v1/files", body)), "id");
  }
}
