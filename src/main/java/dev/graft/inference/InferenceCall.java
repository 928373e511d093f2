package dev.graft.inference;

import dev.graft.artifacts.Digest;
import dev.graft.platform.Span;
import dev.graft.spec.Quantization;
import dev.graft.spec.Quantization.NamedQuantization;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A request that a worker answers, as it travels: JSON of {@link dev.graft.jobs.lease.LeaseWire}.
 *
 * @param id of this worker's turn at it
 * @param traceparent of the span that waits for the answer; null = it is in no trace
 * @param base, trained, quantization, adapter: see {@link ServedModel}
 */
record InferenceCall(
    String id,
    String model,
    Digest base,
    @Nullable Digest trained,
    @Nullable NamedQuantization quantization,
    @Nullable Digest adapter,
    InferrerOrder.Ask ask,
    @Nullable String traceparent) {
  /** Under the worker API. */
  static final String PATH = "/calls";

  /** The longest that {@link Wanted} may wait. */
  static final long LONGEST_WAIT_MS = 20_000;

  /**
   * A worker asks for a call.
   *
   * @param waitMs how long it waits for one
   * @param warm {@link ServedModel.LoadedWeights#name names of weights} that it has in memory
   */
  record Wanted(long waitMs, List<String> warm) {
    Wanted {
      warm = List.copyOf(warm);
    }
  }

  /**
   * What a worker tells of its call, at least every few seconds.
   *
   * @param first place of the first reply here among all of the call: a report that is repeated
   *     says the same
   * @param lost why there will be no answer, or null
   */
  record CallReport(long first, List<Reply> replies, @Nullable String lost) {
    CallReport {
      replies = List.copyOf(replies);
    }
  }

  static InferenceCall of(String id, ServedModel model, InferrerOrder.Ask ask) {
    ServedModel.LoadedWeights weights = model.weights();
    Quantization quantization = weights.quantization();
    return new InferenceCall(
        id,
        model.name(),
        weights.base(),
        weights.trained(),
        quantization == null ? null : NamedQuantization.of(quantization),
        model.adapter(),
        ask,
        Span.current().traceparent());
  }

  InferenceCall as(String turn) {
    return new InferenceCall(turn, model, base, trained, quantization, adapter, ask, traceparent);
  }

  ServedModel served() {
    Quantization rounded = quantization == null ? null : quantization.quantization();
    return new ServedModel(
        model,
        new ServedModel.LoadedWeights(
            base, trained, rounded, ask instanceof InferrerOrder.ClassifyAsk),
        adapter);
  }

  /** The directories that an answer needs. */
  List<Digest> manifests() {
    return Stream.of(base, trained, adapter).filter(Objects::nonNull).distinct().toList();
  }
}
