package dev.graft.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The methods of Python's str that chat templates use. */
final class PythonStrings {
  private PythonStrings() {}

  static Object call(String text, String method, @Nullable Object[] arguments) {
    return switch (method) {
      case "strip" -> strip(text, arguments, true, true);
      case "lstrip" -> strip(text, arguments, true, false);
      case "rstrip" -> strip(text, arguments, false, true);
      case "startswith" -> anyOf(arguments[0], text::startsWith);
      case "endswith" -> anyOf(arguments[0], text::endsWith);
      case "upper" -> text.toUpperCase(Locale.ROOT);
      case "lower" -> text.toLowerCase(Locale.ROOT);
      case "capitalize" -> capitalize(text);
      case "title" -> title(text);
      case "replace" -> text.replace(string(arguments[0]), string(arguments[1]));
      case "find" -> (long) text.indexOf(string(arguments[0]));
      case "count" -> (long) split(text, string(arguments[0]), -1).size() - 1;
      case "split" -> split(text, arguments);
      case "rsplit" -> {
        if (arguments.length > 1) throw PythonMethods.unsupported("str", "rsplit with a limit");
        yield split(text, arguments);
      }
      case "splitlines" -> new ArrayList<>(text.lines().toList());
      case "join" -> join(text, arguments[0]);
      default -> throw PythonMethods.unsupported("str", method);
    };
  }

  private static boolean anyOf(@Nullable Object affixes, Predicate<String> matches) {
    if (affixes instanceof List<?> list) {
      return list.stream().anyMatch(affix -> matches.test(string(affix)));
    }
    return matches.test(string(affixes));
  }

  private static String string(@Nullable Object value) {
    if (value instanceof String text) return text;
    throw new TemplateRejected("chat template: a method of str got something else than a string");
  }

  /** Python's strip: white space, or any of the given characters. */
  static String strip(String text, @Nullable Object[] arguments, boolean left, boolean right) {
    String set = arguments.length == 0 || arguments[0] == null ? null : string(arguments[0]);
    int start = 0;
    int end = text.length();
    while (left && start < end && strips(text.codePointAt(start), set)) {
      start += Character.charCount(text.codePointAt(start));
    }
    while (right && end > start && strips(text.codePointBefore(end), set)) {
      end -= Character.charCount(text.codePointBefore(end));
    }
    return text.substring(start, end);
  }

  private static boolean strips(int codePoint, @Nullable String set) {
    return set == null ? isSpace(codePoint) : set.indexOf(codePoint) >= 0;
  }

  /** Python's str.isspace. */
  private static boolean isSpace(int codePoint) {
    return Character.isWhitespace(codePoint)
        || Character.isSpaceChar(codePoint)
        || codePoint == 0x85;
  }

  private static List<String> split(String text, @Nullable Object[] arguments) {
    if (arguments.length == 0 || arguments[0] == null) {
      String stripped = strip(text, new Object[0], true, true);
      return stripped.isEmpty()
          ? new ArrayList<>()
          : new ArrayList<>(List.of(stripped.split("(?U)\\s+")));
    }
    int limit = arguments.length > 1 && arguments[1] instanceof Number n ? n.intValue() : -1;
    return split(text, string(arguments[0]), limit);
  }

  private static List<String> split(String text, String separator, int limit) {
    if (separator.isEmpty()) throw new TemplateRejected("chat template: split by nothing");
    List<String> parts = new ArrayList<>();
    int from = 0;
    for (int at = text.indexOf(separator);
        at >= 0 && (limit < 0 || parts.size() < limit);
        at = text.indexOf(separator, from)) {
      parts.add(text.substring(from, at));
      from = at + separator.length();
    }
    parts.add(text.substring(from));
    return parts;
  }

  private static String join(String separator, @Nullable Object parts) {
    if (!(parts instanceof List<?> list)) throw new TemplateRejected("chat template: join");
    return String.join(separator, list.stream().map(PythonStrings::string).toList());
  }

  private static String capitalize(String text) {
    if (text.isEmpty()) return text;
    int first = text.offsetByCodePoints(0, 1);
    return text.substring(0, first).toUpperCase(Locale.ROOT)
        + text.substring(first).toLowerCase(Locale.ROOT);
  }

  private static String title(String text) {
    StringBuilder out = new StringBuilder();
    boolean inWord = false;
    for (int codePoint : text.codePoints().toArray()) {
      out.appendCodePoint(
          inWord ? Character.toLowerCase(codePoint) : Character.toTitleCase(codePoint));
      inWord = Character.isLetter(codePoint);
    }
    return out.toString();
  }
}
