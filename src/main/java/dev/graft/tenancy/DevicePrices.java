package dev.graft.tenancy;

import dev.graft.platform.database.ResultColumns;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/**
 * What a second on a device costs, by class of worker; a lease is charged by the price it began
 * with.
 */
@Service
class DevicePrices {
  /**
   * @param price of a second, in {@code graft.tenancy.currency}
   */
  record DevicePrice(String workerClass, Instant validFrom, BigDecimal price) {}

  private final JdbcClient sql;
  private final AuditLog audit;

  DevicePrices(JdbcClient sql, AuditLog audit) {
    this.sql = sql;
    this.audit = audit;
  }

  /** From now on. */
  @Transactional
  void set(String workerClass, BigDecimal price) {
    sql.sql(
            """
            insert into device_price (class, valid_from, price) values (:class, graft_now(), :price)
            """)
        .param("class", workerClass)
        .param("price", price)
        .update();
    audit.write("device_price.updated", null, workerClass, Map.of("price", price));
  }

  /** All there have been, by class, the current one first. */
  @Transactional(readOnly = true)
  List<DevicePrice> all() {
    return sql.sql("select * from device_price order by class, valid_from desc")
        .query(
            (row, n) ->
                new DevicePrice(
                    row.getString("class"),
                    ResultColumns.time(row, "valid_from"),
                    row.getBigDecimal("price")))
        .list();
  }
}
