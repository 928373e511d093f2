package dev.graft.nemesis;

import java.io.PrintWriter;
import java.util.List;

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

  /** A job that was disturbed must come to what an undisturbed one does. */
  void expectEqual(String job, Jobs.Result result, Jobs.Result undisturbed) {
    expect(
        result.sha256().equals(undisturbed.sha256()),
        job + " has other bytes than the undisturbed run");
    List<String> told = result.losses();
    for (int i = 0; i < Math.max(told.size(), undisturbed.losses().size()); i++) {
      String here = i < told.size() ? told.get(i) : "nothing";
      String there = i < undisturbed.losses().size() ? undisturbed.losses().get(i) : "nothing";
      if (here.equals(there)) continue;
      expect(
          false,
          "%s tells of its steps what the undisturbed run does not: \"%s\" in place of \"%s\""
              .formatted(job, here, there));
      return;
    }
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
