package dev.graft;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.FormatterException;
import com.google.googlejavaformat.java.ImportOrderer;
import com.google.googlejavaformat.java.JavaFormatterOptions.Style;
import com.google.googlejavaformat.java.RemoveUnusedImports;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** One formatter, never argued about. {@code -Dformat.write=true} rewrites; see CONTRIBUTING.md. */
@Concurrent
class FormatTests {
  @Test
  void everySourceFileIsFormatted() throws Exception {
    boolean write = Boolean.getBoolean("format.write");
    List<String> unformatted = new ArrayList<>();
    for (Path file : sources()) {
      String text = Sources.text(file);
      String formatted = formatted(text);
      if (formatted.equals(text)) continue;
      if (write) Files.writeString(file, formatted);
      else unformatted.add(Sources.name(file));
    }
    assertThat(unformatted).as("unformatted files; `make format` mends them").isEmpty();
  }

  private static List<Path> sources() {
    return Stream.of("src/main/java", "src/tools/java", "src/test/java")
        .flatMap(tree -> Sources.java(tree).stream())
        .toList();
  }

  private static String formatted(String source) throws FormatterException {
    String imports =
        RemoveUnusedImports.removeUnusedImports(ImportOrderer.reorderImports(source, Style.GOOGLE));
    return new Formatter().formatSource(imports);
  }
}
