package dev.graft.nemesis;

import java.io.PrintWriter;

/** What was done and what it broke; one line each, as it happens. */
final class KillReport {
  private final PrintWriter out;
  private int kills;
  private int violations;

  KillReport(PrintWriter out) {
    this.out = out;
  }

  synchronized void say(String line) {
    out.println(line);
    out.flush();
  }

  synchronized void killed(String what, String consequence) {
    kills++;
    say("kill %2d  %-28s %s".formatted(kills, what, consequence));
  }

  synchronized void expect(boolean kept, String otherwise) {
    if (kept) return;
    violations++;
    say("VIOLATION: " + otherwise);
  }

  /** Prints the count; true if as many kills as planned broke nothing. */
  synchronized boolean close(int planned) {
    if (kills < planned) {
      say("only %d of %d kills were made; give it more --minutes".formatted(kills, planned));
    }
    say("%d kills, %d violations".formatted(kills, violations));
    return violations == 0 && kills >= planned;
  }
}
