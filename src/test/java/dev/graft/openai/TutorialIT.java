package dev.graft.openai;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.ShownCommand;
import dev.graft.catalog.BaseModels;
import dev.graft.openai.GraftProgram.Ran;
import dev.graft.tiny.TinyLlama;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.core.env.Environment;

/**
 * The commands of docs/tutorial.md, one after another as they stand there, with a tiny base model
 * under the name of the real one. Left out is what needs a data directory of its own: the server
 * and its base model; the key is made in this server's database.
 */
class TutorialIT extends StartedGraft {
  private static final String TUTORIAL = "docs/tutorial.md";
  private static final Pattern FILE = Pattern.compile("file-\\w+");
  private static final Pattern MODEL = Pattern.compile("ft:smollm2-135m:[\\w:.-]+");

  @TempDir Path directory;
  @Autowired BaseModels models;
  @Autowired Environment settings;

  private final List<String> files = new ArrayList<>();
  private List<String> shownFiles = List.of();
  private String key = "";
  private String model = "";

  @Test
  void everyCommandOfTheTutorialWorks() throws Exception {
    Path base = Files.createTempDirectory(Path.of("target"), "tutorial-");
    models.register("smollm2-135m", TinyLlama.write(base, 1));
    Path rows = Files.createDirectories(directory.resolve("docs/examples"));
    for (String name : List.of("support.jsonl", "support-held-out.jsonl")) {
      Files.copy(Path.of("docs/examples").resolve(name), rows.resolve(name));
    }
    String page = Files.readString(Path.of(TUTORIAL));
    shownFiles = FILE.matcher(page).results().map(MatchResult::group).distinct().toList();
    int ran = 0;
    for (ShownCommand shown : ShownCommand.inBlocks(TUTORIAL, page).toList()) {
      List<String> words = shown.arguments().stream().map(this::here).toList();
      if (shown.isCurl()) ask(words);
      else if (words.contains("key")) key = graft(shown, onThisDatabase(words)).strip();
      else if (words.contains("--data-dir")) continue;
      else keep(graft(shown, words));
      ran++;
    }
    assertThat(ran).isGreaterThan(8);
    assertThat(directory.resolve("support-adapter/adapter_model.safetensors")).exists();
  }

  /** With what this run has made in place of what the page shows. */
  private String here(String word) {
    String here = word.replace("http://127.0.0.1:8080", url()).replace("$KEY", key);
    if (shownFiles.contains(here)) here = files.get(shownFiles.indexOf(here));
    return MODEL.matcher(here).replaceAll(model);
  }

  private void keep(String said) {
    if (said.strip().matches(FILE.pattern())) files.add(said.strip());
    if (said.strip().matches(MODEL.pattern())) model = said.strip();
  }

  private String graft(ShownCommand shown, List<String> words) throws Exception {
    Ran ran = new GraftProgram(directory).run(key + "\n", words);
    assertThat(ran.status()).as("%s: %s", shown, ran.error()).isZero();
    return ran.out();
  }

  private List<String> onThisDatabase(List<String> words) throws IOException {
    String lines =
        "spring.datasource.url=%s\nspring.datasource.username=%s\nspring.datasource.password=%s\n"
            .formatted(
                settings.getProperty("spring.datasource.url"),
                settings.getProperty("spring.datasource.username"),
                settings.getProperty("spring.datasource.password"));
    Path file = Files.writeString(directory.resolve("graft.properties"), lines);
    List<String> here = new ArrayList<>(words);
    here.set(here.indexOf("--data-dir") + 1, directory.resolve("data").toString());
    here.addAll(List.of("--config", file.toString()));
    return here;
  }

  /** What curl does: the address, then headers and a body. */
  private void ask(List<String> words) throws Exception {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(words.getFirst()));
    for (int i = 1; i < words.size(); i += 2) {
      String value = words.get(i + 1);
      if (words.get(i).equals("-d")) request.POST(HttpRequest.BodyPublishers.ofString(value));
      else request.header(value.split(": ", 2)[0], value.split(": ", 2)[1]);
    }
    try (HttpClient client = HttpClient.newHttpClient()) {
      var answer = client.send(request.build(), BodyHandlers.ofString());
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      assertThat(answer.body()).contains("\"finish_reason\"");
    }
  }
}
