package dev.graft.platform;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/**
 * A piece of work in a trace, current on the thread that began it until it is closed. Lines of the
 * log have its trace as {@code trace_id}. Where there is no trace it is {@link #NONE}.
 */
public final class Span implements AutoCloseable {
  static final Span NONE = new Span(null, null);
  private static final String LOGGED = "trace_id";
  private static final ThreadLocal<Span> CURRENT = ThreadLocal.withInitial(() -> NONE);

  private final @Nullable RecordedSpan recorded;
  private final @Nullable Span outer;

  /** What a span is to others, as OpenTelemetry has it. */
  public enum Kind {
    SERVER,
    PRODUCER,
    CONSUMER,
    INTERNAL
  }

  private Span(@Nullable RecordedSpan recorded, @Nullable Span outer) {
    this.recorded = recorded;
    this.outer = outer;
  }

  /** That of this thread. */
  public static Span current() {
    return CURRENT.get();
  }

  static Span begun(RecordedSpan recorded) {
    Span span = new Span(recorded, current());
    CURRENT.set(span);
    MDC.put(LOGGED, recorded.traceId());
    return span;
  }

  /** Whether there is a trace at all. */
  public boolean traced() {
    return recorded != null;
  }

  public Span child(String name, Kind kind) {
    return recorded == null ? NONE : begun(recorded.child(name, kind));
  }

  /** Work within a child, which has failed if the work throws. */
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
   * @param type a name of few, for {@code error.type}
   */
  public void failed(String type) {
    if (recorded != null) recorded.failed(type);
  }

  /** As the header of W3C Trace Context; null where there is no trace. */
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
