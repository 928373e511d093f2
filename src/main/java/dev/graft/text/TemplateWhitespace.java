package dev.graft.text;

import java.util.HashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Applies Jinja's white space rules before Jinjava, whose rules differ, reads the template: {@code
 * -} strips to the next tag, {@code trim_blocks} removes the line break after a block tag, {@code
 * lstrip_blocks} the blanks before one that begins a line, and one line break at the end of the
 * template is removed. Also removes comments and refuses what {@link TemplateConstructs} does not
 * know. The steps are those of {@code jinja2.lexer.Lexer.tokeniter}.
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
   * @throws ChatTemplate.TemplateRejected if a tag is not closed or not supported
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
      if (end < 0) throw new ChatTemplate.TemplateRejected("chat template: a tag is not closed");
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

  /** Continues after a tag and the white space that it strips. */
  private void after(int end, char kind, char sign) {
    at = end;
    if (sign == '-') {
      while (at < source.length() && Character.isWhitespace(source.charAt(at))) at++;
    } else if (sign != '+' && kind != '{' && at < source.length() && source.charAt(at) == '\n') {
      at++;
    }
    lineStarting = source.charAt(at - 1) == '\n';
  }

  /** Returns the closing braces outside of string literals, dicts, lists and calls. */
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

  /**
   * The part of Jinja that renders as in Python. Jinjava silently ignores what it does not know, so
   * a template that uses more is refused here, with the name of the construct.
   */
  private static final class TemplateConstructs {
    private static final Set<String> TAGS =
        words(
            "for endfor if elif else endif set endset macro endmacro generation endgeneration "
                + "break continue");
    private static final Set<String> FILTERS =
        words(
            "trim length count upper lower capitalize title join first last list default d "
                + "tojson string replace map select reject selectattr rejectattr items reverse int "
                + "safe unique");
    private static final Set<String> TESTS =
        words(
            "defined undefined none string iterable mapping sequence number integer boolean "
                + "true false odd even equalto sameas in");
    private static final Set<String> METHODS =
        words(
            "strip lstrip rstrip startswith endswith upper lower capitalize title replace "
                + "find count split rsplit splitlines join items keys values get append index");
    private static final Set<String> WORDS = words("not in is and or if else");

    private static final Pattern LITERAL =
        Pattern.compile("'(\\\\.|[^'\\\\])*'|\"(\\\\.|[^\"\\\\])*\"", Pattern.DOTALL);
    private static final Pattern FILTER = Pattern.compile("\\|\\s*(\\w+)");
    private static final Pattern TEST = Pattern.compile("\\bis\\s+(?:not\\s+)?(\\w+)");
    private static final Pattern METHOD = Pattern.compile("\\.\\s*(\\w+)\\s*\\(");
    private static final Pattern FUNCTION =
        Pattern.compile("(?<![.\\w|])(?<!\\|\\s)(?<!is )(?<!not )\\b(\\w+)\\s*\\(");

    private final Set<String> functions =
        new HashSet<>(Set.of("raise_exception", "strftime_now", "namespace", "range"));

    private static Set<String> words(String words) {
      return Set.of(words.split(" "));
    }

    /**
     * @param kind '%' for a tag, '{' for an output
     * @param body the text between the braces
     * @return the body, with reversed slices and keyword arguments in Jinjava's syntax
     */
    String checked(char kind, String body) {
      String code = LITERAL.matcher(body).replaceAll("''");
      if (kind == '%') tag(code);
      each(FILTER, code, FILTERS, "filter");
      each(TEST, code, TESTS, "test");
      each(METHOD, code, METHODS, "method");
      for (Matcher call = FUNCTION.matcher(code); call.find(); ) {
        String name = call.group(1);
        boolean known = functions.contains(name) || WORDS.contains(name) || TAGS.contains(name);
        if (!known) throw refused("function", name);
      }
      String reversed = body.replaceAll("(?<=[\\w)\\]])\\[::-1\\]", "|reverse");
      return code.startsWith("macro") ? reversed : KeywordArguments.nested(reversed);
    }

    private void tag(String code) {
      String name = code.split("\\W", 2)[0];
      if (!TAGS.contains(name)) throw refused("tag", name);
      if (name.equals("for") && code.matches("(?s).*\\sif\\s.*") && !code.contains(" else ")) {
        throw refused("tag", "for ... if");
      }
      if (name.equals("for") && code.matches("(?s).*\\srecursive")) {
        throw refused("tag", "for ... recursive");
      }
      if (name.equals("macro")) functions.add(code.substring(5).split("\\(", 2)[0].strip());
    }

    private static void each(Pattern pattern, String code, Set<String> known, String what) {
      for (Matcher match = pattern.matcher(code); match.find(); ) {
        if (!known.contains(match.group(1))) throw refused(what, match.group(1));
      }
    }

    private static ChatTemplate.TemplateRejected refused(String what, String name) {
      return new ChatTemplate.TemplateRejected(
          "chat template: " + what + " '" + name + "' is not supported");
    }
  }

  /**
   * Puts keyword arguments whose value is a calculation, such as {@code
   * namespace(last=messages|length - 1)}, in parentheses, because Jinjava binds the keyword to the
   * first operand only.
   */
  private static final class KeywordArguments {
    private static final Pattern CALCULATION =
        Pattern.compile("[\\w)\\]'\"]\\s*[-+*/%~]|\\b(and|or|not|in|is|if)\\b");

    private final String body;

    private KeywordArguments(String body) {
      this.body = body;
    }

    static String nested(String body) {
      return new KeywordArguments(body).nested();
    }

    private String nested() {
      StringBuilder out = new StringBuilder();
      int depth = 0;
      for (int i = 0; i < body.length(); i++) {
        char c = body.charAt(i);
        int literal = behindLiteral(i);
        if (literal > i) {
          out.append(body, i, literal);
          i = literal - 1;
          continue;
        }
        if (c == '(') depth++;
        if (c == ')') depth--;
        out.append(c);
        if (depth == 0 || !assigns(i)) continue;
        int end = end(i + 1);
        String value = body.substring(i + 1, end).strip();
        boolean calculated =
            CALCULATION.matcher(value.replaceAll("'[^']*'|\"[^\"]*\"", "''")).find();
        out.append(calculated ? "(" + nested(value) + ")" : nested(value));
        i = end - 1;
      }
      return out.toString();
    }

    /** Whether a character is the {@code =} between a name and its value. */
    private boolean assigns(int at) {
      if (body.charAt(at) != '=' || at == 0 || at + 1 == body.length()) return false;
      return body.charAt(at + 1) != '=' && "=!<>".indexOf(body.charAt(at - 1)) < 0;
    }

    /** Returns the end of the value that begins here: a comma or the end of the call. */
    private int end(int from) {
      int depth = 0;
      for (int i = from; i < body.length(); i++) {
        i = behindLiteral(i);
        if (i == body.length()) break;
        char c = body.charAt(i);
        if (depth == 0 && (c == ',' || c == ')')) return i;
        if ("([{".indexOf(c) >= 0) depth++;
        if (")]}".indexOf(c) >= 0) depth--;
      }
      return body.length();
    }

    /** Returns the end of the string that begins here; the same position if none does. */
    private int behindLiteral(int at) {
      char quote = body.charAt(at);
      if (quote != '\'' && quote != '"') return at;
      int i = at + 1;
      while (i < body.length() && body.charAt(i) != quote) i += body.charAt(i) == '\\' ? 2 : 1;
      return Math.min(body.length(), i + 1);
    }
  }
}
