package dev.graft.platform;

import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.core.env.Environment;

/** Starts traces and continues traces of callers. */
public interface Traces extends AutoCloseable {
  /** Traces without a collector. */
  Traces NONE = new NoTraces();

  /**
   * Returns the traces for the settings.
   *
   * @param clock the clock for spans
   * @throws dev.graft.platform.MachineLacks if the settings are not valid
   */
  static Traces of(Environment environment, Clock clock) {
    return OtelTraces.OtlpSettings.of(environment)
        .<Traces>map(s -> new OtelTraces(s, clock))
        .orElse(NONE);
  }

  /**
   * Begins a span, which is current on this thread until it is closed.
   *
   * @param traceparent the header of the parent span; null or invalid = a new trace
   */
  Span begin(String name, Span.Kind kind, @Nullable String traceparent);

  /** Begins a span in the trace of another process; returns none if there is no trace. */
  default Span follow(String name, Span.Kind kind, @Nullable String traceparent) {
    return traceparent == null ? Span.NONE : begin(name, kind, traceparent);
  }

  /**
   * Records a span that ends now.
   *
   * @param traceparent the header of the parent span
   * @return the header of the new span; null without traces
   */
  @Nullable String past(
      String name, String traceparent, Duration took, Map<String, String> attributes);

  boolean on();

  /** Sends the remaining spans. */
  @Override
  void close();

  static final class NoTraces implements Traces {
    @Override
    public Span begin(String name, Span.Kind kind, @Nullable String traceparent) {
      return Span.NONE;
    }

    @Override
    public @Nullable String past(
        String name, String traceparent, Duration took, Map<String, String> attributes) {
      return null;
    }

    @Override
    public boolean on() {
      return false;
    }

    @Override
    public void close() {}
  }
}
