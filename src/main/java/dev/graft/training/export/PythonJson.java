package dev.graft.training.export;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** JSON as Python's {@code json.dumps(value, indent=2)} lays it out, ASCII only. */
final class PythonJson {
  private PythonJson() {}

  /** Strings, numbers, booleans, null, lists and maps of these, in their order. */
  static String write(@Nullable Object value) {
    StringBuilder out = new StringBuilder();
    write(value, "\n", out);
    return out.toString();
  }

  private static void write(@Nullable Object value, String newLine, StringBuilder out) {
    String inner = newLine + "  ";
    switch (value) {
      case null -> out.append("null");
      case String text -> quote(text, out);
      case Map<?, ?> map -> {
        out.append('{');
        String separator = inner;
        for (Map.Entry<?, ?> entry : map.entrySet()) {
          out.append(separator);
          quote(String.valueOf(entry.getKey()), out);
          write(entry.getValue(), inner, out.append(": "));
          separator = "," + inner;
        }
        out.append(map.isEmpty() ? "}" : newLine + "}");
      }
      case List<?> list -> {
        out.append('[');
        String separator = inner;
        for (Object each : list) {
          write(each, inner, out.append(separator));
          separator = "," + inner;
        }
        out.append(list.isEmpty() ? "]" : newLine + "]");
      }
      default -> out.append(value);
    }
  }

  private static void quote(String text, StringBuilder out) {
    out.append('"');
    for (char c : text.toCharArray()) {
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> {
          if (c < ' ' || c > '~') out.append("\\u%04x".formatted((int) c));
          else out.append(c);
        }
      }
    }
    out.append('"');
  }
}
