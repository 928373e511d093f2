package dev.graft.text;

import java.util.HashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The part of Jinja that is known to render as in Python. jinjava passes over what it does not know
 * without a word, so a template that uses more is refused here, by the name of the construct.
 */
final class TemplateConstructs {
  private static final Set<String> TAGS =
      Set.of(
          "for",
          "endfor",
          "if",
          "elif",
          "else",
          "endif",
          "set",
          "endset",
          "macro",
          "endmacro",
          "generation",
          "endgeneration",
          "break",
          "continue");
  private static final Set<String> FILTERS =
      Set.of(
          "trim",
          "length",
          "count",
          "upper",
          "lower",
          "capitalize",
          "title",
          "join",
          "first",
          "last",
          "list",
          "default",
          "d",
          "tojson",
          "string",
          "replace",
          "map",
          "select",
          "reject",
          "selectattr",
          "rejectattr",
          "items",
          "reverse",
          "int",
          "safe",
          "unique");
  private static final Set<String> TESTS =
      Set.of(
          "defined",
          "undefined",
          "none",
          "string",
          "iterable",
          "mapping",
          "sequence",
          "number",
          "integer",
          "boolean",
          "true",
          "false",
          "odd",
          "even",
          "equalto",
          "sameas",
          "in");
  private static final Set<String> METHODS =
      Set.of(
          "strip",
          "lstrip",
          "rstrip",
          "startswith",
          "endswith",
          "upper",
          "lower",
          "capitalize",
          "title",
          "replace",
          "find",
          "count",
          "split",
          "rsplit",
          "splitlines",
          "join",
          "items",
          "keys",
          "values",
          "get",
          "append",
          "index");
  private static final Set<String> WORDS = Set.of("not", "in", "is", "and", "or", "if", "else");

  private static final Pattern LITERAL =
      Pattern.compile("'(\\\\.|[^'\\\\])*'|\"(\\\\.|[^\"\\\\])*\"", Pattern.DOTALL);
  private static final Pattern FILTER = Pattern.compile("\\|\\s*(\\w+)");
  private static final Pattern TEST = Pattern.compile("\\bis\\s+(?:not\\s+)?(\\w+)");
  private static final Pattern METHOD = Pattern.compile("\\.\\s*(\\w+)\\s*\\(");
  private static final Pattern FUNCTION =
      Pattern.compile("(?<![.\\w|])(?<!\\|\\s)(?<!is )(?<!not )\\b(\\w+)\\s*\\(");

  private final Set<String> functions =
      new HashSet<>(Set.of("raise_exception", "strftime_now", "namespace", "range"));

  /**
   * @param kind '%' for a tag, '{' for an output
   * @param body what stands between the braces
   * @return the body, with reversed slices and keyword arguments in jinjava's words
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

  private static TemplateRejected refused(String what, String name) {
    return new TemplateRejected("chat template: " + what + " '" + name + "' is not supported");
  }
}
