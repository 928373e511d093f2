package dev.graft.platform;

import dev.graft.platform.StoredNumbers.Gauge;
import dev.graft.platform.StoredNumbers.Reading;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.actuate.autoconfigure.web.server.ConditionalOnManagementPort;
import org.springframework.boot.actuate.autoconfigure.web.server.ManagementPortType;
import org.springframework.boot.security.autoconfigure.actuate.web.servlet.EndpointRequest;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.config.observation.SecurityObservationSettings;
import org.springframework.security.web.SecurityFilterChain;

/**
 * Exports the {@link StoredNumbers} of all modules. They are read at most every few seconds,
 * however often they are scraped. A scrape waits only briefly for the database and then omits them.
 */
final class ScrapedNumbers implements MultiCollector {
  private static final Logger log = LoggerFactory.getLogger(ScrapedNumbers.class);

  private final List<StoredNumbers> sources;
  private final Duration fresh;
  private final Duration patience;
  private @Nullable FutureTask<MetricSnapshots> reading;
  private long begun;
  private boolean failing;

  /**
   * @param fresh how long readings are reused
   * @param patience how long a scrape waits for the database
   */
  ScrapedNumbers(List<StoredNumbers> sources, Duration fresh, Duration patience) {
    this.sources = List.copyOf(sources);
    this.fresh = fresh;
    this.patience = patience;
  }

  @Override
  public List<String> getPrometheusNames() {
    return sources.stream().flatMap(each -> each.gauges().stream()).map(Gauge::name).toList();
  }

  @Override
  public MetricSnapshots collect() {
    try {
      return current().get(patience.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException | TimeoutException away) {
      warn(away);
    } catch (InterruptedException stopping) {
      Thread.currentThread().interrupt();
    }
    return new MetricSnapshots();
  }

  /** Returns the current reading; one in progress is reused however old it is. */
  private synchronized FutureTask<MetricSnapshots> current() {
    long now = System.nanoTime();
    FutureTask<MetricSnapshots> last = reading;
    if (last != null && (!last.isDone() || now - begun < fresh.toNanos())) return last;
    FutureTask<MetricSnapshots> next = new FutureTask<>(this::read);
    begun = now;
    reading = next;
    Thread.ofVirtual().name("numbers").start(next);
    return next;
  }

  /** Reads all sources, skipping those that fail. */
  private MetricSnapshots read() {
    List<MetricSnapshot> all = new ArrayList<>();
    boolean whole = true;
    for (StoredNumbers source : sources) {
      try {
        List<Reading> readings = source.read();
        for (Gauge gauge : source.gauges()) all.add(snapshot(gauge, readings));
      } catch (RuntimeException away) {
        whole = false;
        warn(away);
      }
    }
    if (whole) answered();
    return new MetricSnapshots(all);
  }

  private synchronized void answered() {
    failing = false;
  }

  private static MetricSnapshot snapshot(Gauge gauge, List<Reading> readings) {
    GaugeSnapshot.Builder snapshot = GaugeSnapshot.builder().name(gauge.name()).help(gauge.help());
    readings.stream()
        .filter(each -> each.gauge().equals(gauge.name()))
        .map(each -> point(gauge, each))
        .forEach(snapshot::dataPoint);
    return snapshot.build();
  }

  private static GaugeDataPointSnapshot point(Gauge gauge, Reading reading) {
    return GaugeDataPointSnapshot.builder()
        .labels(Labels.of(gauge.labels(), reading.labels()))
        .value(reading.value())
        .build();
  }

  /** Logs a warning once per outage. */
  private synchronized void warn(Exception away) {
    if (!failing) log.atWarn().addKeyValue("cause", away.toString()).log("queue_numbers_unread");
    failing = true;
  }

  /** Metrics are served only on a separate management port. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnManagementPort(ManagementPortType.DIFFERENT)
  static class MetricsConfiguration {
    private static final Duration FRESH = Duration.ofSeconds(5);
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    @Bean
    SmartInitializingSingleton storedNumbers(
        ObjectProvider<PrometheusRegistry> registries, List<StoredNumbers> sources) {
      return () ->
          registries.ifAvailable(
              registry -> registry.register(new ScrapedNumbers(sources, FRESH, PATIENCE)));
    }

    /** Turns off the observation of single security filters, which costs more than it is worth. */
    @Bean
    SecurityObservationSettings filtersUnobserved() {
      return SecurityObservationSettings.noObservations();
    }

    /** Permits all requests to the management port, which is only for the operators' network. */
    @Bean
    @Order(1)
    SecurityFilterChain managementPort(HttpSecurity http) throws Exception {
      return http.securityMatcher(EndpointRequest.toAnyEndpoint())
          .csrf(AbstractHttpConfigurer::disable)
          .requestCache(AbstractHttpConfigurer::disable)
          .logout(AbstractHttpConfigurer::disable)
          .sessionManagement(s -> s.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
          .authorizeHttpRequests(requests -> requests.anyRequest().permitAll())
          .build();
    }
  }
}
