package dev.graft.cli;

import dev.graft.catalog.HubModels;
import java.io.PrintWriter;

/** A line that says how much of a model is here; on a terminal it is written over. */
final class FetchProgress implements HubModels.Progress, AutoCloseable {
  private static final int STEPS = 20;

  private final PrintWriter out;
  private final String what;
  private final boolean terminal = System.console() != null && System.console().isTerminal();
  private long said = -1;

  FetchProgress(PrintWriter out, String what) {
    this.out = out;
    this.what = what;
  }

  /** Says it at every hundredth; without a terminal at every twentieth, each on its line. */
  @Override
  public void at(long bytes, long all) {
    long step = all == 0 ? 0 : (terminal ? 100 : STEPS) * bytes / all;
    if (step == said) return;
    said = step;
    String line =
        "%s  %,d of %,d MB  %3d %%"
            .formatted(
                what, bytes / 1_000_000, all / 1_000_000, all == 0 ? 100 : 100 * bytes / all);
    if (terminal) out.print("\r" + line);
    else out.println(line);
    out.flush();
  }

  @Override
  public void close() {
    if (terminal && said >= 0) out.println();
    said = -1;
    out.flush();
  }
}
