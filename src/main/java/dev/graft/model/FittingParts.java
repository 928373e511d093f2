package dev.graft.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a micro-batch is computed within a budget: which layers are computed again, and how many rows
 * go through the model at a time. The parts of a micro-batch add up to its loss and its gradients,
 * so that nothing but rounding depends on them. What is dropped at random is dropped as from the
 * whole micro-batch; where that cannot be told token by token, as in attention, it is not divided.
 */
record FittingParts(ForwardPass forward, ActivationBudget budget) {
  /** A forward and a backward; computing a layer again is a forward more. */
  private static final double STEP = 2;

  /** What a part costs by itself, as if it had so many tokens more. */
  private static final int OVERHEAD = 32;

  /**
   * Rows that go through the model together.
   *
   * @param again layers of those that leave something that are computed again, the first ones
   * @param among which tokens of the micro-batch these are, where it drops at random: see {@link
   *     dev.graft.kernels.BatchContext#AMONG}
   */
  record Part(MicroBatch batch, int again, long[] among) {
    static Part whole(MicroBatch batch) {
      return new Part(batch, 0, new long[0]);
    }

    int tokens() {
      return Arrays.stream(batch.inputIds()).mapToInt(row -> row.length).sum();
    }

    /** Some of its rows, where nothing drops. */
    Part rows(MicroBatch some) {
      return new Part(some, again, among);
    }
  }

  private record Division(List<Part> parts, double cost, boolean fits) {}

  /** The cheapest division that fits, else row by row with all layers computed again. */
  List<Part> training(MicroBatch batch) {
    Division best = null;
    int fewest = forward.model().divides() ? 1 : batch.size();
    for (int rows = batch.size(); rows >= fewest; rows = fewer(batch.size(), rows)) {
      Division next = division(batch, rows);
      if (best == null || !best.fits() || next.fits() && next.cost() < best.cost()) best = next;
      if (next.fits() && next.parts().stream().allMatch(part -> part.again() == 0)) break;
    }
    if (best == null || best.parts().size() == 1 || !forward.model().drops()) {
      return best == null ? List.of() : best.parts();
    }
    TokenLayout whole = forward.layout(batch, true);
    List<Part> among = new ArrayList<>();
    int from = 0;
    for (Part each : best.parts()) {
      int to = from + each.batch().size();
      among.add(new Part(each.batch(), each.again(), among(batch, whole, from, to)));
      from = to;
    }
    return among;
  }

  /** What {@link #training} comes to, in numbers. */
  TrainableModel.Division told(MicroBatch batch) {
    int rows = 0;
    int again = 0;
    for (Part part : training(batch)) {
      rows = Math.max(rows, part.batch().size());
      again = Math.max(again, part.again());
    }
    return new TrainableModel.Division(rows, budget.kept(), again);
  }

  /** Places of the tokens of some rows, or of both sides of some pairs, among those of all. */
  private long[] among(MicroBatch batch, TokenLayout whole, int from, int to) {
    long[] among = new long[whole.size()];
    int at = 0;
    for (int row = 0; row < whole.rows(); row++) {
      int pairOrRow = row % batch.size();
      if (pairOrRow < from || pairOrRow >= to) continue;
      int first = whole.begin(row);
      int tokens = forward.virtual() + whole.places()[row].length;
      for (int i = 0; i < tokens; i++) among[at++] = first + i;
    }
    return among;
  }

  /** As large parts as fit where nothing is kept, else single rows. */
  List<MicroBatch> inference(MicroBatch batch) {
    int rows = batch.size();
    while (rows > 1 && !inferred(batch, rows)) rows = fewer(batch.size(), rows);
    return divided(batch, Math.max(1, rows));
  }

  private boolean inferred(MicroBatch batch, int rows) {
    for (MicroBatch part : divided(batch, rows)) {
      if (!fits(budget.inferred(tokens(part, false), longest(part)))) return false;
    }
    return true;
  }

  private boolean fits(double need) {
    return need <= budget.bytes();
  }

  /** The next smaller number of rows that makes one part more. */
  private static int fewer(int all, int rows) {
    return rows == 1 ? 0 : Math.ceilDiv(all, Math.ceilDiv(all, rows - 1));
  }

  private static List<MicroBatch> divided(MicroBatch batch, int rows) {
    if (rows >= batch.size()) return List.of(batch);
    List<MicroBatch> parts = new ArrayList<>();
    for (int from = 0; from < batch.size(); from += rows) {
      parts.add(batch.part(from, Math.min(batch.size(), from + rows)));
    }
    return parts;
  }

  private Division division(MicroBatch batch, int rows) {
    List<Part> parts = new ArrayList<>();
    double cost = 0;
    boolean fits = true;
    for (MicroBatch each : divided(batch, rows)) {
      long tokens = tokens(each, true);
      int fitting = budget.again(tokens, longest(each));
      if (fitting < 0) fits = false;
      int again = fitting < 0 ? budget.kept() : fitting;
      double share = (double) again / Math.max(1, budget.kept());
      cost += (tokens + OVERHEAD) * STEP + tokens * share;
      parts.add(new Part(each, again, new long[0]));
    }
    return new Division(parts, cost, fits);
  }

  /** Stages below this one are computed again; the embedding is one below the layers. */
  int stages(Part part) {
    return part.again() == 0 ? 0 : 1 + budget.layers().length - budget.kept() + part.again();
  }

  private long tokens(MicroBatch batch, boolean drops) {
    return forward.layout(batch, drops).size();
  }

  private int longest(MicroBatch batch) {
    int longest = Arrays.stream(batch.inputIds()).mapToInt(row -> row.length).max().orElse(0);
    return longest + forward.virtual();
  }

  /** Of a plan that has a budget. */
  static @Nullable FittingParts of(ForwardPass forward) {
    ActivationBudget budget = forward.plan().budget();
    return budget == null ? null : new FittingParts(forward, budget);
  }
}
