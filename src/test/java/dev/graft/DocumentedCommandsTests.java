package dev.graft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.graft.cli.GraftCommand;
import dev.graft.cli.ToolCommand;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collector;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.ParseResult;

/**
 * Every command and request that README.md and docs show exists, and is run by a test, or {@code
 * documented-commands.txt} says why none runs it.
 */
@Concurrent
class DocumentedCommandsTests {
  private static final String LIST = "src/test/resources/dev/graft/documented-commands.txt";
  private static final String REASON = "not run: ";
  private static final Pattern REQUEST =
      Pattern.compile("\\b(GET|POST|PUT|PATCH|DELETE) (?:[^\\s`]*:\\d+)?(/v1/[^\\s`?)|]+)");
  private static final Pattern ROUTE =
      Pattern.compile("^  '?(/v1/[^\\s':]+)'?:$", Pattern.MULTILINE);
  private static final Pattern METHOD =
      Pattern.compile("^    (get|post|put|patch|delete):$", Pattern.MULTILINE);
  private static final Pattern PAGE = Pattern.compile("(?:docs/[\\w/-]+\\.md|README\\.md)");
  private static final Map<String, String> PAGES = pages();

  @Test
  void everyCommandOfABlockIsOneThatGraftTakes() {
    assertThat(blocks().filter(ShownCommand::isGraft).count()).isGreaterThan(30);
    blocks()
        .filter(ShownCommand::isGraft)
        .forEach(
            shown ->
                assertThatCode(() -> parsed(shown))
                    .as(shown.toString())
                    .doesNotThrowAnyException());
  }

  @Test
  void everyCommandOfASentenceHasItsNamesAndOptions() {
    PAGES.forEach(
        (page, text) ->
            ShownCommand.inSentences(page, text)
                .forEach(shown -> assertThat(unknown(shown)).as(shown.toString()).isEmpty()));
  }

  @Test
  void everyRequestIsOneThatTheApiDocumentHas() {
    Set<String> operations = operations();
    PAGES.forEach(
        (page, text) ->
            assertThat(
                    REQUEST
                        .matcher(text)
                        .results()
                        .map(request -> request.group(1) + " " + request.group(2))
                        .filter(request -> operations.stream().noneMatch(request::matches)))
                .as(page)
                .isEmpty());
    assertThat(curls())
        .isNotEmpty()
        .allMatch(request -> operations.stream().anyMatch(request::matches));
  }

  @Test
  void everyCommandIsRunByATestOrTheListSaysWhyNot() throws IOException {
    Map<String, String> listed = new TreeMap<>();
    for (String line : Files.readAllLines(Sources.ROOT.resolve(LIST))) {
      if (line.isBlank() || line.startsWith("#")) continue;
      String[] parts = line.split(" = ", 2);
      assertThat(listed.put(parts[0], parts[1])).as(line).isNull();
    }
    Set<String> shown =
        blocks().filter(ShownCommand::isGraft).map(DocumentedCommandsTests::key).collect(sorted());
    curls().forEach(request -> shown.add("curl " + request));
    assertThat(listed.keySet()).containsExactlyInAnyOrderElementsOf(shown);
    listed.forEach(
        (command, by) -> {
          if (by.startsWith(REASON)) assertThat(by).as(command).hasSizeGreaterThan(25);
          else assertThat(missingIn(source(by), command)).as(command + " in " + by).isEmpty();
        });
  }

  /** The command with the long names of its options, such as {@code graft login --server}. */
  private static String key(ShownCommand shown) {
    List<String> words = new ArrayList<>(List.of("graft"));
    Set<String> options = new TreeSet<>();
    for (ParseResult at = parsed(shown); at != null; at = at.subcommand()) {
      if (at.commandSpec().parent() != null) words.add(at.commandSpec().name());
      at.matchedOptions().forEach(option -> options.add(option.longestName()));
    }
    words.addAll(options);
    return String.join(" ", words);
  }

  /** The words of a command that a test's source does not have, nor a page that it names. */
  private static List<String> missingIn(String source, String command) {
    return Stream.of(command.split("[ /]"))
        .skip(1)
        .filter(word -> word.matches("[a-z-]+"))
        .filter(word -> !source.matches("(?s).*(?<![\\w-])" + word + "(?![\\w-]).*"))
        .filter(word -> !source.contains(className(word)))
        .toList();
  }

