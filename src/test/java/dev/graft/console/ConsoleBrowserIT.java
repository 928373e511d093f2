package dev.graft.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.catalog.BaseModels;
import dev.graft.openai.StartedGraft;
import dev.graft.tiny.TinyBert;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.support.ui.ExpectedConditions;
import org.openqa.selenium.support.ui.Select;
import org.springframework.beans.factory.annotation.Autowired;

/** What a department does, from its rows to the proof, in a real browser with a real trainer. */
class ConsoleBrowserIT extends StartedGraft {
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final String ROW =
      "{\"messages\":[{\"role\":\"user\",\"content\":\"say"
          + " %1$d\"},{\"role\":\"assistant\",\"content\":\"yes %1$d\"}]}";
  private static final String SETTINGS =
      "{\"peft\": {\"r\": 8}, \"training\": {\"max_steps\": 40, \"learning_rate\": 0.03,"
          + " \"per_device_train_batch_size\": 8, \"eval_steps\": 20, \"save_steps\": 20}}";

  @TempDir Path directory;
  @Autowired private BaseModels models;
  private ChromeDriver browser = null;

  @BeforeEach
  void open() throws IOException {
    browser = Chromium.start();
    registerTiny();
  }

  @AfterEach
  void close() {
    if (browser != null) browser.quit();
  }

  private WebElement see(String css) {
    return Chromium.patiently(browser, PATIENCE)
        .until(ExpectedConditions.visibilityOfElementLocated(By.cssSelector(css)));
  }

  private void see(String css, String text) {
    Chromium.patiently(browser, PATIENCE)
        .until(ExpectedConditions.textToBePresentInElementLocated(By.cssSelector(css), text));
  }

  private void press(String text) {
    Chromium.patiently(browser, PATIENCE)
        .until(
            ExpectedConditions.elementToBeClickable(
                By.xpath("//main//*[self::button or self::a][normalize-space()='" + text + "']")))
        .click();
  }

  private void field(String name, String text) {
    WebElement field = browser.findElement(By.name(name));
    field.clear();
    field.sendKeys(text);
  }

  private void choose(String name, String start) {
    Select select = new Select(browser.findElement(By.name(name)));
    select.selectByVisibleText(
        select.getOptions().stream()
            .map(WebElement::getText)
            .filter(text -> text.startsWith(start))
            .findFirst()
            .orElseThrow());
  }

  private void signIn(String department) {
    browser.get(url());
    field("key", ownerKey(department));
    press("Sign in");
    see("main .empty");
  }

  @Test
  void fromRowsToAModelThatIsBetterThanItsBase() throws IOException {
    signIn("browsers");
    upload("rows.jsonl", 24);
    press("New job");
    train();
    ask();
    evaluate();
    assertThat(Chromium.complaints(browser)).isEmpty();
  }

  private void upload(String name, int rows) throws IOException {
    List<String> lines = IntStream.range(0, rows).mapToObj(ROW::formatted).toList();
    Path file = Files.write(directory.resolve(name), lines);
    browser.get(url() + "/console/files");
    browser.findElement(By.name("file")).sendKeys(file.toString());
    press("Upload");
    see("h1", name);
    see("#report", "chat");
  }

  private void train() {
    see("form.card");
    choose("model", "tiny");
    choose("validationFile", "rows.jsonl");
    choose("config", "custom JSON");
    field("settings", "{\"peft\": {\"r\": 0}}");
    press("Estimate");
    see("#outcome .refused", "adapter.peft.r");
    field("settings", SETTINGS);
    press("Preview tokenised rows");
    see("#outcome .tokens", "yes 0");
    see("#outcome .trained");
    press("Estimate");
    see("#outcome h2", "Estimate");
    field("suffix", "browsed");
    press("Start");
    see("h1", "browsed");
    see("h1 .state", "succeeded");
    assertThat(browser.findElements(By.cssSelector("[data-curve] canvas"))).hasSize(2);
    assertThat(see(".events").getText()).contains("successfully completed");
    aCheckpointIsTried();
    press("Try it");
  }

