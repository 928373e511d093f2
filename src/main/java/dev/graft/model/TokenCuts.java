package dev.graft.model;

import dev.graft.weights.ModelConfig.AttentionShape;
import dev.graft.weights.ModelConfig;
import java.util.ArrayList;
import java.util.List;

/**
 * Cuts the tokens of a micro-batch so that lanes take equally long: later tokens see more.
 *
 * @param pair what a pair of a query and a key costs, as a part of what else a token does
 */
record TokenCuts(double pair) {
  /** Attention computes a number that much slower than linear layers do. */
  private static final double SLOWER = 2;

  static TokenCuts of(ForwardPass forward) {
    ModelConfig config = forward.model().family().config();
    double linear = (double) config.hiddenSize() * config.vocabSize();
    for (ModelConfig.Linear each : config.linearModules()) {
      linear += (double) each.inFeatures() * each.outFeatures();
    }
    AttentionShape heads = AttentionShape.of(config);
    double attention = 2.0 * heads.heads() * heads.headDim() * config.numHiddenLayers();
    return new TokenCuts(SLOWER * attention / linear);
  }

  /**
   * @param most of keys that a token sees; 0 = all
   */
  List<TokenLayout> cut(TokenLayout whole, int lanes, int most) {
    double[] before = new double[whole.size() + 1];
    int[] seen = seen(whole);
    for (int t = 0; t < seen.length; t++) {
      before[t + 1] = before[t] + 1 + pair * (most > 0 ? Math.min(most, seen[t]) : seen[t]);
    }
    List<TokenLayout> stretches = new ArrayList<>();
    int first = 0;
    for (int lane = 1; lane <= lanes; lane++) {
      int end = first + 1;
      int last = whole.size() - lanes + lane; // a token for each that follows
      while (end < last && before[end] < before[whole.size()] * lane / lanes) end++;
      stretches.add(whole.stretch(first, end));
      first = end;
    }
    return stretches;
  }

  private static int[] seen(TokenLayout whole) {
    int[] change = new int[whole.size() + 1];
    for (int from : whole.from()) change[from]++;
    for (int until : whole.until()) change[until]--;
    int[] seen = new int[whole.size()];
    for (int t = 0, keys = 0; t < seen.length; t++) seen[t] = keys += change[t];
    return seen;
  }
}
