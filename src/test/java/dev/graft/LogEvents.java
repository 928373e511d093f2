package dev.graft;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A line that the product can log.
 *
 * @param event its message
 * @param fields names of its key-values
 */
record LogEvents(String event, String level, Set<String> fields, Path file) {
  private static final Pattern STATEMENT =
      Pattern.compile(
          "(?:\\blog\\s*\\.at(Debug|Info|Warn|Error)\\(\\)|\\b(warn)\\(\\))((?:[^;]|\\n)*?)"
              + "\\.log\\(([^;]*?)\\)\\s*(?:;|\\))");
  private static final Pattern FIELD = Pattern.compile("addKeyValue\\(\\s*\"([^\"]*)\"");
  private static final Pattern NAME = Pattern.compile("\"([^\"]*)\"");

  /** An event that a method is given, by its callers. */
  private static final Pattern PASSED =
      Pattern.compile("\\b\\w+\\([^;\"]*\"([a-z]+_[a-z_]+)\"\\);");

  static List<LogEvents> ofTheProduct() {
    List<LogEvents> all = new ArrayList<>();
    for (Path file : Sources.java("src/main/java")) {
      Matcher statement = STATEMENT.matcher(Sources.text(file));
      while (statement.find()) {
        Set<String> fields = new TreeSet<>();
        FIELD.matcher(statement.group(3)).results().forEach(each -> fields.add(each.group(1)));
        boolean short_ = statement.group(2) != null;
        if (short_) fields.add("job");
        String level = short_ ? "warn" : statement.group(1).toLowerCase(java.util.Locale.ROOT);
        names(statement.group(4), file)
            .forEach(name -> all.add(new LogEvents(name, level, fields, file)));
      }
    }
    return all;
  }

  private static Stream<String> names(String argument, Path file) {
    boolean literal = argument.contains("\"");
    return (literal ? NAME : PASSED)
        .matcher(literal ? argument : Sources.text(file))
        .results()
        .map(name -> name.group(1));
  }

  String source() {
    return file.getFileName().toString().replace(".java", "");
  }
}
