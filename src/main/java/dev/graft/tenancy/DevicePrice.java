package dev.graft.tenancy;

import jakarta.persistence.Column;
import jakarta.persistence.Embeddable;
import jakarta.persistence.EmbeddedId;
import jakarta.persistence.Entity;
import java.math.BigDecimal;
import java.time.Instant;
import org.hibernate.annotations.Immutable;

/**
 * What a second on a device costs, by class of worker, in {@code graft.tenancy.currency}. A lease
 * is charged by the price that was valid when it began.
 */
@Entity
@Immutable
class DevicePrice {
  @EmbeddedId private Key key;

  @Column(precision = 18, scale = 9)
  private BigDecimal price;

  @Embeddable
  record Key(@Column(name = "class") String workerClass, Instant validFrom) {}

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected DevicePrice() {}

  String workerClass() {
    return key.workerClass();
  }

  Instant validFrom() {
    return key.validFrom();
  }

  BigDecimal price() {
    return price;
  }
}
