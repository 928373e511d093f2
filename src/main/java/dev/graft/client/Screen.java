package dev.graft.client;

import java.io.PrintStream;

/**
 * The output of a long-running command. On a terminal it uses colours and rewrites the progress
 * line; elsewhere it prints plain lines. Progress goes to standard error, results to standard
 * output.
 */
public final class Screen {
  private static final String CLEAR_LINE = "\r\033[2K";

  /** Cuts lines at the edge of the screen, because a wrapped line cannot be cleared completely. */
  private static final String NO_WRAP = "\033[?7l";

  private static final String WRAP = "\033[?7h";

  private final PrintStream out;
  private final PrintStream progress;
  private final boolean terminal;

  public Screen(PrintStream out, PrintStream progress, boolean terminal) {
    this.out = out;
    this.progress = progress;
    this.terminal = terminal;
  }

  /**
   * Returns the screen of this process; it uses colours on a terminal unless {@code NO_COLOR} is
   * set.
   */
  public static Screen standard() {
    var console = System.console();
    boolean terminal =
        console != null
            && console.isTerminal()
            && System.getenv("NO_COLOR") == null
            && !"dumb".equals(System.getenv("TERM"));
    return new Screen(System.out, System.err, terminal);
  }

  public boolean terminal() {
    return terminal;
  }

  public void title(String title, String detail) {
    progress.println();
    progress.println("  " + bold(title) + "  " + faint(detail));
    progress.println();
  }

  /** Prints a finished step and its result. */
  public void done(String what, String result) {
    progress.println((terminal ? CLEAR_LINE : "") + "  " + green("✓") + " " + pad(what) + result);
  }

  /** Prints the progress of a step. On a terminal the next line overwrites it. */
  public void doing(String what, String state) {
    String line = "  " + blue("•") + " " + pad(what) + state;
    if (terminal) {
      progress.print(CLEAR_LINE + NO_WRAP + line + WRAP);
      progress.flush();
    } else {
      progress.println(line);
    }
  }

  /** Prints a line of the result. */
  public void say(String line) {
    progress.flush();
    out.println(line);
    out.flush();
  }

  public String bold(String text) {
    return paint("1", text);
  }

  public String green(String text) {
    return paint("32", text);
  }

  public String red(String text) {
    return paint("31", text);
  }

  String blue(String text) {
    return paint("34", text);
  }

  public String faint(String text) {
    return paint("2", text);
  }

  private String paint(String code, String text) {
    return terminal ? "\033[" + code + "m" + text + "\033[0m" : text;
  }

  private static String pad(String what) {
    return what.length() < 12 ? String.format("%-12s", what) : what + "  ";
  }
}
