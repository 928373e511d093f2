package dev.graft.tenancy;

import dev.graft.platform.RequestFailed;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** The prices of device time. */
@RestController
@RequestMapping("/v1/organization/device_prices")
class DevicePriceController {
  private static final Pattern CLASS = Pattern.compile("[a-z0-9][a-z0-9._-]{0,62}");
  private static final BigDecimal HIGHEST = BigDecimal.valueOf(1_000_000);
  private static final int DIGITS = 9;

  private final DevicePrices prices;
  private final AuditLog audit;
  private final String currency;

  DevicePriceController(DevicePrices prices, AuditLog audit, TenancyProperties settings) {
    this.prices = prices;
    this.audit = audit;
    this.currency = settings.currency();
  }

  /**
   * @param workerClass the class that workers join with
   * @param pricePerSecond price of a second of device time, with up to nine decimals
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

  /** Sets the price from now on. */
  @PostMapping
  @Transactional
  PriceList create(@RequestBody Change change) {
    String workerClass = change.workerClass();
    if (workerClass == null || !CLASS.matcher(workerClass).matches()) {
      throw RequestFailed.invalid(
          "worker_class",
          "worker_class must be 1 to 63 characters of a-z, 0-9, '.', '_' and '-', first a letter or digit.");
    }
    BigDecimal price = change.pricePerSecond();
    if (price == null
        || price.signum() < 0
        || price.compareTo(HIGHEST) > 0
        || price.stripTrailingZeros().scale() > DIGITS) {
      throw RequestFailed.invalid(
          "price_per_second",
          "price_per_second must be from 0 to 1000000, with up to nine decimals.");
    }
    prices.add(workerClass, price);
    audit.write("device_price.updated", null, workerClass, Map.of("price", price));
    return list();
  }
}
