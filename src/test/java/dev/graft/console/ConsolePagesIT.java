package dev.graft.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.adapters.PublishedAdapters;
import dev.graft.adapters.PublishedAdapters.Published;
import dev.graft.pg.GraftIT;
import dev.graft.tenancy.ApiClient;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import java.net.InetAddress;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What pages ask of the API on the way, and what they make of its answers. */
@GraftIT
class ConsolePagesIT {
  private static final int LARGE = 3_000_000;

  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired JdbcClient sql;
  @Autowired PublishedAdapters published;
  private String department = "";
  private String key = "";
  private PageClient browser = null;

  @BeforeEach
  void signIn() throws Exception {
    department = departments.ensure("pages " + UUID.randomUUID());
    key = keys.create(department, Caller.Scope.ADMIN).secret();
    browser = new PageClient(port);
    browser.signIn(key);
  }

  @Test
  void aLinkChoosesItsFileHoweverOldItIs() throws Exception {
    String first = upload("the first.jsonl");
    for (int i = 0; i < Choices.NEWEST; i++) upload("later.jsonl");
    assertThat(browser.get("/console/new-job").body()).doesNotContain("the first.jsonl");
    assertThat(browser.get("/console/new-job?file=" + first).body())
        .containsPattern("value=\"" + first + "\"[^>]*\\sselected=\"selected\"")
        .contains("the first.jsonl");
  }

  @Test
  void anAliasIsGivenToAModelMovedAndRolledBack() throws Exception {
    Published one = published.publish(department);
    Published two = published.publish(department);
    assertThat(browser.get("/console/models").body()).doesNotContain("Aliases");
    for (Published each : List.of(one, two)) {
      browser.post(
          "/console/models/" + each.id() + "/alias", Map.of("alias", "prod", "reason", "better"));
    }
    assertThat(browser.get("/console/models").body())
        .contains("Aliases", "name=\"current\" value=\"" + two.model() + "\"")
        .doesNotContain("Serving engines");
    browser.post("/console/aliases/prod/rollback", Map.of("current", two.model()));
    assertThat(browser.get("/console/models").body())
        .contains("name=\"current\" value=\"" + one.model() + "\"");
    // pressed twice
    browser.post("/console/aliases/prod/rollback", Map.of("current", two.model()));
    assertThat(browser.get("/console/models/" + one.id()).body())
        .contains("Use under an alias", "<option value=\"prod\">" + one.model());
  }

  @Test
  void anAdministratorOfNoDepartmentBeginsWithTheOrganisation() throws Exception {
    PageClient administrator = new PageClient(port);
    administrator.signIn(keys.createForAdministrator(ApiKeys.UNNAMED, null).secret());
    assertThat(administrator.get("/console").headers().firstValue("location"))
        .hasValue("/console/departments");
    assertThat(administrator.get("/console/departments").body())
        .contains("Organisation", "Newest jobs of all departments")
        .doesNotContain("Playground");
  }

  @Test
  void anAdministratorSeesImportsOfBaseModelsAndEndsThem() throws Exception {
    sql.sql(
            """
            insert into base_model_import (id, name, source, state, bytes, total_bytes, error, created_at, ended_at)
            values ('bmimport-page1', 'page-1', 'hf:acme/one', 'running', 50000000, 100000000, null, graft_now(), null),
                   ('bmimport-page2', 'page-2', 'hf:acme/two', 'failed', 0, null, 'there is no <b>two</b>', graft_now(), graft_now())
            """)
        .update();
    assertThat(browser.get("/console/base-models").body())
        .contains("value=\"50\"", "50 MB of 100 MB", "there is no &lt;b&gt;two&lt;/b&gt;")
        .contains("hx-trigger=\"every 2s\"", "SmolLM2-135M-Instruct@12fd25f7", "Add base model");
    browser.post("/console/base-models/imports/bmimport-page1/cancel", Map.of());
    assertThat(browser.get("/console/base-models?part=imports").body())
        .contains("cancelled")
        .doesNotContain("every 2s", "</html>");
    assertThat(
            browser.post("/console/base-models", Map.of("name", "x", "source", "no source")).body())
        .contains("hf:organization/name");
  }

  @Test
  void theAuditLogHasTheAddressOfTheBrowser() throws Exception {
    PageClient elsewhere = new PageClient(port, InetAddress.getByName("127.0.0.2"));
    elsewhere.signIn(key);
    elsewhere.get("/console/departments");
    String name = "looked at " + UUID.randomUUID();
    elsewhere.post("/console/departments", Map.of("name", name));
    assertThat(addressesOf(name)).containsExactly("127.0.0.2");
  }

  @Test
  void nobodyElseSaysWhereTheyAre() throws Exception {
    String name = "forged " + UUID.randomUUID();
    String body = "{\"name\": \"" + name + "\"}";
    ApiClient.ok(
        new ApiClient(port, key)
            .send(
                "POST",
                "/v1/organization/projects",
                body,
                "x-graft-browser-address",
                "a-word-that-is-as-long-as-the-real-one-was " + "203.0.113.9"));
    assertThat(addressesOf(name)).containsExactly("127.0.0.1");
  }

