package dev.graft.platform;

import java.util.List;

/** Gauges that a module reads from the database when metrics are scraped. */
public interface StoredNumbers {
  /**
   * A gauge.
   *
   * @param name the name in Prometheus, with its unit
   * @param labels the names of the labels, in the order of {@link Reading#labels}
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

  /** Returns all gauges, with or without a current value. */
  List<Gauge> gauges();

  /**
   * Returns the current readings; must be cheap however much is stored.
   *
   * @throws org.springframework.dao.DataAccessException if the database does not answer
   */
  List<Reading> read();
}
