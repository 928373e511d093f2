package dev.graft.training.tuner;

import dev.graft.training.program.Linear;
import dev.graft.training.program.LowRank;
import dev.graft.training.program.Shift;
import dev.graft.training.program.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Low-rank paths beside linear layers.
 *
 * @param scales of the paths, by module path
 * @param dropout on their inputs, in training
 * @param bias whether B has a bias
 */
public record LowRankPaths(Map<String, Double> scales, double dropout, boolean bias)
    implements Rewrite {
  public LowRankPaths {
    scales = Map.copyOf(scales);
  }

  @Override
  public List<Statement> apply(String prefix, List<Statement> statements) {
    List<Statement> rewritten = new ArrayList<>();
    for (Statement each : statements) {
      Double scale = each instanceof Linear of ? scales.get(prefix + of.module()) : null;
      if (scale == null || !(each instanceof Linear linear)) rewritten.add(each);
      else add(rewritten, linear, scale);
    }
    return rewritten;
  }

  private void add(List<Statement> statements, Linear linear, double scale) {
    String module = linear.module();
    String dense = linear.output() + "_dense";
    String product = bias ? linear.output() + "_product" : linear.output();
    statements.add(linear.named(dense));
    statements.add(new LowRank(product, dense, linear.input(), module, scale, dropout));
    if (bias) {
      statements.add(new Shift(linear.output(), product, module + LoraStart.BIAS, scale));
    }
  }
}
