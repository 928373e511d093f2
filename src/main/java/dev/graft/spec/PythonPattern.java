package dev.graft.spec;

import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * A regular expression in the syntax that Python's {@code re} and Java share. Syntax that one of
 * them lacks or reads differently is refused.
 */
public record PythonPattern(String text) {
  private static final int LONGEST = 1000;

  /** Maximum characters read in one match, to limit backtracking; a path has about a hundred. */
  private static final int MOST_STEPS = 1_000_000;

  /** Letters that have the same meaning after a backslash in both. */
  private static final String ESCAPES = "dDwWsSbBAtnrf";

  private static final String[] GROUPS = {"?:", "?=", "?!", "?<=", "?<!"};

  /**
   * @throws IllegalArgumentException if the text is not such an expression, with the reason
   */
  public PythonPattern {
    if (text.isEmpty() || text.length() > LONGEST) {
      throw new IllegalArgumentException("must have 1 to " + LONGEST + " characters");
    }
    requireShared(text);
    try {
      Pattern.compile(text);
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException(
          "is not a valid regular expression: " + e.getDescription(), e);
    }
  }

  /** Returns an expression that matches a whole path, or its suffix after a dot. */
  public static PythonPattern atEnd(String text) {
    return new PythonPattern("(.*\\.)?(" + text + ")");
  }

  /**
   * Python's {@code re.fullmatch}.
   *
   * @throws IllegalArgumentException if the match takes too long
   */
  public boolean matches(String path) {
    try {
      return Pattern.compile(text).matcher(new Counted(path)).matches();
    } catch (StackOverflowError e) {
      throw new IllegalArgumentException(
          "the regular expression '" + text + "' is nested too deeply", e);
    }
  }

  private static void requireShared(String text) {
    boolean inClass = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\\') {
        i++;
        char escaped = i < text.length() ? text.charAt(i) : 'z';
        boolean letter = Character.isLetterOrDigit(escaped);
        if (letter && (ESCAPES.indexOf(escaped) < 0 || escaped == 'b' && inClass)) {
          throw differs("\\" + escaped);
        }
      } else if (inClass) {
        if (c == '[' || text.startsWith("&&", i)) throw differs(c + " inside [...]");
        if (c == ']') inClass = false;
      } else if (c == '[') {
        inClass = true;
        if (text.startsWith("]", i + 1) || text.startsWith("^]", i + 1)) throw differs("[]");
      } else if (text.startsWith("(?", i)) {
        requireSharedGroup(text, i + 1);
      }
    }
  }

  private static void requireSharedGroup(String text, int start) {
    for (String each : GROUPS) {
      if (text.startsWith(each, start)) return;
    }
    throw differs("(" + text.substring(start, Math.min(start + 2, text.length())));
  }

  private static IllegalArgumentException differs(String what) {
    return new IllegalArgumentException(what + " is not supported in a regular expression");
  }

  /** Text that counts how many characters are read. */
  private static final class Counted implements CharSequence {
    private final String text;
    private int steps;

    Counted(String text) {
      this.text = text;
    }

    @Override
    public char charAt(int index) {
      if (++steps > MOST_STEPS) {
        throw new IllegalArgumentException("the regular expression takes too long");
      }
      return text.charAt(index);
    }

    @Override
    public int length() {
      return text.length();
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return text.subSequence(start, end);
    }

    @Override
    public String toString() {
      return text;
    }
  }
}
