package dev.graft.text;

import dev.graft.text.RowReader.BadRow;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Rows of a classification or regression: {@code text} with {@code label} or {@code labels}. */
final class LabelShape {
  private static final int MOST_LABELS = 1000;
  private static final int LONGEST_NAME = 200;

  private LabelShape() {}

  static boolean fits(Map<?, ?> map) {
    return map.containsKey("label") || map.containsKey("labels");
  }

  static Example.Labelled example(long line, Map<?, ?> map, UnknownKeys unknown) {
    boolean several = map.containsKey("labels");
    unknown.only(map, Set.of("text", several ? "labels" : "label"));
    String text = RowShape.string(map, "text", "");
    Label label = several ? names(map.get("labels")) : label(map.get("label"));
    return new Example.Labelled(line, text, label);
  }

  private static Label label(@Nullable Object value) {
    return switch (value) {
      case String name -> new Label.Name(checked(name, "label"));
      case Boolean flag -> new Label.Name(flag.toString());
      case Number number when Double.isFinite(number.doubleValue()) ->
          new Label.Number(number.doubleValue());
      case null, default ->
          throw new BadRow("label must be the name of a class or a number (labels: a list)");
    };
  }

  private static Label names(@Nullable Object value) {
    if (!(value instanceof List<?> list) || list.size() > MOST_LABELS) {
      throw new BadRow("labels must be a list of names, at most " + MOST_LABELS);
    }
    Set<String> names = new LinkedHashSet<>();
    for (Object each : list) {
      if (!(each instanceof String name)) throw new BadRow("labels must be a list of names");
      if (!names.add(checked(name, "labels"))) throw new BadRow("labels names a class twice");
    }
    return new Label.Names(new ArrayList<>(names));
  }

  private static String checked(String name, String key) {
    boolean good = !name.isBlank() && name.length() <= LONGEST_NAME && name.equals(name.strip());
    if (good && name.chars().noneMatch(Character::isISOControl)) return name;
    throw new BadRow(
        key
            + ": a name has 1 to "
            + LONGEST_NAME
            + " characters, no control characters, no space at either end");
  }
}
