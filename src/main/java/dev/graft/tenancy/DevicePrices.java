package dev.graft.tenancy;

import java.math.BigDecimal;
import java.util.List;
import org.springframework.data.jpa.repository.Modifying;
import org.springframework.data.jpa.repository.Query;
import org.springframework.data.repository.Repository;

/** All prices there have been. */
interface DevicePrices extends Repository<DevicePrice, DevicePrice.Key> {
  /** By class, the current price first. */
  @Query("select p from DevicePrice p order by p.key.workerClass, p.key.validFrom desc")
  List<DevicePrice> all();

  /** Adds a price that holds from now on, by the clock of the database as leases begin. */
  @Modifying(clearAutomatically = true, flushAutomatically = true)
  @Query(
      nativeQuery = true,
      value =
          """
          insert into device_price (class, valid_from, price)
          values (:workerClass, graft_now(), :price)
          """)
  void add(String workerClass, BigDecimal price);
}
