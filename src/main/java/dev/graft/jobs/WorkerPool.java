package dev.graft.jobs;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.metrics.micrometer.MicrometerMetricsTrackerFactory;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.core.env.Environment;

/**
 * Adds the pool of {@link WorkerConnections} to that of the server. A call of a worker must be
 * over, one way or the other, within a third of a lease: then the worker can still make another. So
 * a sixth of it is what a connection waits for an answer, and half of that what a call waits for a
 * connection or a lock.
 */
final class WorkerPool implements BeanPostProcessor, Ordered, DisposableBean {
  private static final Duration LEAST = Duration.ofSeconds(2);

  private final JobProperties settings;
  private final List<HikariDataSource> opened = new ArrayList<>();

  private WorkerPool(JobProperties settings) {
    this.settings = settings;
  }

  @Configuration(proxyBeanMethods = false)
  static class Added {
    @Bean
    static WorkerPool workerPool(Environment environment) {
      return new WorkerPool(
          Binder.get(environment).bindOrCreate("graft.jobs", JobProperties.class));
    }

    /** As Spring Boot binds those of the others. */
    @Bean
    MeterBinder workerPoolMeters(WorkerPool pool) {
      return registry ->
          pool.opened.forEach(
              few -> few.setMetricsTrackerFactory(new MicrometerMetricsTrackerFactory(registry)));
    }
  }

  @Override
  public Object postProcessAfterInitialization(Object bean, String name) {
    if (!name.equals("dataSource") || !(bean instanceof HikariDataSource others)) return bean;
    HikariDataSource few = new HikariDataSource(config(others));
    opened.add(few);
    return new WorkerConnections(others, few);
  }

  private HikariConfig config(HikariDataSource others) {
    Duration sixth = settings.leaseTtl().dividedBy(6);
    Duration answer = sixth.compareTo(LEAST) < 0 ? LEAST : sixth;
    HikariConfig config = new HikariConfig();
    config.setPoolName("workers");
    config.setJdbcUrl(others.getJdbcUrl());
    config.setUsername(others.getUsername());
    config.setPassword(others.getPassword());
    config.setMaximumPoolSize(settings.workerConnections());
    config.setMinimumIdle(1);
    config.setInitializationFailTimeout(-1); // the others say what is wrong
    config.setConnectionTimeout(answer.toMillis() / 2);
    others
        .getDataSourceProperties()
        .forEach((key, value) -> config.addDataSourceProperty(key + "", value));
    config.addDataSourceProperty("connectTimeout", Long.toString(answer.toSeconds() / 2));
    config.addDataSourceProperty("socketTimeout", Long.toString(answer.toSeconds()));
    config.addDataSourceProperty(
        "options",
        "-c jit=off -c statement_timeout=%d -c lock_timeout=%d -c idle_in_transaction_session_timeout=%d"
            .formatted(
                answer.toMillis() * 4 / 5, answer.toMillis() / 2, settings.leaseTtl().toMillis()));
    return config;
  }

  /** Before those that put something before the pool. */
  @Override
  public int getOrder() {
    return HIGHEST_PRECEDENCE;
  }

  @Override
  public void destroy() {
    opened.forEach(HikariDataSource::close);
  }
}
