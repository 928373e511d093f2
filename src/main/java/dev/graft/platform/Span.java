package dev.graft.platform;

import dev.graft.platform.OtelTraces.OtelSpan;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/**
 * A span of a trace, current on the thread that began it until it is closed. Log lines contain its
 * trace as {@code trace_id}. Without a trace it is {@link #NONE}.
 */
public final class Span implements AutoCloseable {
  static final Span NONE = new Span(null, null);
  private static final String LOGGED = "trace_id";
  private static final ThreadLocal<Span> CURRENT = ThreadLocal.withInitial(() -> NONE);

  private final @Nullable OtelSpan recorded;
  private final @Nullable Span outer;

  /** OpenTelemetry's kinds of spans. */
  public enum Kind {
    SERVER,
    PRODUCER,
    CONSUMER,
    INTERNAL
  }

  private Span(@Nullable OtelSpan recorded, @Nullable Span outer) {
    this.recorded = recorded;
    this.outer = outer;
  }

  /** Returns the span of this thread. */
  public static Span current() {
    return CURRENT.get();
  }

  static Span begun(OtelSpan recorded) {
    Span span = new Span(recorded, current());
    CURRENT.set(span);
    MDC.put(LOGGED, recorded.traceId());
    return span;
  }

  /** Returns whether there is a trace. */
  public boolean traced() {
    return recorded != null;
  }

  public Span child(String name, Kind kind) {
    return recorded == null ? NONE : begun(recorded.child(name, kind));
  }

  /** Runs work in a child span, which is marked as failed if the work throws. */
  public <T> T child(String name, Kind kind, Function<Span, T> work) {
    try (Span child = child(name, kind)) {
      try {
        return work.apply(child);
      } catch (RuntimeException e) {
        child.failed(e.getClass().getName());
        throw e;
      }
    }
  }

  void rename(String name) {
    if (recorded != null) recorded.rename(name);
  }

  public Span put(String attribute, @Nullable String value) {
    if (recorded != null && value != null) recorded.put(attribute, value);
    return this;
  }

  public Span put(String attribute, long value) {
    if (recorded != null) recorded.put(attribute, value);
    return this;
  }

  /**
   * @param type the value of {@code error.type}, one of few
   */
  public void failed(String type) {
    if (recorded != null) recorded.failed(type);
  }

  /** Returns the W3C Trace Context header; null without a trace. */
  public @Nullable String traceparent() {
    return recorded == null ? null : recorded.traceparent();
  }

  private void leave() {
    if (outer == null || outer.recorded == null) {
      CURRENT.remove();
      MDC.remove(LOGGED);
    } else {
      CURRENT.set(outer);
      MDC.put(LOGGED, outer.recorded.traceId());
    }
  }

  @Override
  public void close() {
    if (recorded == null) return;
    leave();
    recorded.end();
  }
}
