package dev.graft.training.tuner.lora;

import dev.graft.spec.method.LoraVariant;
import dev.graft.training.program.Statement;
import dev.graft.training.program.adapter.LowRank;
import dev.graft.training.program.adapter.Magnitude;
import dev.graft.training.program.adapter.Shift;
import dev.graft.training.program.layer.Dropout;
import dev.graft.training.program.layer.LinearLayer;
import dev.graft.training.program.layer.Sum;
import dev.graft.training.tuner.part.Rewrite;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Low-rank paths beside linear layers.
 *
 * @param scales of the paths, by module path
 * @param dropout on their inputs, in training
 * @param variant what else there is beside a layer
 * @param loses whether the layer loses what its factors were at the start
 */
public record LowRankPaths(
    Map<String, Double> scales, double dropout, LoraVariant variant, boolean loses)
    implements Rewrite {
  public LowRankPaths {
    scales = Map.copyOf(scales);
  }

  @Override
  public List<Statement> apply(String prefix, List<Statement> statements) {
    List<Statement> rewritten = new ArrayList<>();
    for (Statement each : statements) {
      Double scale = each instanceof LinearLayer of ? scales.get(prefix + of.module()) : null;
      if (scale == null || !(each instanceof LinearLayer linear)) rewritten.add(each);
      else if (!variant.useDora()) addPath(rewritten, linear, scale);
      else if (dropout == 0) addDora(rewritten, linear, scale);
      else addDoraWithDropout(rewritten, linear, scale);
    }
    return rewritten;
  }

  private void addPath(List<Statement> statements, LinearLayer linear, double scale) {
    String module = linear.module();
    String dense = linear.output() + "_dense";
    boolean bias = variant.loraBias();
    String product = bias ? linear.output() + "_product" : linear.output();
    statements.add(linear.named(dense));
    if (loses) {
      String all = dense;
      dense = linear.output() + "_residual";
      String initial = module + LoraStart.INITIAL;
      statements.add(new LowRank(dense, all, linear.input(), initial, -scale, 0));
    }
    statements.add(new LowRank(product, dense, linear.input(), module, scale, dropout));
    if (bias) {
      statements.add(new Shift(linear.output(), product, module + LoraStart.BIAS, scale));
    }
  }

  /** (m / n) (W x + scale B A x) + bias. */
  private void addDora(List<Statement> statements, LinearLayer linear, double scale) {
    String scaled = linear.bias() ? linear.output() + "_scaled" : linear.output();
    addMagnitude(statements, linear, linear.input(), scaled, scale);
    if (linear.bias()) {
      statements.add(new Shift(linear.output(), scaled, linear.module() + ".bias", 1));
    }
  }

  /** W x + bias - W d + (m / n) (W d + scale B A d) with d what dropout leaves of x, as PEFT's. */
  private void addDoraWithDropout(List<Statement> statements, LinearLayer linear, double scale) {
    String whole = linear.output() + "_whole";
    String dropped = linear.output() + "_input";
    String without = linear.output() + "_without";
    String rest = linear.output() + "_rest";
    String scaled = linear.output() + "_scaled";
    statements.add(linear.named(whole));
    statements.add(new Dropout(dropped, linear.input(), dropout));
    statements.add(new LinearLayer(without, dropped, linear.module(), false, linear.transposed()));
    statements.add(new Sum(rest, whole, without, -1));
    addMagnitude(statements, linear, dropped, scaled, scale);
    statements.add(new Sum(linear.output(), rest, scaled));
  }

  private static void addMagnitude(
      List<Statement> statements, LinearLayer linear, String input, String output, double scale) {
    String module = linear.module();
    String dense = linear.output() + "_dense";
    String product = linear.output() + "_product";
    statements.add(new LinearLayer(dense, input, module, false, linear.transposed()));
    statements.add(new LowRank(product, dense, input, module, scale, 0));
    statements.add(
        new Magnitude(output, product, module + DoraLengths.MAGNITUDE, module + DoraLengths.NORM));
  }
}
