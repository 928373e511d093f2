package dev.graft.nemesis;

import java.io.PrintWriter;
import java.util.List;

/** Prints each kill and each violation as it happens. */
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

  /** Expects a disturbed job to have the result of the undisturbed one. */
  void expectEqual(String job, Jobs.Result result, Jobs.Result undisturbed) {
    expect(
        result.sha256().equals(undisturbed.sha256()),
        job + " has other bytes than the undisturbed run");
    List<String> losses = result.losses();
    for (int i = 0; i < Math.max(losses.size(), undisturbed.losses().size()); i++) {
      String here = i < losses.size() ? losses.get(i) : "nothing";
      String there = i < undisturbed.losses().size() ? undisturbed.losses().get(i) : "nothing";
      if (here.equals(there)) continue;
      expect(
          false,
          "%s reports other steps than the undisturbed run: \"%s\" instead of \"%s\""
              .formatted(job, here, there));
      return;
    }
  }

  /** Prints the totals; returns whether all planned kills were made without a violation. */
  synchronized boolean close(int planned) {
    if (kills < planned) {
      say("only %d of %d kills were made; increase --minutes".formatted(kills, planned));
    }
    say("%d kills, %d violations".formatted(kills, violations));
    return violations == 0 && kills >= planned;
  }
}
