/**
 * Metrics, as Prometheus reads them: on a port of their own where one is set ({@code
 * management.server.port}), else nowhere.
 *
 * <p>What happens is counted where it happens, by Micrometer's meters of each module. What is in
 * the database is read when somebody scrapes, from every module's {@link
 * dev.graft.platform.metrics.StoredNumbers}. No name of one thing among many (a job, a file, a
 * person) is a label: docs/metrics.md has all metrics, and a test holds it to a scrape.
 *
 * <p>How it fails: numbers that the database does not answer in time are left out of a scrape, the
 * others are there.
 */
@NullMarked
@NamedInterface("metrics")
package dev.graft.platform.metrics;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
