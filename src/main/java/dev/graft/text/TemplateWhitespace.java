package dev.graft.text;

/**
 * Jinja's white space rules, applied before jinjava reads the template (its own differ): {@code -}
 * strips to the next tag, {@code trim_blocks} takes the line break after a block tag, {@code
 * lstrip_blocks} the blanks before one that begins a line, and one line break at the end of the
 * template goes. Comments go too, and what {@link TemplateConstructs} does not know is refused. The
 * same steps as {@code jinja2.lexer.Lexer.tokeniter}.
 */
final class TemplateWhitespace {
  private final String source;
  private final StringBuilder out = new StringBuilder();
  private final TemplateConstructs constructs = new TemplateConstructs();
  private int at;
  private boolean lineStarting = true;

  private TemplateWhitespace(String source) {
    String text = source.replace("\r\n", "\n").replace('\r', '\n');
    this.source = text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
  }

  /**
   * @throws TemplateRejected if a tag is not closed or not supported
   */
  static String applied(String source) {
    return new TemplateWhitespace(source).apply();
  }

  private String apply() {
    for (int tag = nextTag(); tag >= 0; tag = nextTag()) {
      char kind = source.charAt(tag + 1);
      char sign = source.charAt(tag + 2);
      out.append(text(source.substring(at, tag), kind, sign));
      int inner = tag + 2 + (sign == '-' || sign == '+' ? 1 : 0);
      int end = kind == '#' ? source.indexOf("#}", inner) : endOfTag(inner, kind);
      if (end < 0) throw new TemplateRejected("chat template: a tag is not closed");
      char last = end > inner ? source.charAt(end - 1) : ' ';
      boolean signed = last == '-' || last == '+' && kind != '{';
      if (kind != '#') write(kind, source.substring(inner, signed ? end - 1 : end).strip());
      after(end + 2, kind, signed ? last : ' ');
    }
    return out.append(source, at, source.length()).toString();
  }

  private int nextTag() {
    for (int i = at; i + 2 < source.length(); i++) {
      if (source.charAt(i) == '{' && "{%#".indexOf(source.charAt(i + 1)) >= 0) return i;
    }
    return -1;
  }

  private String text(String text, char nextKind, char nextSign) {
    if (nextSign == '-') return text.stripTrailing();
    if (nextSign == '+' || nextKind == '{') return text;
    int line = text.lastIndexOf('\n') + 1;
    boolean indent = (line > 0 || lineStarting) && text.substring(line).isBlank();
    return indent ? text.substring(0, line) : text;
  }

  private void write(char kind, String body) {
    out.append('{').append(kind).append(' ').append(constructs.checked(kind, body)).append(' ');
    out.append(kind == '{' ? '}' : '%').append('}');
  }

  /** Goes on behind a tag and what it takes of the white space there. */
  private void after(int end, char kind, char sign) {
    at = end;
    if (sign == '-') {
      while (at < source.length() && Character.isWhitespace(source.charAt(at))) at++;
    } else if (sign != '+' && kind != '{' && at < source.length() && source.charAt(at) == '\n') {
      at++;
    }
    lineStarting = source.charAt(at - 1) == '\n';
  }

  /** The closing braces, outside of string literals, dicts, lists and calls. */
  private int endOfTag(int from, char kind) {
    String close = kind == '{' ? "}}" : "%}";
    char quote = 0;
    int depth = 0;
    for (int i = from; i + 1 < source.length(); i++) {
      char c = source.charAt(i);
      if (quote != 0) {
        if (c == '\\') i++;
        else if (c == quote) quote = 0;
      } else if (depth == 0 && source.startsWith(close, i)) {
        return i;
      } else if (c == '\'' || c == '"') {
        quote = c;
      } else if ("{[(".indexOf(c) >= 0) {
        depth++;
      } else if ("}])".indexOf(c) >= 0) {
        depth--;
      }
    }
    return -1;
  }
}
