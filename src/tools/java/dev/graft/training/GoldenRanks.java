package dev.graft.training;

import dev.graft.model.TrainableModel;
import dev.graft.spec.AdaLora;
import dev.graft.weights.NamedTensor;
import java.util.Map;
import java.util.TreeMap;

/** Checks the series of a case with rank allocation, beside its losses. */
final class GoldenRanks {
  private final GoldenCase golden;
  private final TrainableModel model;
  private final Map<String, double[]> series = new TreeMap<>();

  GoldenRanks(GoldenCase golden, TrainableModel model) {
    this.golden = golden;
    this.model = model;
    golden.rankSeries().keySet().forEach(name -> series.put(name, new double[golden.steps()]));
  }

  /** Records a step. */
  void add(int step, double taskLoss) {
    if (series.isEmpty() || !(golden.method() instanceof AdaLora method)) return;
    int modules = 0;
    int active = 0;
    for (NamedTensor each : model.trained()) {
      if (!each.name().endsWith(".lora_E")) continue;
      modules++;
      for (float factor : each.toFloats()) if (factor != 0) active++;
    }
    put("task_loss", step, taskLoss);
    put("active_ranks", step, active);
    put("rank_budget", step, method.allocation().budget(step + 1, modules));
  }

  private void put(String name, int step, double value) {
    double[] values = series.get(name);
    if (values != null) values[step] = value;
  }

  void compare(GoldenResult.Collector result) {
    golden
        .rankSeries()
        .forEach(
            (name, expected) ->
                result.add(
                    name,
                    Differences.absolute(expected, series.getOrDefault(name, new double[0])),
                    name.equals("task_loss") ? golden.limit("loss") : 0));
  }
}
