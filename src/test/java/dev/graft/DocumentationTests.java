package dev.graft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import dev.graft.cli.GraftCommand;
import dev.graft.cli.ToolCommand;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.springframework.modulith.core.ApplicationModule;
import picocli.CommandLine;

/** What the documents say about the code is so. */
@Concurrent
class DocumentationTests {
  private static final Pattern TABLE_ROW =
      Pattern.compile("^\\| \\[`(\\w+)`]\\([^)]*\\) \\| [^|]* \\| ([^|]*) \\|$", Pattern.MULTILINE);
  private static final Pattern COMMAND = Pattern.compile("bin/graft ([a-z][a-z-]*)");
  private static final Pattern LINK = Pattern.compile("]\\(([^)#:]*)(?:#([^)]*))?\\)");
  private static final Pattern HEADING =
      Pattern.compile("^#+ (.+)$|^<a id=\"(.+)\"></a>$", Pattern.MULTILINE);
  private static final Pattern ROOMS_ROW =
      Pattern.compile("^\\| `(\\w+)` \\| (`[a-z].*) \\|$", Pattern.MULTILINE);
  private static final Pattern TEST = Pattern.compile("`[A-Z]\\w+(Tests|IT)(#\\w+)?`");
  private static final Pattern ROOM = Pattern.compile("`([a-z0-9.]+)`");
  private static final List<String> DOCUMENTS = documents();

  @Test
  void theArchitecturePageListsTheModulesAndArrowsOfTheCode() {
    var documented = new TreeMap<String, Set<String>>();
    matches(TABLE_ROW, Sources.text("ARCHITECTURE.md"))
        .filter(row -> !row.group(1).equals("cli"))
        .forEach(row -> documented.put(row.group(1), arrows(row.group(2))));
    var declared = new TreeMap<String, Set<String>>();
    ModularityTests.MODULES.stream()
        .filter(module -> !module.getIdentifier().toString().equals("cli"))
        .forEach(module -> declared.put(module.getIdentifier().toString(), arrows(module)));
    assertThat(documented).isEqualTo(declared);
  }

  /** {@code Class} or {@code Class#method}, in the last column. */
  @Test
  void everyRowOfTheThreatModelNamesTestsThatAreThere() {
    List<String> rows =
        Sources.text("docs/threat-model.md")
            .lines()
            .filter(line -> line.startsWith("| ") && line.contains("`"))
            .toList();
    assertThat(rows).hasSizeGreaterThan(30);
    List<Path> tests = Sources.java("src/test/java");
    for (String row : rows) {
      List<String> named = TEST.matcher(row).results().map(MatchResult::group).toList();
      assertThat(named).as(row).isNotEmpty();
      for (String each : named) {
        String[] test = each.replace("`", "").split("#");
        assertThat(tests)
            .as(each)
            .filteredOn(file -> file.endsWith(test[0] + ".java"))
            .singleElement()
            .extracting(Sources::text, STRING)
            .containsPattern("\\b" + test[test.length - 1] + "( =|[( ])");
      }
    }
  }

  @Test
  void theArchitecturePageNamesTheRoomsOfEachModule() {
    var documented = new TreeMap<String, Set<String>>();
    matches(ROOMS_ROW, Sources.text("ARCHITECTURE.md"))
        .forEach(
            row ->
                documented.put(
                    row.group(1),
                    matches(ROOM, row.group(2))
                        .map(room -> room.group(1))
                        .collect(Collectors.toCollection(TreeSet::new))));
    var there = new TreeMap<String, Set<String>>();
    Sources.java("src/main/java/dev/graft").stream()
        .map(file -> Sources.ROOT.resolve("src/main/java/dev/graft").relativize(file).getParent())
        .filter(folder -> folder != null && folder.getNameCount() > 1)
        .map(folder -> folder.toString().replace('/', '.').split("\\.", 2))
        .forEach(parts -> there.computeIfAbsent(parts[0], module -> new TreeSet<>()).add(parts[1]));
    assertThat(documented).isEqualTo(there);
  }

  @Test
  void everyCommandThatADocumentNamesExists() {
    Set<String> commands =
        Stream.of(GraftCommand.all(), new CommandLine(ToolCommand.class))
            .flatMap(root -> root.getSubcommands().keySet().stream())
            .collect(Collectors.toSet());
    assertThat(
            DOCUMENTS.stream()
                .flatMap(document -> matches(COMMAND, Sources.text(document)))
                .map(match -> match.group(1)))
        .isSubsetOf(commands);
  }

  @Test
  void everyLinkLeadsToAFile() {
    for (String document : DOCUMENTS) {
      var folder = Sources.ROOT.resolve(document).resolveSibling(".");
      assertThat(matches(LINK, Sources.text(document)).map(match -> match.group(1)))
          .as(document)
          .allMatch(link -> Files.exists(folder.resolve(link)));
    }
  }

  @Test
  void everyLinkToASectionLeadsToAHeading() {
    for (String document : DOCUMENTS) {
      Path file = Sources.ROOT.resolve(document);
      assertThat(
              matches(LINK, Sources.text(file))
                  .filter(link -> link.group(2) != null)
                  .filter(link -> !anchors(linked(file, link.group(1))).contains(link.group(2)))
                  .map(MatchResult::group))
          .as(document)
          .isEmpty();
    }
  }

  private static Path linked(Path file, String link) {
    return link.isEmpty() ? file : file.resolveSibling(link);
  }

  /** What a link may say after its {@code #}, as GitHub makes it of headings. */
  private static Set<String> anchors(Path page) {
    return matches(HEADING, Sources.text(page))
        .map(
            heading ->
                heading.group(1) == null
                    ? heading.group(2)
                    : heading.group(1).toLowerCase(Locale.ROOT).replaceAll("[^\\w\\- ]", ""))
        .map(heading -> heading.replace(' ', '-'))
        .collect(Collectors.toSet());
  }

  private static List<String> documents() {
    try (Stream<Path> tree = Files.walk(Sources.ROOT.resolve("docs"));
        Stream<Path> top = Files.list(Sources.ROOT)) {
      return Stream.concat(top, tree)
          .filter(file -> file.toString().endsWith(".md"))
          .filter(file -> !file.toString().contains("node_modules"))
          .map(file -> Sources.ROOT.relativize(file).toString())
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Stream<MatchResult> matches(Pattern pattern, String text) {
    return pattern.matcher(text).results();
  }

  private static Set<String> arrows(String cell) {
    return Stream.of(cell.split(","))
        .map(String::strip)
        .filter(arrow -> !arrow.equals("-"))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static Set<String> arrows(ApplicationModule module) {
    try {
      String[] declared =
          Class.forName(module.getBasePackage().getName() + ".package-info")
              .getAnnotation(org.springframework.modulith.ApplicationModule.class)
              .allowedDependencies();
      return Stream.of(declared)
          .map(arrow -> arrow.replaceFirst(" ::.*", ""))
          .collect(Collectors.toCollection(TreeSet::new));
    } catch (ClassNotFoundException e) {
      throw new AssertionError(module + " has no package-info", e);
    }
  }
}
