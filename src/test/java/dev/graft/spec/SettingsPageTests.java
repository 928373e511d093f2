package dev.graft.spec;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * {@code docs/settings.md} lists what is accepted, and nothing else is. {@code
 * -Dsettings.write=true} writes it.
 */
class SettingsPageTests {
  private static final Path PAGE = Path.of(UnknownSetting.PAGE);
  private static final Path READERS = Path.of("src/main/java/dev/graft/spec");

  /** Keys by which an object is reached, and the names of modules and patterns. */
  private static final Set<String> OBJECTS =
      Set.of(
          "training",
          "data",
          "quantization",
          "output",
          "peft",
          "method",
          "objective",
          "config",
          "version",
          "hyperparameters",
          "type",
          "peft_type");

  @Test
  void thePageIsWhatTheReadersSay() throws IOException {
    String before = Files.exists(PAGE) ? Files.readString(PAGE) : "";
    String made = SettingsPage.of(before);
    if (Boolean.getBoolean("settings.write")) Files.writeString(PAGE, made);
    assertThat(Files.readAllLines(PAGE))
        .as("%s; -Dsettings.write=true writes it", PAGE)
        .containsExactlyElementsOf(made.lines().toList());
  }

  @Test
  void everyMeaningIsWritten() throws IOException {
    assertThat(Files.readAllLines(PAGE)).noneMatch(line -> line.endsWith("|  |"));
  }

  /** Accepted, so documented: every key that a reader has in its source. */
  @Test
  void everyKeyThatAReaderAsksForIsOnThePage() throws IOException {
    Set<String> documented = new TreeSet<>();
    documented().forEach(path -> documented.addAll(Set.of(path.split("\\."))));
    documented.addAll(OBJECTS);
    assertThat(documented).containsAll(readKeys());
  }

  private static Set<String> readKeys() throws IOException {
    Pattern getter =
        Pattern.compile(
            "\\.(?:integer|integers|number|texts|bool|choice|object|value|notYet|known|isEmpty)"
                + "\\(\\s*\"(\\w+)\"");
    Set<String> keys = new TreeSet<>();
    try (Stream<Path> files = Files.walk(READERS)) {
      for (Path file : files.filter(each -> each.toString().endsWith(".java")).toList()) {
        Matcher matcher = getter.matcher(Files.readString(file));
        while (matcher.find()) keys.add(matcher.group(1));
      }
    }
    assertThat(keys).hasSizeGreaterThan(80);
    keys.removeAll(Set.of("supervised", "dpo", "reinforcement"));
    keys.removeAll(Set.of("device", "devices")); // of resources: docs/jobs.md
    return keys;
  }

  /** Documented, so accepted: no reader says that it does not know a setting of the page. */
  @Test
  void everySettingOfThePageIsKnown() throws IOException {
    Set<String> settings = documented();
    assertThat(settings).hasSizeGreaterThan(120);
    for (String path : settings) {
      assertThat(PagedSetting.problems(path))
          .as(path)
          .noneMatch(message -> message.startsWith("unknown setting"));
    }
  }

  @Test
  void aSettingThatIsNotOnThePageIsUnknown() {
    for (String part : new String[] {"training", "data", "quantization", "output", "peft"}) {
      assertThat(PagedSetting.problems(part + ".colour"))
          .anyMatch(message -> message.startsWith("unknown setting"));
    }
    assertThat(PagedSetting.problems("hyperparameters.colour"))
        .anyMatch(message -> message.startsWith("unknown setting"));
  }

  /** Paths of all settings, first cells of rows and those that are told in a sentence. */
  private static Set<String> documented() throws IOException {
    Set<String> paths = new TreeSet<>();
    Matcher code =
        Pattern.compile(
                "`((?:training|data|quantization|output|peft|method|hyperparameters)\\.[\\w.]+)`")
            .matcher(Files.readString(PAGE));
    while (code.find()) {
      if (!code.group(1).contains(".hyperparameters")) paths.add(code.group(1));
    }
    return paths;
  }
}
