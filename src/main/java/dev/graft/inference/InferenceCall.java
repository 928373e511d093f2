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
 * A request for a worker, sent as JSON of {@link dev.graft.jobs.lease.LeaseWire}.
 *
 * @param id of the worker's claim
 * @param traceparent of the span that waits for the answer; null = no trace
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
  /** Path below the worker API. */
  static final String PATH = "/calls";

  /** The longest wait of {@link Wanted}. */
  static final long LONGEST_WAIT_MS = 20_000;

  /**
   * The request of a worker for a call.
   *
   * @param waitMs how long it waits for one
   * @param warm {@link ServedModel.LoadedWeights#name names of the weights} in its memory
   */
  record Wanted(long waitMs, List<String> warm) {
    Wanted {
      warm = List.copyOf(warm);
    }
  }

  /**
   * The report of a worker on its call, sent at least every few seconds.
   *
   * @param first index of the first reply among all replies of the call, so that a repeated report
   *     has no effect
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

  /** Returns the manifests of the directories that an answer needs. */
  List<Digest> manifests() {
    return Stream.of(base, trained, adapter).filter(Objects::nonNull).distinct().toList();
  }
}
