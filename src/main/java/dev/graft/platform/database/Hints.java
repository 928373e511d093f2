package dev.graft.platform.database;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * Reasons to look before the next poll, between servers: NOTIFY of PostgreSQL. They may be lost,
 * and those that follow each other closely are left out, since NOTIFY takes one lock of the whole
 * cluster at its commit: whoever waits for something looks for it from time to time as well.
 */
@Component
public class Hints {
  static final String CHANNEL = "graft_hints";

  private static final Logger log = LoggerFactory.getLogger(Hints.class);

  /** Of one topic by one server no more often. */
  private static final Duration APART = Duration.ofMillis(200);

  private final JdbcClient sql;
  private final Map<String, List<Runnable>> ears = new ConcurrentHashMap<>();
  private final Map<String, Long> told = new ConcurrentHashMap<>();

  Hints(JdbcClient sql) {
    this.sql = sql;
  }

  /**
   * Calls this, on the thread that listens, when a server tells of the topic or when something may
   * have been missed: it returns at once.
   */
  public void on(String topic, Runnable ear) {
    ears.computeIfAbsent(topic, none -> new CopyOnWriteArrayList<>()).add(ear);
  }

  /** Tells all servers, this one too; what is committed before, they see. */
  public void tell(String topic) {
    long now = System.nanoTime();
    Long before = told.get(topic);
    if (before != null && now - before < APART.toNanos()) return;
    if (told.size() > 1000) told.clear(); // topics of servers that are gone
    told.put(topic, now);
    try {
      send(topic);
    } catch (DataAccessException away) {
      log.atDebug().addKeyValue("cause", away.getMessage()).log("hint_not_told");
    }
  }

  void send(String topic) {
    sql.sql("select pg_notify(:channel, :topic)::text")
        .param("channel", CHANNEL)
        .param("topic", topic)
        .query((row, number) -> true)
        .single();
  }

  void heard(String topic) {
    ears.getOrDefault(topic, List.of()).forEach(Runnable::run);
  }

  /** Something may have been missed. */
  void heardAll() {
    ears.values().forEach(all -> all.forEach(Runnable::run));
  }
}
