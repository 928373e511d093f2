package dev.graft.tenancy;

import dev.graft.platform.RequestFailed;
import dev.graft.platform.database.ResultColumns;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

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

  /** Graft's prices of device time. */
  @RestController
  @RequestMapping("/v1/organization/device_prices")
  static class DevicePriceController {
    private static final Pattern CLASS = Pattern.compile("[a-z0-9][a-z0-9._-]{0,62}");
    private static final BigDecimal HIGHEST = BigDecimal.valueOf(1_000_000);
    private static final int DIGITS = 9;

    private final DevicePrices prices;
    private final String currency;

    DevicePriceController(DevicePrices prices, TenancyProperties settings) {
      this.prices = prices;
      this.currency = settings.currency();
    }

    /**
     * @param workerClass as workers join with
     * @param pricePerSecond of device time, with up to nine digits after the point
     */
    record Change(@Nullable String workerClass, @Nullable BigDecimal pricePerSecond) {}

    record PriceObject(
        String object,
        String workerClass,
        BigDecimal pricePerSecond,
        String currency,
        long validFrom) {}

    record PriceList(String object, List<PriceObject> data) {}

    @GetMapping
    PriceList list() {
      return new PriceList(
          "list",
          prices.all().stream()
              .map(
                  price ->
                      new PriceObject(
                          "organization.device_price",
                          price.workerClass(),
                          price.price(),
                          currency,
                          price.validFrom().getEpochSecond()))
              .toList());
    }

    @PostMapping
    PriceList create(@RequestBody Change change) {
      String workerClass = change.workerClass();
      if (workerClass == null || !CLASS.matcher(workerClass).matches()) {
        throw RequestFailed.invalid(
            "worker_class", "A class has 1 to 63 of a-z, 0-9, '.', '_' and '-'.");
      }
      BigDecimal price = change.pricePerSecond();
      if (price == null
          || price.signum() < 0
          || price.compareTo(HIGHEST) > 0
          || price.stripTrailingZeros().scale() > DIGITS) {
        throw RequestFailed.invalid(
            "price_per_second", "From 0 to 1000000, with up to nine digits after the point.");
      }
      prices.set(workerClass, price);
      return list();
    }
  }
}
