package dev.graft;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Rules about source text. */
class SourceTests {
  private static final int LINES = 300;
  private static final int TEST_LINES = 400;
  private static final Pattern SLEEP = Pattern.compile("Thread" + "\\.sleep\\(");
  private static final Pattern LOCAL_NAMES =
      Pattern.compile("(?<![\\w.])/(root|home)/\\w|TODO:? *owner|owner: " + "[a-z]+\"");

  @Test
  void noFileIsTooLongToRead() {
    assertThat(longer("src/main/java", LINES)).isEmpty();
    assertThat(longer("src/test/java", TEST_LINES)).isEmpty();
  }

  @Test
  void everyPackageSaysThatItIsNullMarkedAndWhatItIsFor() {
    assertThat(
            Sources.java("src/main/java").stream()
                .map(file -> file.resolveSibling("package-info.java"))
                .distinct()
                .filter(info -> !Files.exists(info) || !Sources.text(info).contains("@NullMarked"))
                .map(Sources::name))
        .isEmpty();
  }

  @Test
  void testsWaitForSignalsAndNeverSleep() {
    assertThat(matching("src/test/java", SLEEP)).isEmpty();
  }

  @Test
  void noMachinePathAndNothingLeftUnbuilt() {
    assertThat(matching("src/main/java", LOCAL_NAMES)).isEmpty();
  }

  private static List<String> longer(String tree, int most) {
    return Sources.java(tree).stream()
        .filter(file -> Sources.text(file).lines().count() > most)
        .map(Sources::name)
        .toList();
  }

  private static Stream<String> matching(String tree, Pattern pattern) {
    return Sources.java(tree).stream()
        .filter((Path file) -> pattern.matcher(Sources.text(file)).find())
        .map(Sources::name);
  }
}
