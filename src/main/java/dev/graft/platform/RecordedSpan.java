package dev.graft.platform;

/** The recorder behind a {@link Span}. */
interface RecordedSpan {
  RecordedSpan child(String name, Span.Kind kind);

  void rename(String name);

  void put(String attribute, String value);

  void put(String attribute, long value);

  /**
   * @param type the value of {@code error.type}, one of few
   */
  void failed(String type);

  String traceId();

  String traceparent();

  void end();
}
