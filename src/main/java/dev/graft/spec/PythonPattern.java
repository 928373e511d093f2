package dev.graft.spec;

import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * A regular expression in the syntax that Python's {@code re} and Java share. What one of them
 * lacks, or reads differently, is refused. Equal when written equally.
 */
public record PythonPattern(String text) {
  private static final int LONGEST = 1000;

  /** Characters looked at in one match; a path has a hundred, so more is backtracking. */
  private static final int MOST_STEPS = 1_000_000;

  /** Letters after a backslash that mean the same in both. */
  private static final String ESCAPES = "dDwWsSbBAtnrf";

  private static final String[] GROUPS = {"?:", "?=", "?!", "?<=", "?<!"};

  /**
   * @throws IllegalArgumentException if the text is no such expression, saying why
   */
  public PythonPattern {
    if (text.isEmpty() || text.length() > LONGEST) {
      throw new IllegalArgumentException("must have 1 to " + LONGEST + " characters");
    }
    requireShared(text);
    try {
      Pattern.compile(text);
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException("is no regular expression: " + e.getDescription(), e);
    }
  }

  /** For a whole path, or its end after a dot. */
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
      throw new IllegalArgumentException("the expression '" + text + "' is too deep", e);
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

  /** Counts how often it is read. */
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
