package dev.graft.spec;

import static dev.graft.spec.Fields.or;
import static dev.graft.spec.Fields.shown;

import dev.graft.spec.TrainingSpec.Objective;

/**
 * The peak learning rate of a method: what it is unless given, what is usual, and what is refused
 * because AdamW would move a weight by more than its own size in a step.
 *
 * @param byRows unless given, where rows are learned from
 * @param byPairs the same of pairs, which are learned from more gently; full training as in TRL
 */
record LearningRate(double byRows, double byPairs, double usualLeast, double usualMost) {
  private static final double MOST = 1;
  private static final String KEY = "learning_rate";
  private static final String MULTIPLIER = "learning_rate_multiplier";

  static LearningRate of(AdapterMethod method) {
    return switch (method) {
      case AdapterMethod.Lora lora -> new LearningRate(2e-4, 2e-5, 1e-5, 1e-3);
      case AdapterMethod.Prompted prompted -> new LearningRate(1e-2, 1e-3, 1e-3, 0.3);
      case Ia3 ia3 -> new LearningRate(3e-3, 3e-4, 1e-4, 1e-2);
      case LnTuning norms -> new LearningRate(1e-3, 1e-4, 1e-4, 1e-2);
      case AdaLora adaLora -> new LearningRate(1e-3, 1e-4, 1e-4, 5e-3);
      case Vera vera -> new LearningRate(4e-3, 4e-4, 1e-3, 2e-2);
      case AdapterMethod.Full full -> new LearningRate(1e-5, 1e-6, 1e-6, 1e-4);
      case Freeze freeze -> new LearningRate(1e-5, 1e-6, 1e-6, 1e-4);
      case Bottleneck adapters -> new LearningRate(1e-4, 1e-5, 1e-5, 1e-3);
    };
  }

  private String usual() {
    return "usual are %s to %s with this method".formatted(shown(usualLeast), shown(usualMost));
  }

  static double read(
      Fields fields, AdapterMethod method, Objective objective, HyperparameterAliases aliases) {
    LearningRate rate = of(method);
    double byDefault = objective.pairs() ? rate.byPairs : rate.byRows;
    Double explicit = fields.number(KEY, 0, MOST, rate.usual());
    Double multiplier = aliases.learningRateMultiplier();
    if (multiplier == null) return or(explicit, byDefault);
    double scaled = byDefault * multiplier;
    if (scaled > MOST) {
      fields.refuseAt(
          aliases.path() + MULTIPLIER,
          "times %s is a learning rate of %s, which must be at most %s; %s"
              .formatted(shown(byDefault), shown(scaled), shown(MOST), rate.usual()));
      return byDefault;
    }
    if (explicit != null && Math.abs(explicit - scaled) > 1e-9 * scaled) {
      fields.refuse(
          KEY, "is " + explicit + ", but " + MULTIPLIER + " x " + byDefault + " is " + scaled);
    }
    return or(explicit, scaled);
  }
}
