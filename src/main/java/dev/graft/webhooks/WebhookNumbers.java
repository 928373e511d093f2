package dev.graft.webhooks;

import dev.graft.platform.StoredNumbers;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** What is still to be delivered; looks at the first of each endpoint that is due. */
@Component
class WebhookNumbers implements StoredNumbers {
  private static final Gauge LAG =
      new Gauge(
          "graft_webhook_lag_seconds",
          "How long the delivery that is due for longest has been due; 0 if none is");

  private final JdbcClient sql;

  WebhookNumbers(JdbcClient sql) {
    this.sql = sql;
  }

  @Override
  public List<Gauge> gauges() {
    return List.of(LAG);
  }

  @Override
  public List<Reading> read() {
    return List.of(
        LAG.reading(
            sql.sql(
                    """
                    -- numbers of webhooks
                    select greatest(coalesce(max(extract(epoch from graft_now() - d.next_attempt_at)), 0), 0)
                      from webhook_endpoint e cross join lateral
                           (select next_attempt_at from webhook_delivery
                             where endpoint_id = e.id and next_attempt_at is not null
                             order by next_attempt_at limit 1) d
                    """)
                .query(Double.class)
                .single()));
  }
}