  /** No list has it: the link names it, and its base stands beside it. */
  private void aCheckpointIsTried() {
    browser.findElement(By.id("try-20")).click();
    see("#question");
    assertThat(browser.findElements(By.name("model")))
        .extracting(select -> new Select(select).getFirstSelectedOption().getText())
        .satisfiesExactly(
            base -> assertThat(base).isEqualTo("tiny"),
            checkpoint -> assertThat(checkpoint).contains("browsed").endsWith(":ckpt-step-20"));
    browser.navigate().back();
    see("h1", "browsed");
  }

  private void ask() {
    see("#question").sendKeys("say 3");
    field("maxTokens", "8");
    press("Run");
    see("#left .answer");
    see("#right .answer", "yes");
    browser.get(url() + "/console/models");
    browser.findElement(By.partialLinkText("browsed")).click();
    see("h1", "browsed");
    assertThat(see("main table").getText()).contains("peft", "loads");
    press("Evaluate");
  }

  private void evaluate() {
    see("form.card");
    field("maxTokens", "8");
    press("Start");
    see("h1 .state", "succeeded");
    assertThat(see("main table").getText()).contains("(baseline)", "better");
    see("#samples article", "yes 0");
    choose("outcome", "better than");
    see("#samples article");
  }

  @Test
  void columnsOfACsvFileAreChosenFromItsHeader() throws IOException {
    signIn("columns");
    Path file =
        Files.writeString(
            directory.resolve("faq.csv"), "\uFEFFid;\"question\";answer\r\n1;1+1?;2\r\n");
    browser.get(url() + "/console/files");
    browser.findElement(By.name("file")).sendKeys(file.toString());
    see("details[open]");
    assertThat(browser.findElements(By.cssSelector("#columns option")))
        .extracting(option -> option.getDomProperty("value"))
        .containsExactly("id", "question", "answer");
    new Select(browser.findElement(By.cssSelector("[data-shows]")))
        .selectByVisibleText("chats: user, assistant");
    field("columns[user]", "question");
    field("columns[assistant]", "answer");
    press("Upload");
    see("h1", "faq.csv");
    see("#report", "chat");

    Path questions =
        Files.writeString(
            directory.resolve("qa.jsonl"), "{\"id\": 1, \"question\": \"a\", \"answer\": \"b\"}\n");
    browser.get(url() + "/console/files");
    browser.findElement(By.name("file")).sendKeys(questions.toString());
    press("Upload");
    see(".refused", "a question and its answer");
    press("Convert to chat rows");
    see("#converted .refused", "unknown key: id");
    browser.findElement(By.name("ignoreUnknownKeys")).click();
    press("Convert to chat rows");
    see("h1", "qa.chat.jsonl");
    see("#report", "chat");
    assertThat(Chromium.complaints(browser)).isEmpty();
  }

  @Test
  void theObjectiveAndTheModelsFollowTheFileAndAClassifierHasItsForm() throws IOException {
    models.register("tiny-labels", TinyBert.writeClassifier(directory.resolve("bert"), 1));
    signIn("sorters");
    upload("chats.jsonl", 8);
    Path labelled = directory.resolve("mails.jsonl");
    Files.writeString(
        labelled,
        "{\"text\":\"y\",\"label\":\"yes\"}\n{\"text\":\"n\",\"label\":\"no\"}\n".repeat(4));
    browser.get(url() + "/console/files");
    browser.findElement(By.name("file")).sendKeys(labelled.toString());
    press("Upload");
    see("#report", "label");
    press("New job");
    see("form.card");
    assertThat(chosen("objective")).isEqualTo("Classification");
    // an encoder comes first; another test of this server may have registered one as well
    assertThat(chosen("model")).isIn("tiny-bert", "tiny-labels");
    choose("model", "tiny-labels");
    assertThat(offered("validationFile")).noneMatch(each -> each.startsWith("chats"));
    press("Estimate");
    see("#outcome h2", "Estimate");
    choose("trainingFile", "chats");
    assertThat(chosen("objective")).isEqualTo("Supervised (SFT)");
    assertThat(offered("objective")).containsExactly("Supervised (SFT)");
    assertThat(offered("model")).contains("tiny").doesNotContain("tiny-labels");
    classify();
    measure();
    assertThat(Chromium.complaints(browser)).isEmpty();
  }