  private static String className(String command) {
    return Stream.of(command.replaceFirst("^--", "").split("-"))
            .map(
                part ->
                    part.isEmpty() ? "" : Character.toUpperCase(part.charAt(0)) + part.substring(1))
            .collect(Collectors.joining())
        + "Command";
  }

  private static String source(String test) {
    Path file =
        Sources.java("src/test/java").stream()
            .filter(each -> each.endsWith(test + ".java"))
            .findFirst()
            .orElseThrow(() -> new AssertionError("there is no test " + test));
    String text = Sources.text(file);
    return PAGE.matcher(text)
        .results()
        .map(MatchResult::group)
        .distinct()
        .map(Sources::text)
        .reduce(text, String::concat);
  }

  private static ParseResult parsed(ShownCommand shown) {
    return graft()
        .setCaseInsensitiveEnumValuesAllowed(true)
        .parseArgs(shown.arguments().toArray(String[]::new));
  }

  /** With the tools, which {@code bin/graft} adds in a checkout. */
  private static CommandLine graft() {
    CommandLine graft = GraftCommand.all();
    new CommandLine(ToolCommand.class).getSubcommands().forEach(graft::addSubcommand);
    return graft;
  }

  private static List<String> unknown(ShownCommand shown) {
    CommandLine at = graft();
    List<String> unknown = new ArrayList<>();
    for (String word : shown.arguments()) {
      CommandLine next = at.getSubcommands().get(word);
      boolean name = word.matches("[a-z-]+") && !at.getSubcommands().isEmpty();
      if (next != null) at = next;
      else if (name || word.startsWith("--") && at.getCommandSpec().findOption(word) == null) {
        unknown.add(word);
      }
    }
    return unknown;
  }

  /** The requests of curl's command lines, such as {@code POST /v1/files}. */
  private static Set<String> curls() {
    return blocks()
        .filter(ShownCommand::isCurl)
        .map(DocumentedCommandsTests::request)
        .collect(sorted());
  }

  private static String request(ShownCommand curl) {
    List<String> words = curl.words();
    int method = words.indexOf("-X");
    boolean body = words.stream().anyMatch(Set.of("-F", "-d", "--data", "--json")::contains);
    String url =
        words.stream()
            .map(word -> word.replace("$OPENAI_BASE_URL/", "/v1/"))
            .filter(word -> word.contains("/v1/"))
            .findFirst()
            .orElseThrow(() -> new AssertionError(curl + " asks for nothing of the API"));
    String path = url.substring(url.indexOf("/v1/")).replaceFirst("\\?.*", "");
    return (method > 0 ? words.get(method + 1) : body ? "POST" : "GET") + " " + path;
  }

  /** Methods and paths of the API document as expressions; a variable is anything. */
  private static Set<String> operations() {
    String document = Sources.text("docs/openapi.yaml");
    List<MatchResult> routes = ROUTE.matcher(document).results().toList();
    Set<String> operations = new TreeSet<>();
    for (int i = 0; i < routes.size(); i++) {
      int end =
          i + 1 < routes.size() ? routes.get(i + 1).start() : document.indexOf("\ncomponents:");
      String path = routes.get(i).group(1).replaceAll("\\{[^}]+}", "[^ ]+");
      METHOD
          .matcher(document.substring(routes.get(i).end(), end))
          .results()
          .forEach(method -> operations.add(method.group(1).toUpperCase(Locale.ROOT) + " " + path));
    }
    return operations;
  }

  private static Stream<ShownCommand> blocks() {
    return PAGES.entrySet().stream()
        .flatMap(page -> ShownCommand.inBlocks(page.getKey(), page.getValue()));
  }

  private static Map<String, String> pages() {
    try (Stream<Path> tree = Files.walk(Sources.ROOT.resolve("docs"))) {
      return Stream.concat(Stream.of(Sources.ROOT.resolve("README.md")), tree)
          .filter(file -> file.toString().endsWith(".md"))
          .filter(file -> !file.toString().contains("node_modules"))
          .collect(
              Collectors.toMap(Sources::name, Sources::text, (one, other) -> one, TreeMap::new));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Collector<String, ?, Set<String>> sorted() {
    return Collectors.toCollection(TreeSet::new);
  }
}
