package dev.graft.platform;

import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.core.env.Environment;

/** Where traces begin, and where those of others are gone on with. */
public interface Traces extends AutoCloseable {
  /** No collector is set. */
  Traces NONE = new NoTraces();

  /**
   * As the settings say.
   *
   * @param clock that spans are timed by
   * @throws dev.graft.platform.MachineLacks if they cannot be followed
   */
  static Traces of(Environment environment, Clock clock) {
    return OtelTraces.OtlpSettings.of(environment)
        .<Traces>map(s -> new OtelTraces(s, clock))
        .orElse(NONE);
  }

  /**
   * A span that is this thread's until it is closed.
   *
   * @param traceparent of the span that it follows; null or nonsense = it begins a trace
   */
  Span begin(String name, Span.Kind kind, @Nullable String traceparent);

  /** A span of what belongs to the trace of another process; none where that has none. */
  default Span follow(String name, Span.Kind kind, @Nullable String traceparent) {
    return traceparent == null ? Span.NONE : begin(name, kind, traceparent);
  }

  /**
   * A span of what ends now.
   *
   * @param traceparent of the span that it follows
   * @return its own; null where there are no traces
   */
  @Nullable String past(
      String name, String traceparent, Duration took, Map<String, String> attributes);

  boolean on();

  /** Sends what is still to be sent. */
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
