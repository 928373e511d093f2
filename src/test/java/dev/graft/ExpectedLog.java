package dev.graft;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.LoggerFactory;
import org.slf4j.event.KeyValuePair;

/**
 * A failure that a test provokes: while this is open, these messages of a logger are kept for the
 * test and not printed. Its others go where they always go.
 */
public final class ExpectedLog extends AppenderBase<ILoggingEvent> implements AutoCloseable {
  private final Logger logger;
  private final List<String> expected;
  private volatile List<KeyValuePair> about = List.of();
  private final List<String> seen = new CopyOnWriteArrayList<>();
  private final List<String> traces = new CopyOnWriteArrayList<>();
  private final List<Map<String, String>> contexts = new CopyOnWriteArrayList<>();

  private ExpectedLog(Logger logger, List<String> expected) {
    this.logger = logger;
    this.expected = expected;
  }

  /**
   * @param logger a class, or where that is not ours to see, its name
   */
  public static ExpectedLog of(String logger, String... messages) {
    Logger from = (Logger) LoggerFactory.getLogger(logger);
    ExpectedLog log = new ExpectedLog(from, List.of(messages));
    log.setContext(from.getLoggerContext());
    log.start();
    from.addAppender(log);
    from.setAdditive(false);
    return log;
  }

  public static ExpectedLog of(Class<?> logger, String... messages) {
    return of(logger.getName(), messages);
  }

  /** Expects only those with this value: tests beside this one may provoke the same failure. */
  public ExpectedLog about(String key, Object value) {
    about = List.of(new KeyValuePair(key, value));
    return this;
  }

  /** Those that came, in their order. */
  public List<String> seen() {
    return List.copyOf(seen);
  }

  /** The stack traces of those that have one. */
  public List<String> traces() {
    return List.copyOf(traces);
  }

  /** What each was logged for: a request, a department. */
  public List<Map<String, String>> contexts() {
    return List.copyOf(contexts);
  }

  @Override
  protected void append(ILoggingEvent event) {
    if (expected.contains(event.getMessage()) && pairs(event).containsAll(about)) {
      seen.add(event.getMessage());
      contexts.add(Map.copyOf(event.getMDCPropertyMap()));
      if (event.getThrowableProxy() != null) {
        traces.add(ThrowableProxyUtil.asString(event.getThrowableProxy()));
      }
    } else logger.getLoggerContext().getLogger(Logger.ROOT_LOGGER_NAME).callAppenders(event);
  }

  private static List<KeyValuePair> pairs(ILoggingEvent event) {
    return event.getKeyValuePairs() == null ? List.of() : event.getKeyValuePairs();
  }

  @Override
  public void close() {
    logger.detachAppender(this);
    logger.setAdditive(true);
    stop();
  }
}