  private void measure() {
    browser.get(url() + "/console/evaluations/new?model=tiny-labels");
    assertThat(offered("file")).allMatch(each -> each.startsWith("mails"));
    assertThat(offered("baseline")).doesNotContain("tiny");
    press("Start");
    see("h1 .state", "succeeded");
    assertThat(see("main").getText())
        .contains("accuracy", "f1 macro", "majority", "Confusion matrix", "as yes");
    see("#samples article");
  }

  private void classify() {
    browser.get(url() + "/console/playground");
    assertThat(offered("model")).doesNotContain("tiny-labels");
    browser.get(url() + "/console/playground?model=tiny-labels");
    field("texts", "yyy\n\nnnn");
    press("Classify");
    see("#labels table");
    assertThat(browser.findElements(By.cssSelector("#labels tbody tr"))).hasSize(2);
    assertThat(see("#labels").getText()).contains("yyy", "nnn", "yes 0.", "no 0.");
  }

  private String chosen(String name) {
    return new Select(browser.findElement(By.name(name))).getFirstSelectedOption().getText();
  }

  private List<String> offered(String name) {
    return new Select(browser.findElement(By.name(name)))
        .getOptions().stream().filter(WebElement::isEnabled).map(WebElement::getText).toList();
  }

  @Test
  void theRowsOfALargeFileAreReadWhileItsPageIsOpen() throws IOException {
    signIn("uploaders");
    upload("many.jsonl", 60_000);
    see("h1 .state", "processed");
    assertThat(see(".facts").getText()).contains("60,000");
    assertThat(Chromium.complaints(browser)).isEmpty();
  }

  /** Leaves the picture of README.md in target/console-job.png; docs/images has a copy. */
  @Test
  void aRunningJobIsPictured() throws IOException {
    browser.manage().window().setSize(new Dimension(1280, 1300));
    signIn("pictured");
    upload("support.jsonl", 24);
    press("New job");
    see("form.card");
    choose("model", "tiny");
    choose("validationFile", "support.jsonl");
    choose("config", "custom JSON");
    field("settings", SETTINGS.replace("40", "4000").replace("0.03", "0.001"));
    field("suffix", "support");
    press("Start");
    see("h1 .state", "running");
    see("[data-curve] canvas");
    see("#live tr:nth-child(3) td.number");
    Path picture = Path.of("target/console-job.png");
    Files.write(picture, browser.getScreenshotAs(OutputType.BYTES));
    assertThat(picture).isNotEmptyFile();
    browser.findElement(By.id("cancel")).click();
    browser.switchTo().alert().accept();
    see("h1 .state", "cancelled");
  }

  @Test
  void anOwnerMakesAKeyAndTakesItBack() {
    signIn("owners");
    browser.findElement(By.linkText("Department")).click();
    see("form.card");
    field("name", "portal <b>");
    press("Create key");
    String secret = see(".secret").getText();
    assertThat(secret).startsWith("sk-graft-");
    assertThat(see("main table tbody").isDisplayed()).isTrue();
    int keys = browser.findElements(By.xpath("//button[.='Delete']")).size();
    browser
        .findElement(By.xpath("//tr[contains(., 'Secret Key') or contains(., 'portal')]//button"))
        .click();
    browser.switchTo().alert().accept();
    Chromium.patiently(browser, PATIENCE)
        .until(ExpectedConditions.numberOfElementsToBe(By.xpath("//button[.='Delete']"), keys - 1));
    assertThat(browser.getPageSource()).doesNotContain(secret);
    assertThat(Chromium.complaints(browser)).isEmpty();
  }
}
