package dev.graft.training;

import dev.graft.model.Schedules;
import dev.graft.spec.Hyperparameters;
import dev.graft.spec.TrainingSpec;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code schedules.json}: every rate, two steps past the end included. */
final class ScheduleCases {
  private static final double RELATIVE = 1e-9;

  private ScheduleCases() {}

  static void check(JsonNode root, GoldenResult.Collector result) {
    double base = root.path("base_lr").doubleValue();
    double largest = 0;
    int cases = 0;
    for (JsonNode each : root.path("schedules")) {
      Hyperparameters training = training(each, base);
      long warmup = each.path("warmup_steps").longValue();
      long steps = each.path("steps").longValue();
      for (int step = 0; step < each.path("lrs").size(); step++) {
        double rate =
            base
                * Schedules.multiplier(
                    training.schedule().lrScheduler(), step, warmup, steps, base);
        largest = Math.max(largest, difference(each.path("lrs").path(step).doubleValue(), rate));
      }
      cases++;
    }
    result.add(cases + " schedules, rates", largest, RELATIVE);
  }

  /** Returns the schedule in a request's form. */
  private static Hyperparameters training(JsonNode each, double base) {
    ObjectNode adapter = JsonFixture.JSON.createObjectNode();
    ObjectNode training = adapter.putObject("training").put("learning_rate", base);
    training.set("lr_scheduler_type", each.path("type"));
    training.set("lr_scheduler_kwargs", each.path("kwargs"));
    return TrainingSpec.resolve(adapter, null, null, null).training();
  }

  /** Relative; a rate of 0 must be 0. */
  private static double difference(double expected, double actual) {
    double difference = Math.abs(expected - actual);
    return difference == 0 ? 0 : difference / Math.abs(expected);
  }
}
