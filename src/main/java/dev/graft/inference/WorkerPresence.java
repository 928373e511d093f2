package dev.graft.inference;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;

/** Says for all servers which workers ask here, and not at each of their requests. */
final class WorkerPresence {
  private static final Logger log = LoggerFactory.getLogger(WorkerPresence.class);

  /** A worker that asked this long ago is counted out. */
  private static final Duration PRESENT = Duration.ofSeconds(30);

  private static final Duration WRITTEN = Duration.ofSeconds(10);

  private final CallRows rows;

  /** When each was last written down, in nanoseconds. */
  private final Map<String, Long> workers = new ConcurrentHashMap<>();

  WorkerPresence(CallRows rows) {
    this.rows = rows;
  }

  /**
   * @param waits how long the worker is about to wait here
   */
  void seen(String worker, Duration waits) {
    long now = System.nanoTime();
    Long before = workers.get(worker);
    if (before != null && now - before < WRITTEN.toNanos()) return;
    workers.values().removeIf(seen -> now - seen > PRESENT.toNanos());
    try {
      rows.present(worker, PRESENT.plus(waits));
      workers.put(worker, now);
    } catch (DataAccessException away) {
      log.atDebug().addKeyValue("cause", away.getMessage()).log("presence_not_written");
    }
  }
}
