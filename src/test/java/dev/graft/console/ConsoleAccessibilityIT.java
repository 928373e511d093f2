package dev.graft.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.openai.StartedGraft;
import dev.graft.tenancy.ApiClient;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.support.ui.ExpectedConditions;
import tools.jackson.databind.JsonNode;

/** Every page, empty and full, on a desk and on a phone, in light and in dark. */
class ConsoleAccessibilityIT extends StartedGraft {
  private static final Duration PATIENCE = Duration.ofSeconds(120);
  private static final Set<String> ENDED = Set.of("succeeded", "failed", "cancelled");
  private static final String ROW =
      "{\"messages\":[{\"role\":\"user\",\"content\":\"say"
          + " %1$d\"},{\"role\":\"assistant\",\"content\":\"yes %1$d\"}]}";
  private static final String JOB =
      "{'model':'tiny','training_file':'%1$s','validation_file':'%1$s','suffix':'%2$s',"
          + "'adapter':{'peft':{'r':8},'training':{'max_steps':40,'learning_rate':0.03,"
          + "'per_device_train_batch_size':8,'eval_steps':10,'save_steps':10}}}";

  @TempDir Path directory;
  private ChromeDriver browser = null;
  private PageAudit audit = null;
  private ApiClient api = new ApiClient(0, "");

  @BeforeEach
  void open() throws Exception {
    browser = Chromium.start();
    audit = new PageAudit(browser);
    registerTiny();
    api = new ApiClient(URI.create(url()).getPort(), ownerKey("audited"));
  }

  @AfterEach
  void close() {
    if (browser != null) browser.quit();
  }

  @Test
  void noPageShutsAnybodyOut() throws Exception {
    outside();
    emptyPages();
    String rows = filesAndTheirReport();
    Map<String, String> job = aJob(rows);
    String model = job.get("model");
    forms(rows, model);
    models(model);
    evaluations(rows, model);
    waitingJobs(rows);
    department();
    audit.assertNothingWasFound();
    assertThat(Chromium.complaints(browser)).isEmpty();
  }

  private void outside() throws Exception {
    look("/docs", "docs", ".swagger-ui .opblock-tag");
    look("/console/sign-in", "sign-in", "form");
    assertThat(Chromium.complaints(browser)).isEmpty();
    browser.findElement(By.name("key")).sendKeys("sk-graft-nobody");
    browser.findElement(By.cssSelector("main button")).click();
    see(".refused");
    audit.look("sign-in-refused");
    Chromium.complaints(browser); // its status is 401
    browser.findElement(By.name("key")).sendKeys(api.key());
    browser.findElement(By.cssSelector("main button")).click();
    see("main .empty");
  }

  private void emptyPages() throws Exception {
    aMenuThatFolds();
    for (String page : List.of("jobs", "files", "models", "evaluations")) {
      look("/console/" + page, page + "-empty", "main .empty");
    }
    look("/console/new-job", "new-job-empty", "main");
    look("/console/evaluations/new", "new-evaluation-empty", "main");
    look("/console/nothing", "refused", ".refused");
    Chromium.complaints(browser); // its status is 404
  }

  private void aMenuThatFolds() throws Exception {
    By entry = By.cssSelector("nav a[href$=playground]");
    assertThat(browser.findElement(entry).isDisplayed()).isTrue();
    audit.show(PageAudit.PHONE, "light");
    assertThat(browser.findElement(entry).isDisplayed()).isFalse();
    browser.findElement(By.cssSelector(".fold")).click();
    assertThat(browser.findElement(entry).isDisplayed()).isTrue();
    audit.look("menu");
  }

  private String filesAndTheirReport() throws Exception {
    String rows =
        IntStream.range(0, 24)
            .mapToObj(i -> ROW.formatted(i % 20))
            .collect(Collectors.joining("\n"));
    String file = upload("support.jsonl", rows);
    ended("/v1/files/" + file, "processed");
    look("/console/files", "files", "tbody");
    look("/console/files/" + file, "file", "#report .facts");
    browser.get(url() + "/console/files");
    Path broken = directory.resolve("broken.jsonl");
    Files.writeString(broken, rows + "\n{\"messages\": 7}\nno JSON");
    browser.findElement(By.name("file")).sendKeys(broken.toString());
    click("form.card button", ".refused li");
    audit.look("files-refused");
    return file;
  }

  private Map<String, String> aJob(String rows) throws Exception {
    String id = create("/v1/fine_tuning/jobs", JOB.formatted(rows, "support"));
    JsonNode job = ended("/v1/fine_tuning/jobs/" + id, "succeeded");
    look("/console/jobs", "jobs", "tbody");
    look("/console/jobs/" + id, "job", ".uplot canvas");
    return Map.of("id", id, "model", job.get("fine_tuned_model").asString());
  }

