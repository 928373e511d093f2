package dev.graft.openai;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.catalog.BaseModels;
import dev.graft.openai.GraftProgram.Ran;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import dev.graft.tiny.TinyBert;
import dev.graft.weights.gguf.GgufModel;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The commands that are clients, as programs of their own, against a started Graft. */
class CommandLineIT extends StartedGraft {
  private static final String ROWS =
      "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"},"
          .concat("{\"role\":\"assistant\",\"content\":\"ho\"}]}\n")
          .repeat(4);

  @TempDir Path directory;
  @Autowired JdbcClient sql;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired BaseModels models;

  @Test
  void fromALoginToAnUnpackedAdapter() throws Exception {
    registerTiny();
    String key = key("support");
    assertThat(graft(key + "\n", "login", "--server", url() + "/v1").status()).isZero();
    Path kept = directory.resolve("graft/login.json");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(kept)))
        .isEqualTo("rw-------");
    assertThat(graft("", "models", "available").out()).contains("tiny");

    write("rows.jsonl", ROWS);
    write("adapter.json", "{\"peft\": {\"r\": 2}, \"training\": {\"max_steps\": 2}}");
    Ran check = graft("", "jobs", "check", "--model", "tiny", "--adapter", "adapter.json");
    assertThat(check.out())
        .matches(
            "trains [\\d,]+ parameters in addition to the [\\d,]+ of tiny, in \\d+ of its modules;"
                + " uses up to [\\d.]+ GB of memory\n");
    write("wrong.json", "{\"peft\": {\"target_modules\": [\"c_attn\"]}}");
    Ran wrong = graft("", "jobs", "check", "--model", "tiny", "--adapter", "wrong.json");
    assertThat(wrong.status()).isEqualTo(2);
    assertThat(wrong.error()).startsWith("adapter.peft.target_modules: 'c_attn' matches no module");

    String file = graft("", "files", "upload", "rows.jsonl").out().strip();
    assertThat(file).startsWith("file-");
    Ran local = graft("", "files", "report", "rows.jsonl");
    assertThat(local.error()).matches("rows.jsonl is file-\\w+\n");
    assertThat(local.out()).contains(" rows of kind ");
    assertThat(graft("", "files", "report", file, "--validation", file).out())
        .contains(" rows of kind ", "error    Rows that are in the validation file too: ");
    Ran ran =
        graft(
            "",
            "jobs create --model tiny --suffix words --seed 1 --watch".split(" "),
            "--training-file",
            file,
            "--adapter",
            "adapter.json",
            "--device",
            "cpu",
            "--memory",
            "0.5");
    assertThat(ran.error()).contains("ftjob-");
    String model = ran.out().strip();
    assertThat(model).startsWith("ft:tiny:").contains(":words:");

    assertThat(graft("", "jobs", "list").out()).contains("JOB ", "succeeded", model);
    JsonNode jobs = json(graft("", "jobs", "list", "--json", "--limit", "1").out());
    assertThat(jobs.path(0).path("fine_tuned_model").asString()).isEqualTo(model);
    String id = jobs.path(0).path("id").asString();
    assertThat(graft("", "jobs", "show", id).out())
        .startsWith(id + "  succeeded\nIt made 2 steps and published " + model + ".\nNext: ")
        .contains("\nStep              2 of 2 (100 %)\n", "\nModel             tiny\n")
        .contains("\nTraining file     rows.jsonl (" + file + ")\n", "\nSuffix            words\n")
        .contains(
            "\nSubmitted by      unnamed key\n", "\nLR multiplier     ", "\nEpochs            3\n")
        .contains("\nResources         cpu, 0.5 GB of memory\n");
    Ran far =
        graft(
            "",
            "jobs create --model tiny --devices 2 --worker-class ray --capability 8".split(" "),
            "--training-file",
            file);
    assertThat(far.status()).isEqualTo(2);
    assertThat(far.error()).contains("resources.capability: must be like \"8.0\"");
    assertThat(json(graft("", "jobs", "show", id, "--json").out()).path("id").asString())
        .isEqualTo(id);
    assertThat(graft("", "jobs", "events", id).out()).contains("training loss=");
    assertThat(graft("", "jobs", "cancel", id).status()).isEqualTo(2);

    Ran evaluated =
        graft(
            "",
            "evaluations create --max-tokens 4 --grader eq --grader rouge_1 --gate eq>=2 --watch"
                .split(" "),
            "--model",
            model,
            "--file",
            file);
    assertThat(evaluated.status()).as(evaluated.error()).isEqualTo(1);
    assertThat(evaluated.out())
        .contains("4 of 4 questions", "tiny  (baseline)", model, "rouge_1", "A gate failed.");
    String evaluation = evaluated.error().lines().findFirst().orElseThrow();
    assertThat(graft("", "evaluations", "list", "--model", model).out())
        .contains(evaluation, "succeeded", "failed");
    assertThat(graft("", "evaluations", "show", evaluation).out()).isEqualTo(evaluated.out());
    assertThat(graft("", "evaluations", "samples", evaluation, "--limit", "1").out())
        .startsWith("line 1\n  user: hi\n  reference: ho\n  tiny: ");
    assertThat(graft("", "evaluations", "samples", evaluation, "--outcome", "worse").status())
        .isZero();
    assertThat(graft("", "evaluations", "cancel", evaluation).status()).isEqualTo(2);
    assertThat(graft("", "evaluations", "delete", evaluation).out()).isEqualTo("deleted\n");

    assertThat(graft("", "adapters", "list", "--name", "WORDS", "--method", "lora").out())
        .contains("ad_", model);
    aliases(model);
    assertThat(graft("", "adapters", "list", "--name", "letters").error()).isEqualTo("none\n");
    assertThat(graft("", "adapters", "pull", model, "--out", "mine").status()).isZero();
    assertThat(directory.resolve("mine/adapter_config.json")).exists();
    assertThat(directory.resolve("mine/adapter_model.safetensors")).exists();
    Ran again = graft("", "adapters", "pull", model, "--out", "mine");
    assertThat(again.status()).isEqualTo(1);
    assertThat(again.error()).isEqualTo("graft: mine already exists\n");

    JsonNode adapters = json(graft("", "adapters", "list", "--json").out());
    String adapter = adapters.path(0).path("id").asString();
    graft("", "files", "download", file, "--out", "again.jsonl");
    assertThat(audited(file)).containsExactly("file.created", "file.downloaded");
    assertThat(audited(adapter)).containsExactly("adapter.downloaded");
    exports(adapter);
    assertThat(graft("", "adapters", "link", adapter, "--expires", "60").out())
        .matches("http://127.0.0.1:\\d+/downloads/[\\w.-]+\n");
    assertThat(graft("", "adapters", "delete", adapter).out()).isEqualTo(adapter + " deleted\n");
    Ran gone = graft("", "adapters", "show", adapter);
    assertThat(gone.status()).isEqualTo(2);
    assertThat(gone.error()).contains("was deleted at").contains("HTTP 410");
  }

  private void exports(String adapter) throws Exception {
    String[] gguf = "--form merged_gguf --type q8_0 --out tiny.gguf".split(" ");
    Ran made = graft("", new String[] {"adapters", "export", adapter}, gguf);
    assertThat(made.status()).as(made.error()).isZero();
    assertThat(made.out()).isEqualTo("tiny.gguf\n");
    assertThat(made.error()).contains("export", "succeeded");
    GgufModel.write(
        directory.resolve("tiny.gguf"), Files.createDirectory(directory.resolve("read")));
    Ran ollama = graft("", "adapters", "export", adapter, "--form", "ollama", "--type", "q8_0");
    assertThat(ollama.out()).isEqualTo(adapter + "-ollama.tar.gz\n");
    assertThat(directory.resolve(adapter + "-ollama.tar.gz")).exists();
    Ran refused = graft("", "adapters", "export", adapter, "--form", "onnx");
    assertThat(refused.status()).isEqualTo(2);
    assertThat(refused.error()).contains("form must be one of merged, merged_gguf");
  }

  private void aliases(String model) throws Exception {
    String stands = "words-prod now refers to " + model + "\n";
    assertThat(graft("", "aliases", "create", "words-prod", model, "--reason", "first").out())
        .isEqualTo(stands);
    assertThat(graft("", "aliases", "list").out()).contains("words-prod", model);
    Ran moved =
        graft(
            "",
            "aliases move words-prod --evaluation eval_x --if-current other --reason better"
                .split(" "),
            model);
    assertThat(moved.out()).isEqualTo(stands); // there already
    Ran back = graft("", "aliases", "rollback", "words-prod", "--reason", "worse");
    assertThat(back.status()).isEqualTo(2);
    assertThat(back.error()).contains("none to go back to");
    assertThat(graft("", "aliases", "history", "words-prod").out()).contains("created", "first");
    assertThat(graft("", "aliases", "delete", "words-prod").out())
        .isEqualTo("words-prod deleted\n");
  }

  @Test
  void textsAreLabelledFromTheCommandLineAndFromStandardInput() throws Exception {
    registerTiny();
    models.register("tiny-labels", TinyBert.writeClassifier(directory.resolve("bert"), 1));
    graft(key("mail") + "\n", "login", "--server", url());
    Ran ran = graft("", "classify", "--model", "tiny-labels", "yyy", "a second text");
    assertThat(ran.out().lines())
        .satisfiesExactly(
            title -> assertThat(title).isEqualTo("LABEL  SCORE   TEXT"),
            first -> assertThat(first).matches("(yes|no) +0\\.\\d{4}  yyy"),
            second -> assertThat(second).endsWith("  a second text"));
    JsonNode many =
        json(
            graft("a line\n\n".repeat(300), "classify --json --model tiny-labels".split(" "))
                .out());
    assertThat(many.size()).isEqualTo(300);
    assertThat(many.path(299).path("index").asInt()).isEqualTo(299);
    assertThat(many.path(299).path("text").asString()).isEqualTo("a line");
    assertThat(many.path(299).path("probabilities").size()).isEqualTo(2);
    Ran chat = graft("", "classify", "--model", "tiny", "y");
    assertThat(chat.status()).isEqualTo(2);
    assertThat(chat.error()).contains("POST /v1/chat/completions");
    assertThat(graft("", "classify", "--model", "tiny-labels").status()).isEqualTo(2);
  }

  @Test
  void anOwnerApprovesOneJobAndRejectsAnother() throws Exception {
    registerTiny();
    graft(key("budget") + "\n", "login", "--server", url());
    sql.sql("update department set approval = 'every_job' where name = 'budget'").update();
    write("rows.jsonl", ROWS);
    write("adapter.json", "{\"peft\": {\"r\": 2}, \"training\": {\"max_steps\": 2}}");
    String[] create = "jobs create --model tiny --adapter adapter.json --training-file".split(" ");
    String wanted = graft("", create, "rows.jsonl").out().strip();
    String dear = graft("", create, "rows.jsonl").out().strip();
    assertThat(graft("", "jobs", "approve", wanted).status()).as("by a member").isEqualTo(2);

    graft(ownerKey("budget") + "\n", "login", "--server", url());
    assertThat(graft("", "jobs", "reject", dear, "--comment", "too dear").out())
        .isEqualTo("cancelled\n");
    assertThat(graft("", "jobs", "approve", wanted).out()).isEqualTo("queued\n");
    assertThat(graft("", "jobs", "list").out())
        .containsPattern("Rejected by unnamed key \\(key_\\w+\\): too dear\\.");
    Ran watched = graft("", "jobs", "watch", dear);
    assertThat(watched.status()).isEqualTo(1);
    assertThat(watched.out())
        .containsPattern("cancelled: Rejected by unnamed key \\(key_\\w+\\): too dear\\.");
    assertThat(graft("", "jobs", "watch", wanted).out()).startsWith("ft:tiny:budget:");
  }

  @Test
  void anAdministratorSeesEveryKeyAndWhichReplacesWhich() throws Exception {
    String of = departments.ensure("portal");
    String old = keys.create(of, Caller.Scope.USER, "mobile app", null).id();
    keys.rotate(old, Duration.ofDays(1));
    ApiKeys.Created admin = keys.createForAdministrator("operations", null);
    graft(admin.secret() + "\n", "login", "--server", url());
    String all = graft("", "keys", "list").out();
    assertThat(all).containsPattern(admin.id() + " .* operations +-\n");
    assertThat(all).containsPattern(old + " .* portal +mobile app +-\n");
    assertThat(all).containsPattern(" portal +mobile app +" + old + "\n");
    assertThat(graft("", "keys", "list", "--department", "portal").out())
        .contains("mobile app")
        .doesNotContain("operations");
  }

  @Test
  void anAdministratorUploadsAModelAndSeesWhichAreOnTheirWay() throws Exception {
    sql.sql(
            """
            insert into base_model_import (id, name, source, state, bytes, total_bytes, created_at)
            values ('bmimport-1', 'small', 'hf:acme/small', 'running', 104857600, 271000000, graft_now())
            """)
        .update();
    String admin = keys.create(departments.ensure("operations"), Caller.Scope.ADMIN).secret();
    graft(admin + "\n", "login", "--server", url());
    assertThat(graft("", "models", "imports").out())
        .containsPattern("bmimport-1 .* small +running +105 MB of 271 MB +hf:acme/small +-\n");
    write("small.tar", "no archive");
    String file = graft("", "files", "upload", "small.tar", "--purpose", "user_data").out().strip();
    assertThat(json(graft("", "files", "show", file, "--json").out()).path("purpose").asString())
        .isEqualTo("user_data");
  }

  @Test
  void aFileWithProblemsSaysTheirLines() throws Exception {
    graft(key("support") + "\n", "login", "--server", url());
    write("bad.jsonl", ROWS + "{\"messages\": []}\n");
    Ran ran = graft("", "files", "upload", "bad.jsonl");
    assertThat(ran.status()).isEqualTo(2);
    assertThat(ran.error()).contains("line 5: ");
  }

  @Test
  void columnsOfCsvAndUnknownKeysAreSaidAtTheUpload() throws Exception {
    graft(key("columns") + "\n", "login", "--server", url());
    write("faq.csv", "id,question,answer\n1,1+1?,2\n");
    assertThat(graft("", "files", "upload", "faq.csv").error()).contains("columns[user]=question");
    String mapped =
        graft(
                "",
                "files upload faq.csv --column user=question --column assistant=answer".split(" "))
            .out()
            .strip();
    assertThat(json(graft("", "files", "report", mapped, "--json").out()).path("kind").asString())
        .isEqualTo("chat");
    write("t.jsonl", "{\"id\": 7, \"text\": \"a\"}\n");
    assertThat(graft("", "files", "upload", "t.jsonl").error()).contains("ignore_unknown_keys");
    assertThat(graft("", "files", "upload", "t.jsonl", "--ignore-unknown-keys").status()).isZero();
  }

  @Test
  void aFileInAnotherFormatIsConvertedFromHereOrThere() throws Exception {
    graft(key("formats") + "\n", "login", "--server", url());
    write("faq.jsonl", "{\"id\": 7, \"question\": \"1+1?\", \"answer\": \"2\"}\n");
    Ran kept = graft("", "files", "upload", "faq.jsonl");
    assertThat(kept.status()).isEqualTo(2);
    assertThat(kept.error()).startsWith("line 1: ").contains("graft files convert").hasLineCount(1);
    String file = kept.out().strip();
    Ran strict = graft("", "files", "convert", file);
    assertThat(strict.status()).isEqualTo(2);
    assertThat(strict.error()).contains("unknown key: id", "ignore_unknown_keys");
    for (String given : List.of(file, "faq.jsonl")) {
      String made = graft("", "files", "convert", given, "--ignore-unknown-keys").out().strip();
      assertThat(graft("", "files", "download", made, "--out", "chat.jsonl").status()).isZero();
      assertThat(directory.resolve("chat.jsonl"))
          .hasContent(
              "{\"messages\":[{\"role\":\"user\",\"content\":\"1+1?\"},"
                  + "{\"role\":\"assistant\",\"content\":\"2\"}]}");
    }
    assertThat(graft("", "files", "convert", file, "--from", "docx").error())
        .contains("sharegpt or alpaca or question_answer");
  }

  @Test
  void whatAReportNamesIsDoneByOneCommand() throws Exception {
    graft(key("remedies") + "\n", "login", "--server", url());
    String row = "{\"prompt\":\"a\",\"completion\":\" b\"}\n";
    write("rows.jsonl", row + row);
    String file = graft("", "files", "upload", "rows.jsonl").out().strip();
    assertThat(graft("", "files", "report", file).out()).contains("(graft files remedy: drop_dup");
    Ran made = graft("", "files", "remedy", file);
    assertThat(made.error()).contains("drop_duplicates: 1 rows");
    graft("", "files", "download", made.out().strip(), "--out", "made.jsonl");
    assertThat(directory.resolve("made.jsonl")).hasContent(row);
    assertThat(graft("", "files", "remedy", made.out().strip()).error())
        .contains("suggests no remedy");
    Ran held = graft("", "files", "remedy", file, "drop_rows_in_validation", "--validation", file);
    assertThat(held.error()).contains("no rows");
  }

  @Test
  void aRefusalCarriesTheIdOfTheRequest() throws Exception {
    Ran ran = graft("sk-graft-wrong\n", "login", "--server", url());
    assertThat(ran.status()).isEqualTo(2);
    assertThat(ran.error()).matches("(?s)graft: .*\\(HTTP 401, req_\\w+\\)\n");
    assertThat(directory.resolve("graft/login.json")).doesNotExist();
  }

  @Test
  void aServerThatIsAwayAndALoginThatIsMissingAreSaid() throws Exception {
    Ran none = graft("", "jobs", "list");
    assertThat(none.status()).isEqualTo(1);
    assertThat(none.error()).contains("run graft login --server URL");
    int nobody = URI.create(url()).getPort() == 9 ? 10 : 9;
    Ran away = graft("key\n", "login", "--server", "http://127.0.0.1:" + nobody);
    assertThat(away.status()).isEqualTo(3);
    assertThat(away.error()).contains("cannot connect to the server http://127.0.0.1:" + nobody);
  }

  /** What the audit log tells of it, in order. */
  private List<String> audited(String resource) {
    return sql.sql("select type from audit_log where resource_id = ? order by id")
        .param(resource)
        .query(String.class)
        .list();
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(directory.resolve(name), text);
  }

  private static JsonNode json(String text) {
    return JsonMapper.shared().readTree(text);
  }

  private Ran graft(String input, String[] words, String... more) throws Exception {
    List<String> all = new ArrayList<>(List.of(words));
    all.addAll(List.of(more));
    return graft(input, all.toArray(String[]::new));
  }

  private Ran graft(String input, String... arguments) throws Exception {
    return new GraftProgram(directory).run(input, List.of(arguments));
  }
}
