package dev.graft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.ServerProperties.Property;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.BindHandler;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.handler.NoUnboundElementsBindHandler;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

/**
 * {@code docs/server-properties.md} lists what a server reads, and nothing else. {@code
 * -Dproperties.write=true} writes it.
 */
class ServerPropertiesPageTests {
  private static final Path PAGE = Path.of("docs/server-properties.md");
  private static final Pattern ROW =
      Pattern.compile(
          "^\\| `(graft\\.[^`]+)` \\| (.*?) \\| (.*?) \\| (.*) \\|$", Pattern.MULTILINE);

  @Test
  void thePageIsWhatTheRecordsDeclare() throws IOException {
    String made = page();
    if (Boolean.getBoolean("properties.write")) Files.writeString(PAGE, made);
    assertThat(Files.readAllLines(PAGE))
        .as("%s; -Dproperties.write=true writes it", PAGE)
        .containsExactlyElementsOf(made.lines().toList());
    assertThat(documented())
        .allSatisfy((name, cells) -> assertThat(cells.get(2)).as(name).isNotBlank());
  }

  /** Documented, so accepted: the records take every property of the page with its default. */
  @Test
  void everyPropertyOfThePageIsBound() throws IOException {
    Map<String, List<String>> documented = documented();
    ServerProperties.others().forEach(other -> documented.remove(other.name()));
    Map<String, Class<?>> records = ServerProperties.records();
    for (Map.Entry<String, Class<?>> each : records.entrySet()) {
      Map<String, String> own = new LinkedHashMap<>();
      documented.forEach(
          (name, cells) -> {
            if (prefixOf(name, records.keySet()).equals(each.getKey())) {
              String key = name.replace("[]", "[0]");
              own.put(cells.get(1).startsWith("map") ? key + ".a" : key, sample(name, cells));
            }
          });
      assertThat(own).as(each.getKey()).isNotEmpty();
      assertThatCode(() -> bind(each.getKey(), each.getValue(), own)).doesNotThrowAnyException();
      own.put(each.getKey() + ".colour", "red");
      assertThatExceptionOfType(BindException.class)
          .isThrownBy(() -> bind(each.getKey(), each.getValue(), own));
    }
  }

  /** Read, so documented: every property that a source, a chart or a page names. */
  @Test
  void everyPropertyThatIsNamedAnywhereIsOnThePage() throws IOException {
    Set<String> sections = new TreeSet<>(ServerProperties.records().keySet());
    Set<String> documented = new TreeSet<>(documented().keySet());
    for (String name : documented) {
      for (int dot = name.indexOf('.'); dot > 0; dot = name.indexOf('.', dot + 1)) {
        sections.add(name.substring(0, dot).replace("[]", ""));
      }
    }
    Pattern named =
        Pattern.compile("\\bgraft\\.(?:" + groups(sections) + ")\\.[a-z][a-z0-9.-]*[a-z0-9]");
    for (Path file : places()) {
      Matcher names = named.matcher(Files.readString(file));
      while (names.find()) {
        assertThat(documented.contains(names.group()) || sections.contains(names.group()))
            .as("%s in %s", names.group(), file)
            .isTrue();
      }
    }
  }

  private static String groups(Set<String> sections) {
    Set<String> groups = new TreeSet<>();
    sections.stream()
        .filter(each -> each.contains("."))
        .forEach(each -> groups.add(each.split("\\.")[1]));
    return String.join("|", groups);
  }

  private static List<Path> places() throws IOException {
    try (Stream<Path> docs = Files.walk(Path.of("docs"));
        Stream<Path> yaml = Files.walk(Path.of("src/main/resources"));
        Stream<Path> helm = Files.walk(Path.of("helm"))) {
      return Stream.of(docs, yaml, helm, Stream.of(Path.of("README.md")))
          .flatMap(each -> each)
          .filter(each -> each.toString().matches(".*\\.(md|yml|yaml|tpl)"))
          .filter(each -> !each.startsWith("docs/adr"))
          .toList();
    }
  }

  private static void bind(String prefix, Class<?> type, Map<String, String> values) {
    new Binder(new MapConfigurationPropertySource(values))
        .bind(prefix, Bindable.of(type), new NoUnboundElementsBindHandler(BindHandler.DEFAULT));
  }

  /** The longest that fits: some records are inside of others' names. */
  private static String prefixOf(String name, Set<String> prefixes) {
    return prefixes.stream()
        .filter(prefix -> name.startsWith(prefix + "."))
        .reduce("", (a, b) -> a.length() > b.length() ? a : b);
  }

  private static String sample(String name, List<String> cells) {
    String byDefault = cells.get(0);
    boolean set = byDefault.startsWith("`") && !byDefault.contains("${");
    if (set) return byDefault.substring(1, byDefault.length() - 1);
    String value = cells.get(1);
    if (name.endsWith(".role")) return "member";
    if (value.startsWith("`")) return value.substring(1, value.indexOf('`', 1));
    return switch (value) {
      case "duration", "list of durations" -> "1s";
      case "size" -> "1MB";
      case "whole number" -> "1";
      case "URL" -> "http://localhost/v1";
      default -> "a";
    };
  }

  /** Cells of each row, by name. */
  private static Map<String, List<String>> documented() throws IOException {
    Map<String, List<String>> rows = new TreeMap<>();
    Matcher row = ROW.matcher(Files.exists(PAGE) ? Files.readString(PAGE) : "");
    while (row.find()) rows.put(row.group(1), List.of(row.group(2), row.group(3), row.group(4)));
    return rows;
  }

  private static String page() throws IOException {
    Map<String, List<String>> before = documented();
    StringBuilder page =
        new StringBuilder(
            """
            # Server properties

            Every property of a server and a worker. The tables come from the code: `ServerPropertiesPageTests` compares them
            with what is read. Set them in the file of `--config` or in the environment: upper case, with `_` for each dot
            and no dashes (`GRAFT_JOBS_LEASETTL`). The environment wins over the file. The few that have an option of `graft serve`
            (`--port`, `--data-dir`, `--server`, `--join-token`, `--join-token-file`, `--device`) take it first. Properties of Spring Boot (`server.port`, `spring.datasource.url`) work as
            well. A duration is a number with `ms`, `s`, `m`, `h` or `d`; a size one with `KB`, `MB`, `GB` or `TB`. A list has
            commas between its values. The limits of a single department are in [departments.md](departments.md).
            """);
    for (Map.Entry<String, Class<?>> each : ServerProperties.records().entrySet()) {
      section(page, each.getKey(), ServerProperties.of(each.getKey(), each.getValue()), before);
    }
    section(page, "Schedules and switches", ServerProperties.others(), before);
    return page.toString();
  }

  private static void section(
      StringBuilder page, String title, List<Property> rows, Map<String, List<String>> before) {
    String heading = title.startsWith("graft") ? "`" + title + "`" : title;
    page.append("\n## ").append(heading);
    page.append("\n\n| property | default | value | meaning |\n|---|---|---|---|\n");
    for (Property row : rows) {
      String kept = before.getOrDefault(row.name(), List.of("", "", "")).get(2);
      String meaning = row.meaning().isEmpty() ? kept : row.meaning();
      page.append(
          "| `%s` | %s | %s | %s |\n"
              .formatted(row.name(), row.byDefault(), row.value(), meaning.strip()));
    }
  }
}
