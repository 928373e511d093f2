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
 * Hints between servers, sent by PostgreSQL's NOTIFY, that it is worth polling now. They may be
 * lost, so receivers must also poll periodically. Hints in quick succession are skipped, because
 * NOTIFY takes a cluster-wide lock at commit.
 */
@Component
public class Hints {
  static final String CHANNEL = "graft_hints";

  private static final Logger log = LoggerFactory.getLogger(Hints.class);

  /** The shortest time between two hints of a topic from one server. */
  private static final Duration APART = Duration.ofMillis(200);

  private final JdbcClient sql;
  private final Map<String, List<Runnable>> listeners = new ConcurrentHashMap<>();
  private final Map<String, Long> sent = new ConcurrentHashMap<>();

  Hints(JdbcClient sql) {
    this.sql = sql;
  }

  /**
   * Registers a listener, which is called on the listening thread when a server sends a hint about
   * the topic or when hints may have been missed. It must return immediately.
   */
  public void on(String topic, Runnable listener) {
    listeners.computeIfAbsent(topic, none -> new CopyOnWriteArrayList<>()).add(listener);
  }

  /** Sends a hint to all servers, including this one; they see everything committed before. */
  public void tell(String topic) {
    long now = System.nanoTime();
    Long before = sent.get(topic);
    if (before != null && now - before < APART.toNanos()) return;
    if (sent.size() > 1000) sent.clear(); // topics of servers that no longer exist
    sent.put(topic, now);
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
    listeners.getOrDefault(topic, List.of()).forEach(Runnable::run);
  }

  /** Calls all listeners, because hints may have been missed. */
  void heardAll() {
    listeners.values().forEach(all -> all.forEach(Runnable::run));
  }
}