  private void forms(String rows, String model) throws Exception {
    look("/console/new-job?file=" + rows, "new-job", "form.card");
    click("[hx-post$=quote]", "#outcome .facts");
    audit.look("new-job-quote");
    click("[hx-post$=preview]", "#outcome .tokens");
    audit.look("new-job-preview");
    browser.findElement(By.name("epochs")).sendKeys("50");
    browser.executeScript("document.querySelector('[name=epochs]').max = 100");
    browser.findElement(By.name("epochs")).sendKeys("0");
    click("[hx-post$=quote]", "#outcome .refused");
    audit.look("new-job-refused");
    look("/console/playground?model=" + model, "playground", "#question");
    browser.findElement(By.id("question")).sendKeys("say 3");
    browser.executeScript("document.querySelector('#maxTokens').value = 8");
    click("#ask", "#right .answer");
    see("#left .answer");
    audit.look("playground-answers");
  }

  private void models(String model) throws Exception {
    look("/console/models", "models", "tbody");
    look("/console/models?name=none-is-called-this", "models-not-found", "main .empty");
    browser.get(url() + "/console/models?name=" + model);
    browser.findElement(By.cssSelector("tbody a")).click();
    see("main table");
    audit.look("model");
  }

  private void evaluations(String rows, String model) throws Exception {
    look("/console/evaluations/new?model=" + model, "new-evaluation", "form.card");
    String plan =
        "{'name':'October','models':['%s'],'file':'%s','max_completion_tokens':8,"
            + "'gates':[{'metric':'exact_match','at_least':0.5},{'metric':'loss','better_by':0},"
            + "{'metric':'rouge_l','at_least':1.01}]}";
    String id = create("/v1/evaluations", plan.formatted(model, rows));
    ended("/v1/evaluations/" + id, "succeeded");
    look("/console/evaluations", "evaluations", "tbody");
    look("/console/evaluations/" + id, "evaluation", "#samples article");
    String stopped = create("/v1/evaluations", plan.formatted(model, rows));
    ApiClient.ok(api.post("/v1/evaluations/" + stopped + "/cancel", "{}"));
    look("/console/evaluations/" + stopped, "evaluation-cancelled", "tbody");
  }

  /** Where no job may run, one waits, and says for what. */
  private void waitingJobs(String rows) throws Exception {
    String department =
        ApiClient.ok(api.get("/v1/organization/projects"))
            .at("/data")
            .valueStream()
            .filter(each -> each.get("name").asString().equals("audited"))
            .map(each -> each.get("id").asString())
            .findFirst()
            .orElseThrow();
    ApiClient.ok(
        api.post(
            "/v1/organization/projects/" + department + "/limits",
            "{'max_running_jobs':0,'max_device_seconds_per_month':100000}"));
    String queued = create("/v1/fine_tuning/jobs", JOB.formatted(rows, "queued"));
    look("/console/jobs/" + queued, "job-queued", "h1");
    ApiClient.ok(api.post("/v1/fine_tuning/jobs/" + queued + "/pause", "{}"));
    look("/console/jobs/" + queued, "job-paused", "h1");
    ApiClient.ok(api.post("/v1/fine_tuning/jobs/" + queued + "/cancel", "{}"));
    look("/console/jobs/" + queued, "job-cancelled", "h1");
    look("/console/jobs", "jobs-of-all-kinds", "tbody");
  }

  private void department() throws Exception {
    look("/console/base-models", "base-models", "form.card");
    look("/console/departments", "organisation", "tbody");
    browser.findElement(By.partialLinkText("Department")).click();
    see("form.card");
    audit.look("department");
    browser.findElement(By.name("name")).sendKeys("portal");
    click("form.card button", ".secret");
    audit.look("department-key");
  }

  private void look(String path, String name, String until) throws Exception {
    browser.get(url() + path);
    see(until);
    audit.look(name);
  }

  private void click(String button, String until) {
    Chromium.patiently(browser, PATIENCE)
        .until(ExpectedConditions.elementToBeClickable(By.cssSelector(button)))
        .click();
    see(until);
  }

  private WebElement see(String css) {
    return Chromium.patiently(browser, PATIENCE)
        .until(ExpectedConditions.visibilityOfElementLocated(By.cssSelector(css)));
  }

  private String create(String path, String body) throws Exception {
    return ApiClient.text(ApiClient.ok(api.post(path, body)), "id");
  }

  private String upload(String name, String rows) throws Exception {
    String body =
        "--X\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nfine-tune\r\n"
            + "--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"%s\"\r\n\r\n%s\r\n--X--\r\n"
                .formatted(name, rows);
    return ApiClient.text(ApiClient.ok(api.send("POST", "/v1/files", body)), "id");
  }

  private JsonNode ended(String path, String status) {
    return await()
        .atMost(PATIENCE)
        .until(
            () -> {
              HttpResponse<String> answer = api.get(path);
              JsonNode thing = ApiClient.ok(answer);
              String now = thing.path("status").asString();
              assertThat(ENDED.contains(now) && !now.equals(status)).as(answer.body()).isFalse();
              return thing;
            },
            thing -> thing.path("status").asString().equals(status));
  }
}
