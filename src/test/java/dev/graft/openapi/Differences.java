package dev.graft.openapi;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableSet;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * What servers answered that their document does not say. JUnit finds this by itself and fails the
 * test during which it happened.
 */
public final class Differences implements AfterEachCallback, AfterAllCallback {
  private static final Duration LONGEST = Duration.ofSeconds(60);
  private static final AtomicLong BEGUN = new AtomicLong();
  private static final NavigableSet<Long> IN_PROGRESS = new ConcurrentSkipListSet<>();
  private static final Queue<String> FOUND = new ConcurrentLinkedQueue<>();

  /** The number of the exchange, for {@link #end}. */
  static long begin() {
    long number = BEGUN.incrementAndGet();
    IN_PROGRESS.add(number);
    return number;
  }

  static void end(long number) {
    IN_PROGRESS.remove(number);
  }

  static void add(String difference) {
    FOUND.add(difference);
  }

  /** Also takes them out. */
  static List<String> found() {
    // A client may have its answer before the server has looked at it. Only what has begun by now:
    // the class beside this one may never have a moment without a request.
    long last = BEGUN.get();
    if (inProgress(last)) Awaitility.await().atMost(LONGEST).until(() -> !inProgress(last));
    List<String> found = new ArrayList<>();
    for (String each = FOUND.poll(); each != null; each = FOUND.poll()) found.add(each);
    return found;
  }

  private static boolean inProgress(long last) {
    Long first = IN_PROGRESS.ceiling(0L);
    return first != null && first <= last;
  }

  @Override
  public void afterEach(ExtensionContext context) {
    assertThat(found()).as("answers that differ from docs/openapi.yaml").isEmpty();
  }

  @Override
  public void afterAll(ExtensionContext context) {
    afterEach(context);
  }
}
