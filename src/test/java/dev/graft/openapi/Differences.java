package dev.graft.openapi;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * What servers answered that their document does not say. JUnit finds this by itself and fails the
 * test during which it happened.
 */
public final class Differences implements AfterEachCallback, AfterAllCallback {
  private static final Duration LONGEST = Duration.ofSeconds(10);
  private static final AtomicInteger IN_PROGRESS = new AtomicInteger();
  private static final Queue<String> FOUND = new ConcurrentLinkedQueue<>();

  static void begin() {
    IN_PROGRESS.incrementAndGet();
  }

  static void end() {
    IN_PROGRESS.decrementAndGet();
  }

  static void add(String difference) {
    FOUND.add(difference);
  }

  /** Also takes them out. */
  static List<String> found() {
    // A client may have its answer before the server has looked at it.
    if (IN_PROGRESS.get() > 0)
      Awaitility.await().atMost(LONGEST).until(() -> IN_PROGRESS.get() == 0);
    List<String> found = new ArrayList<>();
    for (String each = FOUND.poll(); each != null; each = FOUND.poll()) found.add(each);
    return found;
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
