package dev.graft;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Rules about source text. */
@Concurrent
class SourceTests {
  private static final int METHOD_LINES = 40;

  /** Closes a body at the depth of a member, or of a member of a nested type. */
  private static final Pattern END = Pattern.compile("(?<depth> {2}| {4}| {6})}");

  private static final Pattern TYPE = Pattern.compile("\\b(class|interface|record|enum)\\b");

  private static final Pattern SLEEP = Pattern.compile("Thread" + "\\.sleep\\(");
  private static final Pattern LOCAL_NAMES =
      Pattern.compile("(?<![\\w.])/(root|home)/\\w|TODO:? *owner|owner: " + "[a-z]+\"");

  @Test
  void noMethodIsLongerThanAScreen() {
    assertThat(mainAndTools().flatMap(SourceTests::longMethods)).isEmpty();
  }

  @Test
  void everyPackageSaysThatItIsNullMarkedAndWhatItIsFor() {
    assertThat(
            mainAndTools()
                .map(SourceTests::packageInfo)
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
    assertThat(matching("src/tools/java", LOCAL_NAMES)).isEmpty();
  }

  private static Stream<Path> mainAndTools() {
    return Stream.of("src/main/java", "src/tools/java")
        .flatMap(tree -> Sources.java(tree).stream());
  }

  /** A tool in a package of the product has the page of the product. */
  private static Path packageInfo(Path file) {
    Path own = file.resolveSibling("package-info.java");
    return Files.exists(own)
        ? own
        : Path.of(own.toString().replace("/src/tools/java/", "/src/main/java/"));
  }

  /** In the one format there is, a body ends at the depth at which its declaration began. */
  private static Stream<String> longMethods(Path file) {
    List<String> lines = Sources.text(file).lines().toList();
    List<String> found = new ArrayList<>();
    for (int end = 0; end < lines.size(); end++) {
      Matcher closing = END.matcher(lines.get(end));
      if (!closing.matches()) continue;
      Pattern declaration = Pattern.compile(closing.group("depth") + "[^ })].*");
      int start = end - 1;
      while (!declaration.matcher(lines.get(start)).matches()) start--;
      int open = start;
      while (!lines.get(open).endsWith("{")) open++;
      boolean type = TYPE.matcher(String.join(" ", lines.subList(start, open + 1))).find();
      if (!type && end - open + 1 > METHOD_LINES) found.add(Sources.name(file) + ":" + (start + 1));
    }
    return found.stream();
  }

  private static Stream<String> matching(String tree, Pattern pattern) {
    return Sources.java(tree).stream()
        .filter((Path file) -> pattern.matcher(Sources.text(file)).find())
        .map(Sources::name);
  }
}
