package dev.graft.training.model;

import dev.graft.training.ActivationBudget;
import dev.graft.training.batch.LabelBatch;
import dev.graft.training.batch.MicroBatch;
import dev.graft.training.batch.PairBatch;
import dev.graft.training.batch.TokenBatch;
import dev.graft.training.model.forward.ForwardPass;
import dev.graft.training.model.forward.TokenLayout;
import dev.graft.training.model.forward.Transformer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a micro-batch is computed within a budget: which layers are computed again, and how many rows
 * go through the model at a time. The parts of a micro-batch add up to its loss and its gradients,
 * so that nothing but rounding depends on them. A model that drops at random is not divided: its
 * masks are those of the whole micro-batch.
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
   */
  record Part(MicroBatch batch, int again) {}

  private record Division(List<Part> parts, double cost, boolean fits) {}

  /** The cheapest division that fits, else row by row with all layers computed again. */
  List<Part> training(MicroBatch batch) {
    Division best = null;
    int fewest = divides() ? 1 : batch.size();
    for (int rows = batch.size(); rows >= fewest; rows = fewer(batch.size(), rows)) {
      Division next = division(batch, rows);
      if (best == null || !best.fits() || next.fits() && next.cost() < best.cost()) best = next;
      if (next.fits() && next.parts().stream().allMatch(part -> part.again() == 0)) break;
    }
    return best == null ? List.of() : best.parts();
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

  private boolean divides() {
    return forward.model().stages().stream().noneMatch(Transformer.Stage::drops);
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
      parts.add(new Part(each, again));
    }
    return new Division(parts, cost, fits);
  }

  /** Stages below this one are computed again; the embedding is one below the layers. */
  int stages(Part part) {
    return part.again() == 0 ? 0 : 1 + budget.layers().length - budget.kept() + part.again();
  }

  private long tokens(MicroBatch batch, boolean drops) {
    TokenLayout rows =
        switch (batch) {
          case TokenBatch tokens -> forward.layout(tokens, drops);
          case PairBatch pairs -> forward.layout(pairs.rows(), drops);
          case LabelBatch labels -> forward.layout(labels.inputIds());
        };
    return rows.size();
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
