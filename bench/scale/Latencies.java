import java.util.Locale;
import java.util.concurrent.ConcurrentLinkedQueue;

/** How long each request of a kind took, from the moment at which it was due. */
final class Latencies {
  private final String name;
  private final double bound;
  private final ConcurrentLinkedQueue<Long> nanos = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<String> failures = new ConcurrentLinkedQueue<>();

  /**
   * @param bound of the 99th percentile, in milliseconds
   */
  Latencies(String name, double bound) {
    this.name = name;
    this.bound = bound;
  }

  void took(long nanoseconds) {
    nanos.add(nanoseconds);
  }

  void failed(String why) {
    failures.add(why);
  }

  /** Prints a line of JSON; false if the bound is missed, or a request was not answered. */
  boolean report() {
    long[] all = nanos.stream().mapToLong(Long::longValue).sorted().toArray();
    boolean good = all.length > 0 && failures.isEmpty() && percentile(all, 0.99) <= bound;
    System.out.printf(
        Locale.ROOT,
        "{\"what\":\"%s\",\"requests\":%d,\"failed\":%d,\"p50_ms\":%.2f,\"p95_ms\":%.2f,\"p99_ms\":%.2f,"
            + "\"max_ms\":%.2f,\"bound_p99_ms\":%.0f,\"good\":%b}%n",
        name,
        all.length + failures.size(),
        failures.size(),
        percentile(all, 0.5),
        percentile(all, 0.95),
        percentile(all, 0.99),
        percentile(all, 1),
        bound,
        good);
    failures.stream().limit(3).forEach(System.err::println);
    return good;
  }

  /** Nearest rank, in milliseconds. */
  private static double percentile(long[] sorted, double share) {
    if (sorted.length == 0) return Double.NaN;
    return sorted[(int) Math.max(0, Math.ceil(share * sorted.length) - 1)] / 1e6;
  }

  String name() {
    return name;
  }
}
