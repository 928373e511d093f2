package dev.graft.model;

import dev.graft.kernels.Elementwise.Dropout;
import dev.graft.kernels.Elementwise.Shift;
import dev.graft.kernels.Elementwise.Sum;
import dev.graft.kernels.LinearLayer;
import dev.graft.kernels.LowRank;
import dev.graft.kernels.LowRank.LowRankInput;
import dev.graft.kernels.LowRank.Magnitude;
import dev.graft.kernels.Statement;
import dev.graft.kernels.Sum;
import dev.graft.spec.Lora.LoraVariant;
import dev.graft.spec.LoraVariant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Low-rank paths beside linear layers.
 *
 * @param paths by module path
 * @param dropout on their inputs, in training
 * @param variant what else there is beside a layer
 * @param loses whether the layer loses what its factors were at the start
 */
public record LowRankPaths(
    Map<String, Path> paths, double dropout, LoraVariant variant, boolean loses)
    implements Rewrite {
  /** A path beside one layer. */
  public record Path(int rank, double scale) {}

  public LowRankPaths {
    paths = Map.copyOf(paths);
  }

  @Override
  public List<Statement> apply(String prefix, List<Statement> statements) {
    List<Statement> rewritten = new ArrayList<>();
    Map<String, Inputs> inputs = inputs(prefix, statements);
    for (Statement each : statements) {
      Path path = each instanceof LinearLayer of ? paths.get(prefix + of.module()) : null;
      if (path == null || !(each instanceof LinearLayer linear)) rewritten.add(each);
      else if (!variant.useDora()) addPath(rewritten, linear, path, inputs);
      else if (dropout == 0) addDora(rewritten, linear, path.scale());
      else addDoraWithDropout(rewritten, linear, path.scale());
    }
    return rewritten;
  }

  /**
   * What the paths read of one value.
   *
   * @param starts first rank of each module
   */
  private record Inputs(String low, Map<String, Integer> starts) {
    List<String> modules() {
      return List.copyOf(starts.keySet());
    }
  }

  /** By the value; each path reads its own where it drops, for it draws its own mask. */
  private Map<String, Inputs> inputs(String prefix, List<Statement> statements) {
    Map<String, Inputs> all = new HashMap<>();
    Map<String, Integer> ranks = new HashMap<>();
    for (Statement each : statements) {
      if (!(each instanceof LinearLayer linear)) continue;
      Path path = paths.get(prefix + linear.module());
      if (path == null) continue;
      String key = shared(linear);
      Inputs of = all.computeIfAbsent(key, k -> new Inputs(low(linear), new LinkedHashMap<>()));
      int start = ranks.merge(key, path.rank(), Integer::sum) - path.rank();
      of.starts().put(linear.module(), start);
    }
    return all;
  }

  private String shared(LinearLayer linear) {
    return dropout > 0 ? linear.output() : linear.input();
  }

  private static String low(LinearLayer linear) {
    return linear.output() + "_low";
  }

  private void addPath(
      List<Statement> statements, LinearLayer linear, Path path, Map<String, Inputs> inputs) {
    String module = linear.module();
    String dense = linear.output() + "_dense";
    boolean bias = variant.loraBias();
    String product = bias ? linear.output() + "_product" : linear.output();
    Inputs of = Objects.requireNonNull(inputs.get(shared(linear)));
    // Before the layer: the gradient of the input then begins as the layer's, the larger product.
    if (of.low().equals(low(linear))) {
      statements.add(new LowRankInput(of.low(), linear.input(), of.modules(), dropout));
    }
    statements.add(linear.named(dense));
    if (loses) {
      String all = dense;
      dense = linear.output() + "_residual";
      String initial = linear.output() + "_initial";
      String factors = module + LoraStart.INITIAL;
      statements.add(new LowRankInput(initial, linear.input(), List.of(factors), 0));
      statements.add(new LowRank(dense, all, initial, 0, factors, -path.scale()));
    }
    int start = Objects.requireNonNull(of.starts().get(module));
    statements.add(new LowRank(product, dense, of.low(), start, module, path.scale()));
    if (bias) {
      statements.add(new Shift(linear.output(), product, module + LoraStart.BIAS, path.scale()));
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
    String low = linear.output() + "_low";
    statements.add(new LowRankInput(low, input, List.of(module), 0));
    statements.add(new LowRank(product, dense, low, 0, module, scale));
    statements.add(
        new Magnitude(output, product, module + DoraLengths.MAGNITUDE, module + DoraLengths.NORM));
  }
}
