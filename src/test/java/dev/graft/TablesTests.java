package dev.graft;

import static java.util.stream.Collectors.toCollection;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Who writes which table is as ARCHITECTURE.md says. */
class TablesTests {
  private static final Pattern CREATED =
      Pattern.compile("^create (?:unlogged )?table (\\w+)", Pattern.MULTILINE);
  private static final Pattern ROW =
      Pattern.compile("^\\| `([a-z]+\\.[\\w.]+)` \\| ([^|]*) \\|$", Pattern.MULTILINE);
  private static final Pattern NAME = Pattern.compile("`(\\w+)`");
  private static final Pattern WRITTEN =
      Pattern.compile("(?:insert into|update|delete from|truncate)\\s+(\\w+)");
  private static final Pattern ENTITY =
      Pattern.compile(
          "^ *@Entity\\s(?:@Table\\(name = \"(\\w+)\"\\)\\s)?(?:[^{]*?)class (\\w+)",
          Pattern.MULTILINE);
  private static final Pattern MOVED = Pattern.compile("running = running [+-]");
  private static final String JOBS = "jobs";
  private static final Path CODE = Sources.ROOT.resolve("src/main/java/dev/graft");

  @Test
  void theArchitecturePageSaysWhoWritesEachTable() throws IOException {
    assertThat(documented().keySet()).isEqualTo(tables());
  }

  @Test
  void whoWritesATableIsThere() {
    assertThat(documented().values().stream().flatMap(Set::stream))
        .allMatch(
            owner ->
                Files.exists(CODE.resolve(owner.replace('.', '/') + ".java"))
                    || Files.exists(CODE.resolve(owner.replace('.', '/'))));
  }

  @Test
  void nobodyElseWritesATable() throws IOException {
    TreeMap<String, Set<String>> owners = documented();
    Set<String> tables = tables();
    for (Path file : Sources.java("src/main/java")) {
      assertThat(written(file).filter(tables::contains))
          .as(file.toString())
          .allMatch(table -> owners.get(table).stream().anyMatch(owner -> within(file, owner)));
    }
  }

  /** But for a table of one row, which its migration wrote. */
  @Test
  void whoIsSaidToWriteATableDoes() throws IOException {
    TreeMap<String, Set<String>> owners = documented();
    owners.remove("artifact_store");
    owners.forEach(
        (table, writers) ->
            assertThat(writers)
                .as(table)
                .allMatch(
                    owner ->
                        Sources.java("src/main/java").stream()
                            .filter(file -> within(file, owner))
                            .anyMatch(file -> written(file).anyMatch(table::equals))));
  }

  @Test
  void onlyModuleJobsMovesJobsAndTheCountersOfThem() {
    TreeMap<String, Set<String>> owners = documented();
    assertThat(List.of("job", "job_lease", "job_progress", "job_event", "job_checkpoint"))
        .allSatisfy(
            table -> assertThat(owners.get(table)).allMatch(owner -> owner.startsWith(JOBS + ".")));
    assertThat(Sources.java("src/main/java"))
        .filteredOn(file -> MOVED.matcher(Sources.text(file)).find())
        .isNotEmpty()
        .allMatch(file -> within(file, JOBS));
  }

  private static boolean within(Path file, String owner) {
    String code = CODE.resolve(owner.replace('.', '/')).toString();
    String path = file.toAbsolutePath().normalize().toString();
    return path.equals(code + ".java") || path.startsWith(code + "/");
  }

  /** By its statements, or as an entity, whose table has its name unless it gives another. */
  private static Stream<String> written(Path file) {
    String text = Sources.text(file);
    return Stream.concat(
        matches(WRITTEN, text).map(match -> match.group(1)),
        matches(ENTITY, text)
            .map(match -> match.group(1) == null ? snakeCase(match.group(2)) : match.group(1)));
  }

  private static String snakeCase(String name) {
    return name.replaceAll("(?<=[a-z0-9])(?=[A-Z])", "_").toLowerCase(Locale.ROOT);
  }

  private static TreeMap<String, Set<String>> documented() {
    var owners = new TreeMap<String, Set<String>>();
    matches(ROW, Sources.text("ARCHITECTURE.md"))
        .forEach(
            row ->
                matches(NAME, row.group(2))
                    .forEach(
                        table ->
                            owners
                                .computeIfAbsent(table.group(1), name -> new TreeSet<>())
                                .add(row.group(1))));
    return owners;
  }

  private static Set<String> tables() throws IOException {
    try (Stream<Path> migrations =
        Files.walk(Sources.ROOT.resolve("src/main/resources/db/migration"))) {
      return migrations
          .filter(Files::isRegularFile)
          .flatMap(file -> matches(CREATED, Sources.text(file)))
          .map(match -> match.group(1))
          .collect(toCollection(TreeSet::new));
    }
  }

  private static Stream<MatchResult> matches(Pattern pattern, String text) {
    return pattern.matcher(text).results();
  }
}
