package dev.graft.text;

import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.filter.Filter;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Writes JSON in the layout of Python's {@code json.dumps}: strings, numbers, booleans, null,
 * lists, and maps in their own order.
 */
public final class PythonJson {
  private final StringBuilder out = new StringBuilder();
  private final int indent;
  private final boolean ensureAscii;

  private PythonJson(int indent, boolean ensureAscii) {
    this.indent = indent;
    this.ensureAscii = ensureAscii;
  }

  /**
   * @param indent spaces per level; -1 = everything on one line
   * @param ensureAscii whether to escape everything but printable ASCII
   * @throws ChatTemplate.TemplateRejected if the value contains other types
   */
  public static String dumps(@Nullable Object value, int indent, boolean ensureAscii) {
    PythonJson json = new PythonJson(indent, ensureAscii);
    json.write(value, 0);
    return json.out.toString();
  }

  private void write(@Nullable Object value, int depth) {
    switch (value) {
      case null -> out.append("null");
      case Map<?, ?> map -> container('{', map.entrySet(), '}', depth, e -> entry(e, depth + 1));
      case List<?> list -> container('[', list, ']', depth, each -> write(each, depth + 1));
      case Number number -> out.append(number);
      case Boolean flag -> out.append(flag);
      case CharSequence text -> string(text);
      default ->
          throw new ChatTemplate.TemplateRejected(
              "chat template: tojson does not support " + value.getClass().getSimpleName());
    }
  }

  private void entry(Map.Entry<?, ?> entry, int depth) {
    string(String.valueOf(entry.getKey()));
    out.append(": ");
    write(entry.getValue(), depth);
  }

  private <T extends @Nullable Object> void container(
      char open, Collection<T> elements, char close, int depth, Consumer<T> element) {
    out.append(open);
    for (Iterator<T> i = elements.iterator(); i.hasNext(); ) {
      line(depth + 1);
      element.accept(i.next());
      if (i.hasNext()) out.append(indent < 0 ? ", " : ",");
    }
    if (!elements.isEmpty()) line(depth);
    out.append(close);
  }

  private void line(int depth) {
    if (indent >= 0) out.append('\n').repeat(' ', indent * depth);
  }

  private void string(CharSequence text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        default -> {
          if (c < ' ' || ensureAscii && c > '~') out.append(String.format("\\u%04x", (int) c));
          else out.append(c);
        }
      }
    }
    out.append('"');
  }

  /** transformers' {@code tojson}: no HTML escaping, no ASCII escaping, optional indent. */
  static final class ToJsonFilter implements Filter {
    @Override
    public String getName() {
      return "tojson";
    }

    @Override
    public Object filter(
        @Nullable Object value, JinjavaInterpreter interpreter, String... arguments) {
      int indent =
          arguments.length > 0 && arguments[0] != null ? Integer.parseInt(arguments[0]) : -1;
      return PythonJson.dumps(value, indent, false);
    }

    @Override
    public Object filter(
        @Nullable Object value,
        JinjavaInterpreter interpreter,
        Object[] arguments,
        Map<String, Object> named) {
      Object indent = named.getOrDefault("indent", arguments.length > 0 ? arguments[0] : null);
      return PythonJson.dumps(
          value, indent instanceof Number number ? number.intValue() : -1, false);
    }
  }
}
