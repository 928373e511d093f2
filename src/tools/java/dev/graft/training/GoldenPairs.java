package dev.graft.training;

import dev.graft.model.MicroBatch;
import dev.graft.model.MicroBatch.PairBatch;
import dev.graft.model.MicroBatch.PairLogps;
import dev.graft.model.PendingLoss.PairMetrics;
import dev.graft.model.TrainableModel;
import dev.graft.spec.Preference;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.DoubleStream;

/**
 * Checks the series of a case with pairs, beside its losses: reference, rewards, loss of the text.
 */
final class GoldenPairs {
  private final GoldenCase golden;
  private final TrainableModel model;
  private final Map<String, List<Double>> series = new TreeMap<>();

  GoldenPairs(GoldenCase golden, TrainableModel model) {
    this.golden = golden;
    this.model = model;
  }

  /** Prepares the pairs with their reference, unless the reference changes with each step. */
  List<MicroBatch> measured(List<MicroBatch> window) {
    return model.referenceMoves() ? window : window.stream().map(this::measure).toList();
  }

  /** Prepares a micro-batch whose reference changes. */
  MicroBatch measured(MicroBatch batch) {
    return model.referenceMoves() ? measure(batch) : batch;
  }

  private MicroBatch measure(MicroBatch batch) {
    if (!(golden.preference() instanceof Preference.Dpo)) return batch;
    if (!(batch instanceof PairBatch pairs)) throw new IllegalStateException("not pairs");
    PairLogps reference = model.reference(pairs);
    add("reference_chosen_logps", reference.chosen());
    add("reference_rejected_logps", reference.rejected());
    return pairs.measuredFrom(reference);
  }

  /** Records a micro-batch. */
  void add(PairMetrics metrics) {
    Map<String, Double> named = metrics.named();
    add("chosen_rewards", named.getOrDefault("rewards/chosen", 0.0));
    add("rejected_rewards", named.getOrDefault("rewards/rejected", 0.0));
    add("nll_loss", named.getOrDefault("nll_loss", 0.0));
  }

  private void add(String name, double... values) {
    List<Double> all = series.computeIfAbsent(name, key -> new ArrayList<>());
    Arrays.stream(values).forEach(all::add);
  }

  void compare(GoldenResult.Collector result) {
    golden
        .pairSeries()
        .forEach(
            (name, expected) -> {
              double[] actual =
                  series.getOrDefault(name, List.of()).stream()
                      .flatMapToDouble(DoubleStream::of)
                      .toArray();
              // a sum over the tokens of a completion adds up the drift of its logits
              String limit = name.endsWith("_logps") ? "logits_after" : "loss";
              result.add(name, Differences.absolute(expected, actual), golden.limit(limit));
            });
  }
}
