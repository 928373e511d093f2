package dev.graft;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The console, the command line and the documents use the words of docs/glossary.md, no others. */
@Concurrent
class GlossaryTests {
  private static final String GLOSSARY = "docs/glossary.md";
  private static final Pattern ROW =
      Pattern.compile("^\\| ([^|]+) \\| ([^|]+) \\| ([^|]+) \\|([^|]*)\\|$", Pattern.MULTILINE);
  private static final Pattern STRING =
      Pattern.compile("\"\"\"(.*?)\"\"\"|\"((?:[^\"\\\\\\n]|\\\\.)*)\"", Pattern.DOTALL);
  private static final Pattern COMMENT =
      Pattern.compile("/\\*.*?\\*/|(?m)^\\s*//.*$", Pattern.DOTALL);

  /** A text that people read, and where it is. */
  private record Shown(String where, String text) {}

  /** Where words are looked for, by the names of the column "used in": extend it here. */
  private static final Map<String, List<Shown>> PLACES =
      Map.of(
          "console",
          Stream.concat(
                  files("src/main/resources/dev/graft/console", ".html", Function.identity()),
                  files("src/main/java/dev/graft/console", ".java", GlossaryTests::strings))
              .toList(),
          "command line",
          Stream.of("client", "cli")
              .flatMap(
                  module ->
                      files("src/main/java/dev/graft/" + module, ".java", GlossaryTests::strings))
              .toList(),
          "docs",
          Stream.concat(
                  files("docs", ".md", Function.identity()),
                  Stream.of(new Shown("README.md", Sources.text("README.md"))))
              .filter(shown -> !shown.where().equals(GLOSSARY))
              .filter(shown -> !shown.where().startsWith("docs/adr"))
              .toList());

  private static final Pattern VERB =
      Pattern.compile("^\\| [^|]+ \\| [^|]+ \\|([^|]*)\\|$", Pattern.MULTILINE);

  /** Words that no text has, whatever it is about. */
  private static final List<String> NO_ACTOR = List.of("nobody", "whoever");

  /** What is quoted from programs and files. */
  private static final Pattern CODE = Pattern.compile("(?s)```.*?```|`[^`\\n]*`");

  /**
   * @param unwanted words that mean the same
   */
  private record Term(String name, List<String> places, List<String> unwanted) {}

  private static final List<Term> TERMS =
      ROW.matcher(Sources.text(GLOSSARY))
          .results()
          .map(row -> new Term(row.group(1), listed(row.group(3)), listed(row.group(4))))
          .filter(term -> !term.name().equals("term") && !term.name().startsWith("-"))
          .toList();

  @Test
  void everyTermIsFoundWhereTheGlossarySaysThatItIsUsed() {
    assertThat(TERMS).hasSizeGreaterThan(40);
    for (Term term : TERMS) {
      for (String place : term.places()) {
        assertThat(PLACES).as(term.name()).containsKey(place);
        assertThat(PLACES.get(place))
            .as("%s in %s", term.name(), place)
            .anyMatch(shown -> anywhere(term.name(), Pattern.CASE_INSENSITIVE).test(shown.text()));
      }
    }
  }

  @Test
  void noWordThatTheGlossaryReplacesIsFoundAnywhere() {
    assertThat(
            PLACES.values().stream()
                .flatMap(List::stream)
                .flatMap(
                    shown ->
                        TERMS.stream()
                            .flatMap(term -> term.unwanted().stream())
                            .filter(unwanted -> isIn(unwanted, shown))
                            .map(unwanted -> shown.where() + ": " + unwanted)))
        .isEmpty();
  }

  @Test
  void noVerbThatTheGlossaryReplacesIsFoundAnywhere() {
    String glossary = Sources.text(GLOSSARY);
    List<String> unwanted =
        Stream.concat(
                VERB.matcher(glossary.substring(glossary.indexOf("## Verbs")))
                    .results()
                    .skip(2) // heading and rule
                    .flatMap(row -> listed(row.group(1)).stream()),
                NO_ACTOR.stream())
            .toList();
    assertThat(unwanted).hasSizeGreaterThan(10);
    Pattern words =
        Pattern.compile("(?i)\\b(?:" + String.join("|", unwanted).replace(" ", "\\s+") + ")\\b");
    assertThat(
            PLACES.values().stream()
                .flatMap(List::stream)
                .flatMap(
                    shown ->
                        words
                            .matcher(CODE.matcher(shown.text()).replaceAll(""))
                            .results()
                            .map(found -> shown.where() + ": " + found.group())))
        .isEmpty();
  }

  @Test
  void theTermsStandInTheirOrder() {
    assertThat(TERMS.stream().map(term -> term.name().toLowerCase(Locale.ROOT))).isSorted();
  }

  /** Several words wherever they stand; one word as a label or a heading, for it may be a verb. */
  private static boolean isIn(String unwanted, Shown shown) {
    if (unwanted.contains(" "))
      return anywhere(unwanted, Pattern.CASE_INSENSITIVE).test(shown.text());
    String word = Pattern.quote(unwanted);
    return Pattern.compile("(?m)>\\s*%1$s\\s*<|^#+ %1$s$|\\| %1$s \\||^%1$s$".formatted(word))
        .matcher(shown.text())
        .find();
  }

  private static java.util.function.Predicate<String> anywhere(String words, int flags) {
    String spaced =
        Stream.of(words.split(" ")).map(Pattern::quote).collect(Collectors.joining("\\s+"));
    return Pattern.compile("(?<![\\w-])" + spaced + "s?(?![\\w-])", flags).asPredicate();
  }

  private static List<String> listed(String cell) {
    return Stream.of(cell.split(",")).map(String::strip).filter(part -> !part.isEmpty()).toList();
  }

  private static Stream<Shown> files(String tree, String ending, Function<String, String> read) {
    try (Stream<Path> files = Files.walk(Sources.ROOT.resolve(tree))) {
      return files
          .filter(file -> file.toString().endsWith(ending))
          .filter(file -> !file.toString().contains("node_modules"))
          .sorted()
          .map(file -> new Shown(Sources.name(file), read.apply(Sources.text(file))))
          .toList()
          .stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What a source says to people, a string on each line; strings that continue are one. */
  private static String strings(String source) {
    String code = COMMENT.matcher(source).replaceAll("").replaceAll("\"\\s*\\+\\s*\"", "");
    return STRING
        .matcher(code)
        .results()
        .map(GlossaryTests::text)
        .collect(Collectors.joining("\n"));
  }

  private static String text(MatchResult string) {
    return string.group(1) == null ? string.group(2) : string.group(1);
  }
}
