package dev.graft.platform.work;

import dev.graft.platform.StoredNumbers;
import java.util.List;
import java.util.stream.Stream;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Work beside requests that is not done, of each kind. */
@Component
class WorkNumbers implements StoredNumbers {
  private static final Gauge PENDING =
      new Gauge("graft_work_pending", "Work of servers that is not done yet", "kind");
  private static final Gauge OLDEST =
      new Gauge(
          "graft_work_oldest_age_seconds",
          "How long the work that is due for longest has been due; 0 if none is",
          "kind");

  private final JdbcClient sql;

  WorkNumbers(JdbcClient sql) {
    this.sql = sql;
  }

  @Override
  public List<Gauge> gauges() {
    return List.of(PENDING, OLDEST);
  }

  @Override
  public List<Reading> read() {
    return sql
        .sql(
            """
            -- numbers of work
            select kind, count(*) as pending,
                   greatest(extract(epoch from graft_now() - min(due_at)), 0) as oldest
              from leased_work group by kind
            """)
        .query(
            (row, n) ->
                Stream.of(
                    PENDING.reading(row.getDouble("pending"), row.getString("kind")),
                    OLDEST.reading(row.getDouble("oldest"), row.getString("kind"))))
        .list()
        .stream()
        .flatMap(each -> each)
        .toList();
  }
}
