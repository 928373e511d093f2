package dev.graft.client;

import java.io.PrintStream;

/**
 * Where a command speaks that takes a while. On a terminal: colours and one line that is rewritten
 * while a job trains; elsewhere plain lines. Progress goes to standard error, results to standard
 * output.
 */
public final class Screen {
  private static final String CLEAR_LINE = "\r\033[2K";

  /** Cut at the edge of the screen: of a line that runs on below, only the last part is cleared. */
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

  /** Colours only on a real terminal, and never against {@code NO_COLOR}. */
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

  /** A step that is done: what, and what came of it. */
  public void done(String what, String result) {
    progress.println((terminal ? CLEAR_LINE : "") + "  " + green("✓") + " " + pad(what) + result);
  }

  /** A step that takes a while. On a terminal it is overwritten by what comes next. */
  public void doing(String what, String state) {
    String line = "  " + blue("•") + " " + pad(what) + state;
    if (terminal) {
      progress.print(CLEAR_LINE + NO_WRAP + line + WRAP);
      progress.flush();
    } else {
      progress.println(line);
    }
  }

  /** A line of the result. */
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
