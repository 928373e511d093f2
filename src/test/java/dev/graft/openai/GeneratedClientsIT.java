package dev.graft.openai;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Clients that are generated from docs/openapi.yaml, compiled, and run the main job against a
 * started Graft: the programs of quality/clients. Only the profile {@code clients} runs this.
 */
@Tag("clients")
class GeneratedClientsIT extends StartedGraft {
  private static final Path PROGRAMS = Path.of("quality/clients").toAbsolutePath();
  private static final Path DOCUMENT = Path.of("docs/openapi.yaml").toAbsolutePath();
  private static final Path GENERATOR =
      Path.of("target/clients/openapi-generator-cli.jar").toAbsolutePath();
  private static final String JAVA = System.getProperty("java.home") + "/bin/java";
  private static final String WENT = "\\d+ events, \\d+ checkpoints, \\d+ bytes, an answer";

  @TempDir Path directory;
  private String key = "";

  @BeforeEach
  void aBaseAndAKey() throws IOException {
    registerTiny();
    key = key("support");
  }

  @Test
  void aJavaClientRunsTheMainJob() throws Exception {
    generate("java");
    List<String> sources = new ArrayList<>();
    try (Stream<Path> files = Files.walk(directory.resolve("src/main/java"))) {
      files.map(Path::toString).filter(name -> name.endsWith(".java")).forEach(sources::add);
    }
    Path list = Files.write(directory.resolve("sources"), sources);
    String libraries = System.getProperty("java.class.path");
    String out = directory.resolve("classes").toString();
    String program = PROGRAMS + "/MainJob.java";
    run(JAVA + "c", "-nowarn", "-cp", libraries, "-d", out, "@" + list, program);
    assertThat(run(JAVA, "-cp", out + ":" + libraries, "MainJob")).containsPattern(WENT);
  }

  @Test
  void aPythonClientRunsTheMainJob() throws Exception {
    generate("python");
    String python = System.getProperty("python", "python3");
    assertThat(run(python, PROGRAMS + "/main_job.py")).containsPattern(WENT);
  }

  @Test
  void aTypeScriptClientRunsTheMainJob() throws Exception {
    Path modules = PROGRAMS.resolve("node_modules");
    for (String file : List.of("main_job.ts", "tsconfig.json", "package.json")) {
      Files.copy(PROGRAMS.resolve(file), directory.resolve(file));
    }
    Files.createSymbolicLink(directory.resolve("node_modules"), modules);
    run("node", modules + "/.bin/openapi-typescript", DOCUMENT.toString(), "-o", "schema.d.ts");
    run("node", modules + "/.bin/tsc");
    assertThat(run("node", "main_job.js")).containsPattern(WENT);
  }

  private void generate(String language) throws Exception {
    String settings = PROGRAMS + "/" + language + ".yaml";
    List<String> from = List.of("-i", DOCUMENT.toString(), "-c", settings, "-o", ".");
    List<String> words = new ArrayList<>(List.of(JAVA, "-jar", GENERATOR.toString(), "generate"));
    words.addAll(from);
    run(words.toArray(String[]::new));
  }

  private String run(String... words) throws Exception {
    ProcessBuilder builder = new ProcessBuilder(words);
    Path said = directory.resolve("said.txt");
    builder.directory(directory.toFile()).redirectErrorStream(true).redirectOutput(said.toFile());
    builder.environment().put("GRAFT_URL", url());
    builder.environment().put("GRAFT_KEY", key);
    builder.environment().put("GRAFT_MODEL", "tiny");
    builder.environment().put("PYTHONPATH", directory.toString());
    Process process = builder.start();
    assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue()).as("%s", Files.readString(said)).isZero();
    return Files.readString(said);
  }
}