  private List<String> addressesOf(String departmentName) {
    return sql.sql(
            """
            select ip_address from audit_log
            where type = 'project.created' and department_id = (select id from department where name = :name)
            """)
        .param("name", departmentName)
        .query(String.class)
        .list();
  }

  @Test
  void anUploadThatIsRefusedBeforeItsEndSaysWhy() throws Exception {
    browser.get("/console/files");
    String body =
        "--X\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nnonsense\r\n"
            + "--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\n\r\n"
            + "x".repeat(LARGE)
            + "\r\n--X--\r\n";
    HttpResponse<String> answer = browser.upload("/console/files", "X", body);
    assertThat(answer.body()).contains("role=\"alert\"", "nonsense");
    assertThat(answer.headers().firstValue("hx-reswap")).hasValue("innerHTML");
  }

  @Test
  void anUploadLeadsToTheFilesPage() throws Exception {
    browser.get("/console/files");
    HttpResponse<String> answer = browser.upload("/console/files", "X", form("rows.jsonl"));
    String page = answer.headers().firstValue("hx-redirect").orElseThrow();
    assertThat(browser.get(page).body()).contains("rows.jsonl");
    assertThat(browser.get(page + "?part=live").body())
        .contains("rows.jsonl", "id=\"live\"")
        .doesNotContain("</html>");
    HttpResponse<String> content = browser.get(page + "/content");
    assertThat(content.body()).contains("completion");
    assertThat(content.headers().firstValue("content-disposition"))
        .hasValueSatisfying(how -> assertThat(how).startsWith("attachment"));
  }

  @Test
  void aFileInAnotherFormatHasAButtonThatMakesChatRowsOfIt() throws Exception {
    browser.get("/console/files");
    String rows = "{\"question\": \"a\", \"answer\": \"b\"}";
    String form = form("faq.jsonl").replace("{\"prompt\": \"a\", \"completion\": \" b\"}", rows);
    HttpResponse<String> kept = browser.upload("/console/files", "X", form);
    String page = kept.headers().firstValue("hx-redirect").orElseThrow();
    assertThat(browser.get(page).body())
        .contains("a question and its answer", "id=\"convert\"", "hx-post=\"" + page + "/convert");
    HttpResponse<String> answer = browser.post(page + "/convert", Map.of());
    String made = answer.headers().firstValue("hx-redirect").orElseThrow();
    assertThat(made).isNotEqualTo(page);
    assertThat(browser.get(made + "/content").body()).contains("\"role\":\"assistant\"");
    assertThat(browser.get(made).body())
        .contains("faq.chat.jsonl")
        .doesNotContain("id=\"convert\"");
  }

  @Test
  void aReportHasAButtonForWhatCanBeDone() throws Exception {
    browser.get("/console/files");
    String row = "{\"prompt\": \"a\", \"completion\": \" b\"}";
    String form = form("twice.jsonl").replace(row, row + "\n" + row);
    String page =
        browser
            .upload("/console/files", "X", form)
            .headers()
            .firstValue("hx-redirect")
            .orElseThrow();
    assertThat(browser.get(page + "/report").body())
        .contains("hx-post=\"" + page + "/remedies", "value=\"drop_duplicates\" checked");
    HttpResponse<String> answer =
        browser.post(page + "/remedies", Map.of("remedy", "drop_duplicates"));
    String made = answer.headers().firstValue("hx-redirect").orElseThrow();
    assertThat(browser.get(made).body())
        .contains("twice.remedied.jsonl", "Made of", "drop duplicates", "1 rows");
    assertThat(browser.get(made + "/report").body()).doesNotContain("id=\"remedy\"");
  }

  @Test
  void everyFieldThatAColumnCanBeIsInTheForm() throws Exception {
    String page = browser.get("/console/files").body();
    for (String field :
        "user assistant system prompt completion instruction input output chosen rejected text label"
            .split(" ")) {
      assertThat(page).contains("name=\"columns[" + field + "]\"");
    }
    assertThat(page).contains("name=\"ignore_unknown_keys\"");
  }

  @Test
  void aDownloadThatIsRefusedIsAPageAndNoFile() throws Exception {
    HttpResponse<String> answer = browser.get("/console/files/file-none/content");
    assertThat(answer.statusCode()).isEqualTo(404);
    assertThat(answer.headers().firstValue("content-disposition")).isEmpty();
    assertThat(answer.body()).contains("role=\"alert\"", "</html>");
  }

  @Test
  void anAddressWithAWrongNumberIsTheReadersMistake() throws Exception {
    HttpResponse<String> answer = browser.get("/console/jobs/ftjob-1/curve?from=x");
    assertThat(answer.statusCode()).isEqualTo(400);
    assertThat(answer.body()).contains("the form of this page is not valid");
  }

  private String upload(String name) throws Exception {
    return ApiClient.text(
        ApiClient.ok(new ApiClient(port, key).send("POST", "/v1/files", form(name))), "id");
  }

  private static String form(String name) {
    return "--X\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nfine-tune\r\n"
        + "--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\""
        + name
        + "\"\r\n\r\n{\"prompt\": \"a\", \"completion\": \" b\"}\r\n--X--\r\n";
  }
}
