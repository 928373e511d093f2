package dev.graft.weights;

import java.util.List;

/**
 * The fields of one scaled rotation.
 *
 * @param maxPositions context of the model
 * @param original context before the scaling
 */
record RopeScaling(JsonFields fields, double theta, int dim, int maxPositions, int original) {
  Rope linear() {
    return new Rope.Linear(theta, dim, factor());
  }

  Rope dynamic() {
    if (dim == 2) throw fields.bad("rope_type", "dynamic needs more than one pair");
    return new Rope.Dynamic(theta, dim, factor(), maxPositions);
  }

  Rope llama3() {
    double low = fields.requireDouble("low_freq_factor", 0, 1e6);
    double high = fields.requireDouble("high_freq_factor", low, 1e6);
    return new Rope.Llama3(theta, dim, factor(), low, high, original);
  }

  Rope yarn() {
    double factor = factor();
    double attention = magnitude(factor, 1);
    if (fields.has("mscale") && fields.has("mscale_all_dim")) {
      attention =
          magnitude(factor, fields.requireDouble("mscale", 0, 1e6))
              / magnitude(factor, fields.requireDouble("mscale_all_dim", 0, 1e6));
    }
    return new Rope.Yarn(
        theta,
        dim,
        factor,
        fields.doubleOr("beta_fast", 32, 0, 1e6),
        fields.doubleOr("beta_slow", 1, 0, 1e6),
        fields.booleanOr("truncate", true),
        original,
        fields.doubleOr("attention_factor", attention, 0, 1e6));
  }

  private static double magnitude(double factor, double mscale) {
    return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
  }

  Rope longRope() {
    for (String field : List.of("short_mscale", "long_mscale")) {
      if (fields.has(field)) throw fields.bad(field, "is not supported");
    }
    if (original < 2) throw fields.bad("rope_type", "longrope needs a context above 1");
    double factor = fields.doubleOr("factor", (double) maxPositions / original, 0, 1e6);
    double attention = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
    return new Rope.LongRope(
        theta,
        dim,
        factors("short_factor"),
        factors("long_factor"),
        original,
        fields.doubleOr("attention_factor", attention, 0, 1e6));
  }

  private List<Double> factors(String field) {
    List<Double> factors = fields.doubles(field, 0, 1e6);
    if (factors.size() != dim / 2) {
      throw fields.bad(field, "has " + factors.size() + " entries for " + dim / 2 + " pairs");
    }
    return factors;
  }

  private double factor() {
    return fields.requireDouble("factor", 0, 1e6);
  }
}
