package dev.graft.platform;

import java.util.List;

/** What a module has in the database, in numbers: gauges that are read when somebody scrapes. */
public interface StoredNumbers {
  /**
   * A gauge.
   *
   * @param name as Prometheus has it, with its unit
   * @param labels names, in the order of {@link Reading#labels}
   */
  record Gauge(String name, String help, List<String> labels) {
    public Gauge {
      labels = List.copyOf(labels);
    }

    public Gauge(String name, String help, String... labels) {
      this(name, help, List.of(labels));
    }

    public Reading reading(double value, String... labels) {
      return new Reading(name, List.of(labels), value);
    }
  }

  /** The value of one time series of a gauge. */
  record Reading(String gauge, List<String> labels, double value) {}

  /** All there are, whether they have a value now or not. */
  List<Gauge> gauges();

  /**
   * As of now; it must cost little however much is stored.
   *
   * @throws org.springframework.dao.DataAccessException if the database does not answer
   */
  List<Reading> read();
}
