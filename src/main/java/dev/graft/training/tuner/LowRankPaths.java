package dev.graft.training.tuner;

import dev.graft.training.program.Linear;
import dev.graft.training.program.LowRank;
import dev.graft.training.program.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Low-rank paths beside linear layers.
 *
 * @param scales of the paths, by module path
 * @param dropout on their inputs, in training
 */
public record LowRankPaths(Map<String, Double> scales, double dropout) implements Rewrite {
  public LowRankPaths {
    scales = Map.copyOf(scales);
  }

  @Override
  public List<Statement> apply(String prefix, List<Statement> statements) {
    List<Statement> rewritten = new ArrayList<>();
    for (Statement each : statements) {
      Double scale = each instanceof Linear of ? scales.get(prefix + of.module()) : null;
      if (scale == null || !(each instanceof Linear linear)) {
        rewritten.add(each);
        continue;
      }
      String dense = linear.output() + "_dense";
      rewritten.add(linear.named(dense));
      rewritten.add(
          new LowRank(linear.output(), dense, linear.input(), linear.module(), scale, dropout));
    }
    return rewritten;
  }
}
