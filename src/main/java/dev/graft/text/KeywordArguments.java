package dev.graft.text;

import java.util.regex.Pattern;

/**
 * Keyword arguments whose value is a calculation, such as {@code namespace(last=messages|length -
 * 1)}, in parentheses: jinjava binds the keyword to the first operand only.
 */
final class KeywordArguments {
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
      boolean calculated = CALCULATION.matcher(value.replaceAll("'[^']*'|\"[^\"]*\"", "''")).find();
      out.append(calculated ? "(" + nested(value) + ")" : nested(value));
      i = end - 1;
    }
    return out.toString();
  }

  /** Whether an {@code =} stands between a name and its value. */
  private boolean assigns(int at) {
    if (body.charAt(at) != '=' || at == 0 || at + 1 == body.length()) return false;
    return body.charAt(at + 1) != '=' && "=!<>".indexOf(body.charAt(at - 1)) < 0;
  }

  /** Where the value that begins here ends: at a comma or the end of the call. */
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

  /** The place behind a string that begins here; the same place if none does. */
  private int behindLiteral(int at) {
    char quote = body.charAt(at);
    if (quote != '\'' && quote != '"') return at;
    int i = at + 1;
    while (i < body.length() && body.charAt(i) != quote) i += body.charAt(i) == '\\' ? 2 : 1;
    return Math.min(body.length(), i + 1);
  }
}
