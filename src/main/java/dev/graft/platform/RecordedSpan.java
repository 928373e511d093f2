package dev.graft.platform;

/** A span as whatever records it has it. */
interface RecordedSpan {
  RecordedSpan child(String name, Span.Kind kind);

  void rename(String name);

  void put(String attribute, String value);

  void put(String attribute, long value);

  /**
   * @param type a name of few, for {@code error.type}
   */
  void failed(String type);

  String traceId();

  String traceparent();

  void end();
}
